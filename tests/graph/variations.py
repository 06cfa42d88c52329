"""Random combs with arms and environments that change anything: steps, sources, conditions, types, times, answers."""

from random import Random

from comb_compiler.compiler import check
from comb_compiler.diagnostics import Diagnostic
from comb_compiler.workspace.sources import load_sources
from tests.support.memory import REMEMBERED, MemoryCheckout

__all__ = ["PROTO", "findings", "right", "varied"]

PROTO = """syntax = "proto3";
package v;
service S { rpc R(Q) returns (A); }
message Q { bool flag = 1; int32 number = 2; A a = 3; B b = 4; }
message A { string text = 1; B inner = 2; }
message B { int32 text = 1; repeated A items = 2; }
"""
_REQUEST = {"A": "$request.a", "B": "$request.b"}
_CONDITIONS = ("request.flag", "!request.flag", "request.number > 3", "request.number <= 3 && request.flag")
_OVER_STEPS = ("{} != null", "{0} != null && {0}.text == 'x'", "{}.text == 'x'", "has({}.inner)", "{}.nothing == 1")
_IN_ARMS = ("step", "step", "new", "gone", "when", "optional", "answer", "late", "time", "type", "fallback", "batch",
            "operator", "promise", "rate")  # fmt: skip


def findings(text: str) -> tuple[Diagnostic, ...]:
    """What is said of a file of these."""
    checkout = MemoryCheckout({"comb.yaml": text.encode(), "v.proto": PROTO.encode()})
    return check(load_sources(checkout, "comb.yaml", REMEMBERED), memo=REMEMBERED).diagnostics


def varied(chance: Random) -> str:
    """A comb that is wired without errors, and variants of it that may have any."""
    drawn = _Drawn(chance, chance.randrange(2, 9))
    steps = range(len(drawn.outs))
    lines = ["apiVersion: comb.dev/v1", "kind: Comb", "metadata: {name: varied}"]
    lines += ["interface: {proto: v.proto, method: v.S/R}", "operators:"]
    lines += [f"  o{number}: {drawn.operator(number, 'a')}" for number in steps]
    lines += ["graph:", *(f"  s{number}: {drawn.step(number, number)}" for number in steps)]
    lines += [f"  return: s{steps[-1]}", f"sla: {{qps: 1, deadline: {chance.randrange(20, 200)}ms}}"]
    lines += ["gates: {load: {steps: [1], hold: 300s}}", "experiment:", "  key: header/x"]
    lines += ["  arms:", "    as-is: {weight: 1}"]
    arms = range(chance.randrange(1, 4))
    lines += [f"    arm{number}: {{weight: 1, set: {drawn.overlay(is_arm=True)}}}" for number in arms]
    lines += ["environments:", *(f"  e{number}: {drawn.overlay(is_arm=False)}" for number in range(2))]
    return "\n".join(lines) + "\n"


def right(chance: Random) -> str:
    """A comb and arms without errors: all of one type, by ports that may get nothing."""
    count = chance.randrange(2, 9)
    ports = "{x: {type: v.A, optional: true}, more: {type: v.A, optional: true}}"
    lines = ["apiVersion: comb.dev/v1", "kind: Comb", "metadata: {name: right}"]
    lines += ["interface: {proto: v.proto, method: v.S/R}", "operators:"]
    lines += [f"  o{n}: {{run: 'o:O', in: {ports}, out: v.A, timeout: {n + 1}ms}}" for n in range(count)]
    lines += ["graph:", *(f"  s{number}: {_right_step(chance, number, number)}" for number in range(count))]
    lines += [f"  last: {{call: 'o0(x=s{count - 1})'}}", "  return: last", "experiment:", "  key: header/x", "  arms:"]
    for number in range(chance.randrange(1, 5)):
        one, milliseconds = chance.randrange(count), f"{chance.randrange(1, 60)}ms"
        changes = (
            f"graph: {{s{one}: {_right_step(chance, chance.randrange(count), one)}}}",
            f"graph: {{new: {_right_step(chance, one, count)}, last: {{call: 'o0(x=s{count - 1}, more=new)'}}}}",
            f"graph: {{s{one}: {{timeout: {milliseconds}}}}}, operators: {{o{one}: {{timeout: {milliseconds}}}}}",
            f"operators: {{o{one}: {{timeout: {milliseconds}}}}}",
            f"graph: {{last: {{call: 'o0(x=s{one})'}}}}",
            f"graph: {{s{one}: {{optional: true}}}}, operators: {{o{one}: {{fallback: {{value: {{}}}}}}}}",
        )
        lines.append(f"    arm{number}: {{weight: 1, set: {{{chance.choice(changes)}}}}}")
    return "\n".join(lines) + "\n"


def _right_step(chance: Random, operator: int, below: int) -> str:
    names = [f"s{number}" for number in range(below)] + ["$request.a"]
    fields = [f"call: 'o{operator}(x={chance.choice(names)}, more={chance.choice(names)})'"]
    if chance.random() < 0.3:
        fields.append(f'when: "{chance.choice(_CONDITIONS)}"')
    return f"{{{', '.join(fields)}}}"


