"""Each gate: cases, targets and rules → a result."""

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from time import monotonic
from typing import Any, NamedTuple

from google.protobuf.message import DecodeError

from comb_compiler.gates.asking import Answered, Case, Ended, Journal, Target, Unreadable, answers
from comb_compiler.gates.comparing import Difference, differences, missed
from comb_compiler.gates.marked import Graded, errors_ruling, optimised_ruling
from comb_compiler.gates.regular import FieldFinding, Regular, Trial
from comb_compiler.gates.results import GateResult, Kind, Place, SampleFinding
from comb_compiler.gates.rules import Rules
from comb_compiler.gates.verdicts import Ruling, Verdict
from comb_compiler.gates.wording import listed

__all__ = ["CODE", "Set", "Setting", "availability", "errors", "looked_at", "optimised", "regular"]

CODE = "(code)"
"""Stands for a field where answers differ in that one of them failed, or with what."""
_NO_ANSWERS = (
    "ABORTED", "CANCELLED", "DATA_LOSS", "DEADLINE_EXCEEDED", "INTERNAL", "RESOURCE_EXHAUSTED", "UNAVAILABLE",
    "UNKNOWN",
)  # fmt: skip
"""Codes that say nothing of a request."""
_ERROR = "replay error"
_MOST_FINDINGS = 200
_MOST_PLACES = 20
_MOST_ITEMS = 100
_LONGEST = 2_000


class Setting(NamedTuple):
    """What all gates of a run have in common. `progress` is told how many of how many cases are done.

    `newer` is the candidate's own type of answers, for samples that expect what the shared one does not have yet.
    `journal` is where answers are kept, if anywhere: what it has is not asked again. `recorded` reads what recorded
    requests were answered with, where that stands for the baseline, which is not asked then.
    """

    candidate: Target
    baseline: Target | None
    rules: Rules
    at_once: int = 4
    progress: Callable[[str, int, int], None] = lambda gate, done, of: None
    newer: Any = None
    journal: Journal | None = None
    recorded: Callable[[Answered], Answered] | None = None


class Set(NamedTuple):
    """Cases by a name for people, and the digest of the set that they are of."""

    name: str
    digest: str
    cases: Sequence[Case]


async def availability(setting: Setting, samples: Set) -> GateResult:
    """Every sample is answered as expected."""
    tally = _Tally("availability", setting, samples)
    wrong = []
    try:
        async for case, (answered,) in tally.answers(samples.cases, [setting.candidate]):
            places = graded(case, answered, setting)
            if places:
                wrong.append(_finding(case, Kind.WRONG, None, answered, places))
    except Ended as problem:
        return tally.ended_by(problem, wrong)
    wrong.sort(key=lambda one: one.name)  # they come in whatever order they are answered
    return tally.result(_availability_ruling(len(samples.cases), wrong), wrong)


def _availability_ruling(of: int, wrong: Sequence[SampleFinding]) -> Ruling:
    if not of:
        return Ruling(Verdict.UNDECIDED, ("there are no samples",))
    if wrong:
        names = listed(sorted(one.name for one in wrong))
        return Ruling(Verdict.BLOCKED, (f"{len(wrong):,} of {of:,} are not answered as expected: {names}",))
    return Ruling(Verdict.PASSED, (f"all {of:,} are answered as expected",))


async def regular(setting: Setting, samples: Set, judge: Regular) -> GateResult:
    """The candidate answers ordinary requests as the baseline does; ends as soon as it is proven that it does not.

    What was recorded is there once, so that nothing is known of its noise: then nothing is proven against a candidate.
    """
    tally = _Tally("replay regular", setting, samples)
    baseline = setting.baseline
    assert baseline is not None or setting.recorded is not None
    targets = [setting.candidate] if baseline is None else [baseline, baseline, setting.candidate]
    changed: list[SampleFinding] = []
    ruling = Ruling(Verdict.UNDECIDED, ("there are no samples",))
    done = 0
    try:
        while done < len(samples.cases):
            until = min(judge.next_look, len(samples.cases))
            async for case, answered in tally.answers(samples.cases[done:until], targets):
                first, second, candidate = _three(case, answered, setting)
                noise, change = _apart(first, second, setting.rules), _apart(first, candidate, setting.rules)
                judge.add([Trial(_fields(noise), _fields(change), _silent(case, first, candidate))])
                if change and not _fields(change) <= _fields(noise):
                    changed.append(_finding(case, Kind.CHANGED, first, candidate, change))
            done = until
            ruling = judge.ruling()
            if ruling.verdict is Verdict.BLOCKED:
                break
    except Ended as problem:
        return tally.ended_by(problem, changed)
    fields = judge.fields() if done else ()
    ruling = ruling if setting.recorded is None else _of_one_answer(ruling)
    return tally.result(ruling, _telling(changed, fields), fields)


