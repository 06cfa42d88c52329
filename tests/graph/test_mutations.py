"""Mistakes made in the overlays of arms and environments, in conditions and in field paths: each found where it is."""

from random import Random
from typing import NamedTuple

import pytest

from comb_compiler.diagnostics import Position, Span, codes
from tests.graph.variations import findings
from tests.support.trials import Trial

SEEDS = 300


class Mutation(NamedTuple):
    """What an overlay has: `before`, then the mistake, then `after`; and the code that tells it."""

    before: str
    wrong: str
    after: str
    told: codes.Code


def base(count: int) -> list[str]:
    """A chain whose steps each take the one before; behind it a field, and a step that may be skipped."""
    lines = ["apiVersion: comb.dev/v1", "kind: Comb", "metadata: {name: mutated}"]
    lines += ["interface: {proto: v.proto, method: v.S/R}", "operators:"]
    lines += [f"  o{n}: {{run: 'o:O', in: {{x: v.A}}, out: v.A, timeout: 10ms}}" for n in range(count)]
    lines += ["  inner: {run: 'o:I', in: {x: v.B}, out: v.A, timeout: 10ms}"]
    lines += ["  maybe: {run: 'o:J', in: {x: v.A, more: {type: v.A, optional: true}}, out: v.A, timeout: 10ms}"]
    lines += ["graph:", "  s0: o0(x=$request.a)"]
    lines += [f"  s{n}: o{n}(x=s{n - 1})" for n in range(1, count)]
    lines += [f"  field: inner(x=s{count - 1}.inner)"]
    lines += ["  skipped: {call: maybe(x=field), when: \"request.flag && s0.text == 'a'\"}"]
    lines += ['  last: "maybe(x=field, more=skipped)"', "  return: last"]
    return [*lines, f"sla: {{deadline: {10 * (count + 3)}ms}}"]


def mutations(chance: Random, count: int) -> Mutation:
    """One mistake that an arm makes."""
    one = chance.randrange(count)
    later = chance.randrange(one, count)
    call = f"graph: {{s{one}: o{one}(x="
    when = 'graph: {skipped: {when: "'
    last = 'graph: {last: {when: "'
    always, never = "request.flag || !request.flag", "request.number > 3 && request.number < 2"
    return chance.choice(
        (
            Mutation(call, f"s{later}", ")}", codes.CYCLIC_GRAPH),
            Mutation(call, "nowhere", ")}", codes.UNKNOWN_STEP),
            Mutation(call, "$request.b", ")}", codes.TYPE_MISMATCH),
            Mutation(call + "$request.", "nothing", ")}", codes.UNKNOWN_FIELD),
            Mutation(call + "$request.a.", "nothing", ")}", codes.UNKNOWN_FIELD),
            Mutation(call + "$request.a.inner.", "nothing", ")}", codes.UNKNOWN_FIELD),
            Mutation(call, "$request.a.text", ")}", codes.NOT_A_MESSAGE),
            Mutation(call, "$request.a.inner.items", ")}", codes.NOT_A_MESSAGE),
            Mutation(call, "skipped", ")}", codes.CYCLIC_GRAPH),
            Mutation(f"graph: {{s{one}: o{one}(", "z", "=$request.a)}", codes.UNKNOWN_PORT),
            Mutation(f"graph: {{s{one}: ", "missing", "(x=$request.a)}", codes.UNKNOWN_OPERATOR),
            Mutation(f"operators: {{o{one}: {{out: ", "v.C", "}}", codes.UNKNOWN_TYPE),
            Mutation(f"operators: {{o{one}: {{fallback: {{value: {{text: ", "7", "}}}}", codes.BAD_FALLBACK),
            Mutation(f"operators: {{o{one}: {{timeout: ", "1s", "}}", codes.DEADLINE_EXCEEDED),
            Mutation(f"graph: {{s{one}: {{timeout: ", "1s", "}}", codes.DEADLINE_EXCEEDED),
            Mutation(f"operators: {{o{one}: {{batch: {{max: 2, wait: ", "11ms", "}}}", codes.WAIT_EXCEEDS_TIMEOUT),
            Mutation(when + "request.", "nothing", " > 1\"}}", codes.BAD_CONDITION),
            Mutation(when + "s0.", "nothing", " == 'a'\"}}", codes.BAD_CONDITION),
            Mutation(when, "nowhere", ".text == 'a'\"}}", codes.BAD_CONDITION),
            Mutation(when, "request.number == 'a'", '"}}', codes.BAD_CONDITION),
            Mutation(when + "request.flag && ", "request", '"}}', codes.BAD_CONDITION),
            Mutation(when, always, '"}}', codes.CONSTANT_CONDITION),
            Mutation(when, never, '"}}', codes.CONSTANT_CONDITION),
            Mutation(last, "skipped", '.text == \'a\'", optional: true}}', codes.UNGUARDED_CONDITION),
            Mutation("graph: {return: ", "skipped", "}", codes.ABSENT_ANSWER),
            Mutation("graph: {last: maybe(x=", "skipped", ")}", codes.ABSENT_INPUT),
        )
    )  # fmt: skip


def mutated(chance: Random) -> tuple[Mutation, str, Span]:
    """A mistake, the file with it in one of several arms, and its place."""
    count = chance.randrange(2, 8)
    one = mutations(chance, count)
    lines = [*base(count), "experiment:", "  key: header/x", "  arms:", "    control: {weight: 1}"]
    lines += [
        f"    right{n}: {{weight: 1, set: {{graph: {{s0: {{timeout: 9ms}}}}}}}}" for n in range(chance.randrange(3))
    ]
    start = f"    wrong: {{weight: 1, set: {{{one.before}"
    lines.append(f"{start}{one.wrong}{one.after}}}}}")
    place = Position(len(lines), len(start) + 1)
    end = place._replace(column=place.column + len(one.wrong))
    return one, "\n".join(lines) + "\n", Span("comb.yaml", place, end)


def check_seed(seed: int) -> codes.Code:
    one, text, place = mutated(Random(seed))
    found = [finding for finding in findings(text) if finding.code is one.told and finding.primary is not None]
    spans = [label.span for finding in found for label in (finding.primary, *finding.related) if label is not None]
    where = f"seed {seed}: {one.told.name}, {one.wrong!r}\n{text}"
    assert any(span.start <= place.end and place.start <= span.end for span in spans), where
    assert len(found) == 1 or one.told is codes.CYCLIC_GRAPH, where
    return one.told


def test_a_right_comb_of_these_has_no_findings() -> None:
    assert [findings("\n".join(base(count)) + "\n") for count in range(2, 8)] == [()] * 6


def test_a_mistake_in_an_arm_is_found_where_it_is() -> None:
    assert len({check_seed(seed) for seed in range(SEEDS)}) == 16


@pytest.mark.parametrize("deadline", [1, 10, 49])
def test_a_deadline_of_an_environment_that_is_too_short_is_found_there(deadline: int) -> None:
    text = "\n".join([*base(2), f"environments: {{a: {{}}, b: {{sla: {{deadline: {deadline}ms}}}}}}"]) + "\n"
    (found,) = findings(text)
    assert found.code is codes.DEADLINE_EXCEEDED
    assert found.path == "environments.b.sla.deadline"
    assert findings(text.replace(f"{deadline}ms}}}}}}", "50ms}}}")) == ()


@pytest.mark.prove
def test_mutations_of_arms_are_found(trial: Trial) -> None:
    combs = 0
    while trial.goes_on():
        check_seed(trial.random.getrandbits(32))
        combs += 1
        trial.note(combs=combs)