class _Drawn:
    """What is drawn for one file. `outs` and `takes` are the messages of each operator; step N calls operator N."""

    def __init__(self, chance: Random, count: int) -> None:
        self._chance = chance
        self.outs = [*chance.choices("AAB", k=count - 1), "A"]
        self.takes = chance.choices("AAB", k=count)

    def operator(self, number: int, text: str) -> str:
        """`text` is what its fallback has, so that no two that are wrong are alike."""
        chance, optional = self._chance, self._chance.choice("AB")
        fields = [f"in: {{x: v.{self.takes[number]}, z: {{type: v.{optional}, optional: true}}}}"]
        fields += [f"out: v.{self.outs[number]}", "run: 'o:O'"]
        if chance.random() < 0.9:
            fields.append(f"timeout: {chance.randrange(1, 40)}ms")
        if chance.random() < 0.2:
            fields.append(f"batch: {{max: 2, wait: {chance.randrange(1, 12)}ms}}")
        if chance.random() < 0.3:
            fields.append(f"fallback: {{value: {{text: {text}}}}}")
        return f"{{{', '.join(fields)}}}"

    def step(self, operator: int, below: int) -> str:
        """A call that takes what comes from the request, or from a step with a number lower than `below`."""
        chance = self._chance
        other = f", z={self._source(below, 'A')}" if chance.random() < 0.4 else ""
        fields = [f"call: 'o{operator}(x={self._source(below, self.takes[operator])}{other})'"]
        if chance.random() < 0.4:
            fields.append(f'when: "{self._condition(below)}"')
        if chance.random() < 0.2:
            fields.append("optional: true")
        if chance.random() < 0.2:
            fields.append(f"timeout: {chance.randrange(1, 40)}ms")
        return f"{{{', '.join(fields)}}}"

    def _source(self, below: int, wanted: str) -> str:
        """Mostly one of the type that is wanted."""
        chance = self._chance
        if below and chance.random() < 0.1:
            return f"s{chance.randrange(below)}{chance.choice(('', '.inner'))}"
        fitting = [f"s{number}" for number in range(below) if self.outs[number] == wanted]
        return chance.choice(fitting) if fitting and chance.random() < 0.8 else _REQUEST[wanted]

    def _condition(self, below: int) -> str:
        chance = self._chance
        own = chance.choice(_CONDITIONS)
        if below == 0 or chance.random() < 0.5:
            return own
        over = chance.choice(_OVER_STEPS).format(f"s{chance.randrange(below)}")
        return over if chance.random() < 0.6 else f"{own} && {over}"

    def overlay(self, *, is_arm: bool) -> str:
        """Up to three changes; of an environment only those that it may make, most of the time."""
        sections: dict[str, dict[str, str]] = {}
        for _ in range(self._chance.randrange(1, 4)):
            kinds = _IN_ARMS if is_arm or self._chance.random() < 0.1 else ("scale", "promise", "late", "time")
            section, name, value = self._change(self._chance.choice(kinds))
            sections.setdefault(section, {})[name] = value
        return _mapping({section: _mapping(entries) for section, entries in sections.items()})

    def _change(self, kind: str) -> tuple[str, str, str]:
        chance, count = self._chance, len(self.outs)
        one, milliseconds = chance.randrange(count), f"{chance.randrange(1, 60)}ms"
        fallback = chance.choice(("{value: {}}", "{value: {text: c}}", "{value: {txet: c}}", "null"))
        changes = {
            "step": ("graph", f"s{one}", self.step(chance.randrange(count), chance.choice((one, count)))),
            "new": ("graph", "new", self.step(chance.randrange(count), count)),
            "gone": ("graph", f"s{one}", "null"),
            "when": ("graph", f"s{one}", f'{{when: "{self._condition(count)}"}}'),
            "optional": ("graph", f"s{one}", f"{{optional: {chance.choice(('true', 'false'))}}}"),
            "answer": ("graph", "return", f"s{one}"),
            "late": ("graph", f"s{one}", f"{{timeout: {milliseconds}}}"),
            "time": ("operators", f"o{one}", f"{{timeout: {milliseconds}}}"),
            "type": ("operators", f"o{one}", f"{{out: v.{chance.choice('AB')}}}"),
            "fallback": ("operators", f"o{one}", f"{{fallback: {fallback}}}"),
            "batch": ("operators", f"o{one}", f"{{batch: {{max: 2, wait: {milliseconds}}}}}"),
            "operator": ("operators", f"o{one}", chance.choice(("null", self.operator(one, "b")))),
            "scale": ("operators", f"o{one}", "{scale: {min: 1, max: 2}}"),
            "promise": ("sla", "deadline", f"{chance.randrange(10, 300)}ms"),
            "rate": ("sla", "errorRate", chance.choice(("1%", "0.1%"))),
        }
        return changes[kind]


def _mapping(entries: dict[str, str]) -> str:
    return f"{{{', '.join(f'{name}: {value}' for name, value in entries.items())}}}"