def _three(case: Case, answered: tuple[Answered, ...], setting: Setting) -> tuple[Answered, Answered, Answered]:
    """The baseline's two answers, and the candidate's."""
    if setting.recorded is None:
        first, second, candidate = answered
        return first, second, candidate
    assert case.recorded is not None
    before = setting.recorded(case.recorded)
    return before, before, answered[-1]


def _silent(case: Case, before: Answered, after: Answered) -> str:
    """With what both failed, where that says more of this machine than of the request; empty where it was to be so."""
    is_known = after.code in (case.code, case.error)
    return after.code if before.code == after.code and after.code in _NO_ANSWERS and not is_known else ""


def _of_one_answer(ruling: Ruling) -> Ruling:
    if ruling.verdict is Verdict.PASSED:
        return ruling._replace(why=(*ruling.why, "held against recorded answers, all differences counted as changes"))
    unknown = (
        "whether that is noise is not known, since what was recorded is there once: name a revision with --baseline"
    )
    return ruling._replace(verdict=Verdict.UNDECIDED, why=(*ruling.why, unknown))


def _telling(changed: Sequence[SampleFinding], fields: Sequence[FieldFinding]) -> list[SampleFinding]:
    """Samples that show what is broken before those that show what is merely noisy."""
    broken = {one.field for one in fields if one.is_broken} or {one.field for one in fields if not one.is_noisy}

    def shows(one: SampleFinding) -> bool:
        return any(_field_of(place.place) in broken for place in one.places)

    return sorted(changed, key=lambda one: (not shows(one), one.name))


def _field_of(place: str) -> str:
    """`reasons[2].code` → `reasons[].code`."""
    found, inside = [], False
    for character in place:
        inside = character == "[" or (inside and character != "]")
        if not inside or character == "[":
            found.append(character)
    return "".join(found)


async def errors(setting: Setting, samples: Set) -> GateResult:
    """Marked errors: at least as many are right as before, and none of those that were is broken."""
    return await _marked(setting, samples, _ERROR, errors_ruling, all)


async def optimised(setting: Setting, samples: Set, better: float | None) -> GateResult:
    """Samples that the change claims to make better; None where an earlier one did, and they have to stay as right.

    Who is right by chance is not made better by asking once more: for a claim what was right once was right before.
    """
    if better is None:
        return await _marked(setting, samples, "replay optimised", errors_ruling, all)
    return await _marked(setting, samples, "replay optimised", lambda graded: optimised_ruling(graded, better), any)


async def _marked(
    setting: Setting,
    samples: Set,
    gate: str,
    ruling: Callable[[Sequence[Graded]], Ruling],
    of_both: Callable[[Iterable[bool]], bool],
) -> GateResult:
    """`of_both` says of the baseline's two answers whether it was right, by whether each is."""
    tally = _Tally(gate, setting, samples)
    baseline = setting.baseline
    targets = [setting.candidate] if baseline is None else [baseline, baseline, setting.candidate]
    found: list[Graded] = []
    findings: list[SampleFinding] = []
    try:
        async for case, answered in tally.answers(samples.cases, targets):
            wrong = [graded(case, one, setting) for one in answered]
            was_right = None if baseline is None else of_both(not one for one in wrong[:2])
            found.append(Graded(case.name, was_right, not wrong[-1]))
            first = None if baseline is None else answered[0]
            if found[-1].is_right != bool(was_right) or wrong[-1]:
                findings.append(_finding(case, _kind(found[-1]), first, answered[-1], wrong[-1] or wrong[0]))
    except Ended as problem:
        return tally.ended_by(problem, findings)
    if setting.recorded is not None:
        return tally.result(_without_before(found, gate), [one for one in findings if one.kind == Kind.WRONG])
    order = {kind: place for place, kind in enumerate((Kind.BROKEN, Kind.FIXED, Kind.WRONG))}
    findings.sort(key=lambda one: (order[one.kind], one.name))
    return tally.result(ruling(sorted(found)), findings)


def _without_before(found: Sequence[Graded], gate: str) -> Ruling:
    """What can be said where no baseline was asked these samples, though there is one."""
    wrong = sum(1 for one in found if not one.is_right)
    said = f"{len(found) - wrong:,} of {len(found):,} are right"
    if found and not wrong and gate == _ERROR:
        return Ruling(Verdict.PASSED, (said,))
    what = "recorded answers are those to other requests: name what was there before with --baseline"
    return Ruling(Verdict.UNDECIDED, (f"{said}; which of them were so before is not known", what))


def _kind(graded: Graded) -> str:
    if graded.is_right:
        return Kind.FIXED
    return Kind.BROKEN if graded.was_right else Kind.WRONG


def looked_at(case: Case, before: Answered | None, after: Answered, setting: Setting) -> SampleFinding | None:
    """What is to be said of one case, of what came `before`, if that is known, and `after`.

    Nothing is where it is right and was so before, or where it is the same in what is not known to be right.
    """
    if case.expected is None and case.error is None:
        change = () if before is None else _apart(before, after, setting.rules)
        return _finding(case, Kind.CHANGED, before, after, change) if change else None
    wrong = graded(case, after, setting)
    was_wrong = () if before is None else graded(case, before, setting)
    if not wrong and not was_wrong:
        return None
    kind = _kind(Graded(case.name, before is not None and not was_wrong, not wrong))
    return _finding(case, kind, before, after, wrong or was_wrong)


