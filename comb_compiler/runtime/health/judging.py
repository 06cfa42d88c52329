"""From what was seen to what is said: findings about each subject, the gravest of which is its level."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from comb_compiler.release import REQUEST, ExecutionPlan
from comb_compiler.runtime.health.blame import Blame, blame
from comb_compiler.runtime.health.drift import Shift
from comb_compiler.runtime.health.fingerprints import is_finite
from comb_compiler.runtime.health.goldens import FAILED, RIGHT, WRONG, Outcome
from comb_compiler.runtime.health.observations import REQUESTS, Observations, Sight
from comb_compiler.runtime.health.rounds import Rounds
from comb_compiler.runtime.health.status import ArmGoldens, Level, ModelHealth
from comb_compiler.runtime.health.subjects import Subject, arms_of, subjects_of

__all__ = ["Judged", "judge"]

_SLOW = 3.0
_NEAR = 0.8
_MUCH_BAD, _SOME_BAD = 0.1, 5
_SHOWN = 3

Finding = tuple[Level, str]


class Judged(NamedTuple):
    """The models, the requests, the arms, and what is to be said of the arms' golden samples."""

    models: tuple[ModelHealth, ...]
    inputs: ModelHealth
    arms: tuple[ArmGoldens, ...]
    findings: tuple[Finding, ...]


def judge(plan: ExecutionPlan, rounds: Rounds, observations: Observations) -> Judged:
    """Judge everything that was seen until now."""
    last = list(rounds.last.values())
    blames = _blames(plan, rounds, last)
    models = tuple(_model(subject, plan, rounds, observations, last, blames) for subject in subjects_of(plan))
    return Judged(
        models,
        _inputs(observations.sights[REQUESTS, REQUESTS]),
        tuple(_counts(arm.name, rounds, last) for arm in arms_of(plan)),
        tuple(finding for arm in arms_of(plan) for finding in _of_arm(arm.name, plan, rounds, last)),
    )


# --- golden samples ---


def _blames(plan: ExecutionPlan, rounds: Rounds, last: Sequence[Outcome]) -> list[tuple[Outcome, Blame]]:
    arms = {arm.name: arm for arm in arms_of(plan)}
    right = {(one.arm, one.name) for one in last if one.kind == RIGHT}
    found = []
    for outcome in last:
        if outcome.kind != RIGHT or outcome.failures:
            digest, recorded = rounds.recorded.get((outcome.arm, outcome.name), ("", None))
            known = recorded if digest == outcome.golden.sample.digest else None
            others = [arm for arm in arms.values() if (arm.name, outcome.name) in right and arm.name != outcome.arm]
            found.append((outcome, blame(outcome, arms[outcome.arm], known, others)))
    return found


def _counts(arm: str, rounds: Rounds, last: Sequence[Outcome]) -> ArmGoldens:
    kinds = [outcome.kind for outcome in last if outcome.arm == arm]
    unasked = len(rounds.goldens) - len(kinds)
    return ArmGoldens(
        arm, kinds.count(RIGHT), kinds.count(WRONG), kinds.count(FAILED), unasked, rounds.skipped.get(arm, 0)
    )


def _of_arm(arm: str, plan: ExecutionPlan, rounds: Rounds, last: Sequence[Outcome]) -> Iterator[Finding]:
    mine = [outcome for outcome in last if outcome.arm == arm]
    where = f" in arm `{arm}`" if arm else ""
    for kind, level, verb in ((WRONG, Level.UNHEALTHY, "answered wrongly"), (FAILED, Level.DEGRADED, "not answered")):
        names = [outcome.name for outcome in mine if outcome.kind == kind]
        if names:
            grave = Level.UNHEALTHY if len(names) == len(mine) else level
            yield grave, f"{len(names)} of {len(mine)} golden samples are {verb}{where}: {_listed(names)}"
    deadline = plan.deadline
    near = [one.name for one in mine if deadline is not None and one.took > _NEAR * deadline]
    if deadline is not None and len(near) * 2 > len(mine):
        yield Level.DEGRADED, f"most golden samples take more than {_NEAR:.0%} of the deadline of {deadline:g} s{where}"
    if missed := rounds.missed.get(arm, 0):
        of = len(rounds.goldens)
        yield (
            Level.UNKNOWN,
            f"{missed} of {of} golden samples were skipped in the last round{where}: the engine was busy",
        )


def _of_goldens(subject: Subject, names: set[str], blames: Sequence[tuple[Outcome, Blame]]) -> Iterator[Finding]:
    for kind, word in ((WRONG, "is answered wrongly"), (FAILED, "is not answered"), (RIGHT, "is answered without it")):
        mine = [
            (outcome, found)
            for outcome, found in blames
            if outcome.arm == subject.arm and outcome.kind == kind and names & set(found.nodes)
        ]
        if mine:
            mine.sort(key=lambda pair: not pair[1].is_sure)
            outcome, found = mine[0]
            level = Level.UNHEALTHY if kind == WRONG and found.is_sure else Level.DEGRADED
            more = f" (and {len(mine) - 1} more)" if len(mine) > 1 else ""
            detail = f": {outcome.detail}" if outcome.detail else ""
            yield level, f"golden sample `{outcome.name}`{more} {word}{detail}; {found.why}"