def graded(case: Case, answered: Answered, setting: Setting) -> tuple[Difference, ...]:
    """Where an answer is not as a case expects: nothing where it is right. Raises Unreadable where no answer can be."""
    if case.error is not None or answered.failed:
        wanted = case.error or "OK"
        return () if answered.code == wanted else (Difference(CODE, CODE, wanted, answered.code),)
    expected = case.expected or {}
    try:
        return missed(expected, answered.answer, setting.rules)
    except ValueError as error:
        why: Exception = error
    try:
        if setting.newer is not None:
            return missed(expected, setting.newer.FromString(answered.answer.SerializeToString()), setting.rules)
    except (ValueError, DecodeError) as error:
        why = error
    raise Unreadable(f"no answer can be what the sample `{case.name}` expects: {why}") from why


def _apart(one: Answered, other: Answered, rules: Rules) -> tuple[Difference, ...]:
    if one.failed or other.failed:
        return () if one.code == other.code else (Difference(CODE, CODE, one.code, other.code),)
    return differences(one.answer, other.answer, rules)


def _fields(found: Sequence[Difference]) -> frozenset[str]:
    return frozenset(one.field for one in found)


def _finding(
    case: Case, kind: str, before: Answered | None, after: Answered, found: Sequence[Difference]
) -> SampleFinding:
    places = tuple(Place(one.place, _bounded(one.before), _bounded(one.after)) for one in found[:_MOST_PLACES])
    codes = (None if before is None else before.code, after.code)
    return SampleFinding(case.name, kind, codes, places, after.message, about=case.about, source=case.source)


def _bounded(value: Any) -> Any:
    """A value of JSON's form without what nobody reads to its end: reports hold hundreds of them."""
    if isinstance(value, str) and len(value) > _LONGEST:
        return f"{value[:_LONGEST]}… ({len(value):,} characters)"
    if isinstance(value, list) and len(value) > _MOST_ITEMS:
        return [*_bounded(value[:_MOST_ITEMS]), f"… ({len(value):,} items)"]
    if isinstance(value, list):
        return [_bounded(one) for one in value]
    if isinstance(value, dict):
        return {name: _bounded(one) for name, one in list(value.items())[:_MOST_ITEMS]}
    return value


class _Tally:
    """Asks the cases of a gate, and has how many were asked, and what came of them."""

    def __init__(self, gate: str, setting: Setting, samples: Set) -> None:
        self._gate, self._setting, self._samples = gate, setting, samples
        self._asked = self._failed = self._kept = 0
        self._began = monotonic()

    async def answers(
        self, cases: Sequence[Case], targets: Sequence[Target]
    ) -> AsyncIterator[tuple[Case, tuple[Answered, ...]]]:
        """Each case with what its targets answer, the candidate last; or answered in an earlier run."""
        journal = self._setting.journal
        known = {} if journal is None else {case.name: journal.find(self._gate, case.name) for case in cases}
        for case in cases:
            kept = known.get(case.name)
            if kept is not None:
                self._kept += 1
                self._count(kept[-1])
                yield case, kept
        asked = [case for case in cases if known.get(case.name) is None]
        async for case, answered in answers(asked, targets, self._setting.at_once):
            if journal is not None:
                journal.keep(self._gate, case.name, answered)
            self._count(answered[-1])
            self._setting.progress(self._gate, self._asked, len(self._samples.cases))
            yield case, answered

    def _count(self, answered: Answered) -> None:
        self._asked += 1
        self._failed += answered.failed

    def result(
        self, ruling: Ruling, findings: Sequence[SampleFinding], fields: tuple[FieldFinding, ...] = ()
    ) -> GateResult:
        return GateResult(
            self._gate,
            ruling,
            self._samples.name,
            self._samples.digest,
            self._asked,
            self._asked - self._failed,
            self._failed,
            round(monotonic() - self._began, 3),
            fields,
            tuple(findings[:_MOST_FINDINGS]),
            self._kept,
        )

    def ended_by(self, problem: Ended, findings: Sequence[SampleFinding]) -> GateResult:
        """Where a gate could not go on: what the candidate did blocks, whatever else did leaves it undecided.

        What was under way then was asked, and failed.
        """
        asked = f"after {self._asked:,} of {len(self._samples.cases):,} requests"
        if problem.under_way:
            asked += f", with {listed(problem.under_way)} under way"
        self._asked += len(problem.under_way)
        self._failed += len(problem.under_way)
        what, *more = str(problem).split("\n")
        return self.result(Ruling(problem.verdict, ("\n".join((f"{what}, {asked}", *more)),)), findings)