def _of_times(subject: Subject, names: set[str], rounds: Rounds) -> tuple[float, list[Finding]]:
    slower, over = max((rounds.slower(subject.arm, name) for name in names), default=(0.0, 0))
    if slower <= _SLOW or over < min(_SHOWN, len(rounds.goldens)):
        return slower, []
    reason = f"it takes {slower:.1f} times as long as at the start (median of {over} golden samples)"
    return slower, [(Level.DEGRADED, reason)]


def _of_numbers(names: set[str], mine: Sequence[Outcome]) -> Iterator[Finding]:
    bad = [one.name for one in mine if any(not is_finite(one.answers[name]) for name in names & one.answers.keys())]
    if bad:
        yield Level.UNHEALTHY, f"its answers to golden samples hold NaN or infinity: {_listed(bad)}"


# --- what was seen of users' requests ---


def _of_sight(sight: Sight, whose: str) -> Iterator[Finding]:
    bad, seen = sight.recent
    if bad:
        grave = bad >= _SOME_BAD and bad >= _MUCH_BAD * seen
        level = Level.UNHEALTHY if grave else Level.DEGRADED
        yield level, f"{bad} of the last {seen} {whose} hold NaN or infinity, the last in `{sight.bad_at}`"
    for stuck in sight.stuck:
        what = "all numbers are equal" if stuck.flat else "the numbers are the same"
        yield Level.DEGRADED, f"in the last {stuck.answers} {whose} {what} in `{stuck.field}`, whatever the request"
    yield from _shifted(sight.stream.shifts, f"{whose} have shifted")


def _shifted(shifts: Sequence[Shift], what: str) -> Iterator[Finding]:
    some = _by_size([shift for shift in shifts if shift.is_shifted])
    if some:
        told = [f"`{one.feature}` (PSI {one.psi:.2f}, KS {one.ks:.2f})" for one in some[:_SHOWN]]
        more = f" and {len(some) - _SHOWN} more" if len(some) > _SHOWN else ""
        yield Level.DEGRADED, f"{what} from the reference: {', '.join(told)}{more}"


def _by_size(shifts: Sequence[Shift]) -> list[Shift]:
    return sorted(shifts, key=lambda shift: (not shift.is_shifted, -shift.psi))


def _inputs(sight: Sight) -> ModelHealth:
    return _health(Subject("", "", "", "", "", -1, (), ()), [sight], list(_of_sight(sight, "requests")), (0, 0), 0.0)


# --- all of it ---


def _model(
    subject: Subject,
    plan: ExecutionPlan,
    rounds: Rounds,
    observations: Observations,
    last: Sequence[Outcome],
    blames: Sequence[tuple[Outcome, Blame]],
) -> ModelHealth:
    graph = next(arm.graph for arm in arms_of(plan) if arm.name == subject.arm)
    names = {graph.nodes[index].name for index in subject.nodes}
    sights = [observations.sights[subject.arm, graph.nodes[index].name] for index in subject.nodes]
    mine = [outcome for outcome in last if outcome.arm == subject.arm and names & outcome.seconds.keys()]
    findings = [*_of_goldens(subject, names, blames), *_of_numbers(names, mine)]
    slower, slow = _of_times(subject, names, rounds)
    findings += slow
    for sight in sights:
        findings += _of_sight(sight, "answers")
    for source in subject.sources:
        where = (REQUESTS, REQUESTS) if source == REQUEST else (subject.arm, graph.nodes[source].name)
        title = "requests" if source == REQUEST else f"answers of `{graph.nodes[source].name}`"
        findings += _shifted(observations.sights[where].stream.shifts, f"what it gets, {title}, has shifted")
    blamed = sum(1 for one, found in blames if one.arm == subject.arm and names & set(found.nodes))
    return _health(subject, sights, findings, (len(mine), blamed), slower)


def _health(
    subject: Subject, sights: Sequence[Sight], findings: Sequence[Finding], goldens: tuple[int, int], slower: float
) -> ModelHealth:
    streams = [sight.stream for sight in sights]
    windows, progress = sum(stream.windows for stream in streams), min(stream.progress for stream in streams)
    reasons = [reason for _, reason in sorted(findings, key=lambda finding: -finding[0])]
    level = max((level for level, _ in findings), default=Level.UNKNOWN)
    if level == Level.UNKNOWN and (goldens[0] or windows):
        level = Level.HEALTHY
    elif level == Level.UNKNOWN:
        there = f"{progress:.0%} of its reference is there" if progress < 1 else "no window has been compared yet"
        reasons.append(f"no golden sample went through it, and {there}" if subject.operator else there)
    return ModelHealth(
        *subject[:5],
        level,
        tuple(reasons),
        *goldens,
        slower,
        sum(sight.answers for sight in sights),
        sum(sight.bad for sight in sights),
        progress,
        windows,
        tuple(_by_size([shift for stream in streams for shift in stream.shifts])),
    )


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(f"`{name}`" for name in names[:_SHOWN])
    return shown + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")
