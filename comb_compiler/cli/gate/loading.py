"""The load gate: candidate and baseline are loaded at each rate that comb.yaml names, and what came of it is judged."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, NamedTuple

from comb_compiler.cli.gate.guiding import run_of
from comb_compiler.cli.gate.loaded import Loaded, turned
from comb_compiler.cli.gate.profiling import profiled
from comb_compiler.cli.gate.targets import Service
from comb_compiler.gates.load.doubting import doubted
from comb_compiler.gates.load.elsewhere import Online, against_online, against_past
from comb_compiler.gates.load.flames import Flame
from comb_compiler.gates.load.guide import Guide, Run
from comb_compiler.gates.load.guide.metrics import Page, seen_between
from comb_compiler.gates.load.guide.model import OperatorSeen
from comb_compiler.gates.load.judging import (
    Finding,
    against_baseline,
    fails_more,
    growing,
    keeps_up,
    promised,
    quantile_name,
)
from comb_compiler.gates.load.operators import OperatorFound, operators_found
from comb_compiler.gates.load.results import LoadFound, StepFound, figures_of, step_found
from comb_compiler.gates.load.saturation import SATURATION, Saturation, saturation
from comb_compiler.gates.load.seen import Promise, Side, Step
from comb_compiler.gates.load.turns import parted
from comb_compiler.gates.verdicts import Verdict
from comb_compiler.release import Graph

if TYPE_CHECKING:
    from comb_compiler.load import Input

__all__ = ["ROOM", "Loading", "loaded"]

ROOM = "saturation"
"""What a promise is judged for where there has to be room for more than it names."""
_MOST_TIMES, _WITHIN = 64.0, 0.1
"""How far above the last step saturation is looked for, and how narrowly."""
_LOOKED_AT = 10.0


class Loading(NamedTuple):
    """What a load is about, times in seconds.

    `timeout` is after how long a request is given up on; `past` has the figures of earlier runs, by rate and name;
    `memory` is how many bytes the candidate may use, None where it does not say; `online` is what is known of the
    baseline elsewhere. `room` is a rate at which the promise has to be kept as well, if there is one. `saturates` is
    whether the point of saturation is looked for, too, and `profiles` whether the candidate is looked at from outside.
    """

    candidate: Service
    baseline: Service | None
    inputs: "tuple[Input, ...]"
    rates: Sequence[float]
    hold: float
    slower: float
    promise: Promise
    timeout: float
    memory: float | None
    machine: str
    resources: str
    past: Mapping[float, Mapping[str, Sequence[float]]]
    online: Sequence[Online]
    room: float | None
    saturates: bool
    profiles: bool
    graph: Graph
    guide: Callable[[Run], Guide]
    progress: Callable[[str], None]


class _Sides(NamedTuple):
    candidate: Loaded
    baseline: Loaded | None


def loaded(loading: Loading) -> LoadFound:
    """Every step, until one blocks. Raises Gone where a target takes no connection, and GeneratorFailed."""
    from comb_compiler.load import Generator

    with Generator() as generator, ExitStack() as stack:

        def side(service: Service) -> Loaded:
            loading.progress(f"load: warming the {service.name} up …")
            found = Loaded(service, loading.inputs, loading.timeout, generator, stack)
            found.warm_up(loading.rates[0])
            return found

        sides = _Sides(side(loading.candidate), side(loading.baseline) if loading.baseline is not None else None)
        found: list[StepFound] = []
        for rate in loading.rates:
            found.append(_step(loading, rate, sides))
            if found[-1].is_blocked:
                break
        if loading.room is not None and not found[-1].is_blocked:
            found.append(_step(loading, loading.room, sides, is_room=True))
        point = None
        if loading.saturates and not found[-1].is_blocked:
            point = _saturation(loading, sides.candidate)
            found[-1] = _with_usual_saturation(found[-1], point, loading.slower)
        flame = _flame(loading, sides.candidate) if loading.profiles else None
    bounds = {quantile_name(share): bound for share, bound in loading.promise.latencies}
    return LoadFound(loading.machine, tuple(found), bounds, loading.resources, point, flame)


def _flame(loading: Loading, candidate: Loaded) -> Flame:
    """In a load of its own: who is looked at is slower."""
    seconds = min(loading.hold, _LOOKED_AT)
    loading.progress(f"load: looking at what the candidate does for {seconds:g} s …")
    return profiled(loading.candidate.process, seconds, lambda: candidate.held(_judged(loading), seconds))


def _saturation(loading: Loading, candidate: Loaded) -> Saturation:
    """From the last step on, or what there has to be room for: nothing is wrong with either."""

    def offer(rate: float) -> Side:
        loading.progress(f"load: looking for the point of saturation, {rate:.3g} a second for {loading.hold:g} s …")
        return candidate.held(rate, loading.hold)

    last = loading.room or loading.rates[-1]
    return saturation(offer, loading.promise, last, _MOST_TIMES * last, _WITHIN)


def _with_usual_saturation(step: StepFound, point: Saturation, slower: float) -> StepFound:
    if point.each is None:
        return step
    finding = against_past(SATURATION, step.past.get(SATURATION, ()), point.each, slower)
    return step._replace(findings=(*step.findings, finding))


def _step(loading: Loading, rate: float, sides: _Sides, *, is_room: bool = False) -> StepFound:
    """Where there is a baseline, the candidate is held without a break only where a promise is to be proven; and at a
    rate that there has to be room for, nothing else is asked."""
    step, told, before = Step(rate), list[Finding](), sides.candidate.page()
    if is_room or sides.baseline is None or rate == _judged(loading):
        step, told = _held(loading, rate, sides, _has_room if is_room else _promised)
    after, operators, did = sides.candidate.page(), tuple[OperatorFound, ...](), tuple[OperatorSeen, ...]()
    if step.candidate is not None:
        operators = operators_found(seen_between(before, after), (), step.candidate.requests, loading.graph)
    if sides.baseline is not None and not is_room:
        step, after, operators, did = _by_turns(loading, step, after, sides.candidate, sides.baseline)
        compared = against_baseline(step, loading.slower, _compared(loading.promise), _findings(loading))
        told += compared
        told += against_online(compared, loading.promise, loading.online) if rate == _judged(loading) else ()
        failing = fails_more(step, _findings(loading)) if _compares_errors(loading) else None
        told += [failing] if failing is not None else []
    run = run_of(step, (before, after), sides.candidate.start, did)
    used = sides.baseline.memory() if sides.baseline is not None else ()
    grown = growing(sides.candidate.memory(), used, loading.memory, _findings(loading))
    told += [grown] if grown is not None else []
    found = step_found(step)
    past = loading.past.get(rate, {})
    told += _usual(loading, rate, figures_of(found), past)
    if found.faults:
        told = [doubted(one, step.candidate, loading.timeout) for one in told]
    return found._replace(findings=tuple(told), operators=operators, past=past, guide=run and loading.guide(run))


def _held(
    loading: Loading, rate: float, sides: _Sides, judge: Callable[[Loading, Step], list[Finding]]
) -> tuple[Step, list[Finding]]:
    """The candidate, and the baseline where it matters whether that keeps the promise here."""
    loading.progress(f"load: holding {rate:g} requests a second for {loading.hold:g} s …")
    step = Step(rate, sides.candidate.held(rate, loading.hold))
    told = judge(loading, step)
    if sides.baseline is not None and any(one.verdict in (Verdict.BLOCKED, Verdict.UNDECIDED) for one in told):
        loading.progress(f"load: holding the baseline at {rate:g} a second, too …")
        step = step._replace(baseline=sides.baseline.held(rate, loading.hold))
        told = judge(loading, step)
    return step, told


def _by_turns(
    loading: Loading, step: Step, page: Page, candidate: Loaded, baseline: Loaded
) -> tuple[Step, Page, tuple[OperatorFound, ...], tuple[OperatorSeen, ...]]:
    """`page` is what the candidate says of itself before; what it says after, and what the baseline did, come back."""
    turns = parted(loading.hold, step.rate)
    before = baseline.page()
    loading.progress(
        f"load: candidate and baseline by turns at {step.rate:g} a second, {4 * turns.seconds * turns.rounds:.0f} s …"
    )
    found = turned(baseline, candidate, step.rate, turns)
    after, did = candidate.page(), seen_between(before, baseline.page())
    operators = operators_found(seen_between(page, after), did, found.candidate.requests, loading.graph)
    return step._replace(turned=found), after, operators, did


def _promised(loading: Loading, step: Step) -> list[Finding]:
    """What is promised is to be proven at one rate; below it there may be too few requests to tell."""
    promise, judged, findings = loading.promise, _judged(loading), _findings(loading)
    if step.rate > judged or promise == Promise():
        return []
    told = [keeps_up(step, findings), *promised(step, promise, findings)]
    if step.rate == judged:
        return told
    return [
        one._replace(verdict=Verdict.NOT_APPLICABLE, why=f"{one.why}; to be proven at {judged:g} a second")
        if one.verdict is Verdict.UNDECIDED
        else one
        for one in told
    ]


def _has_room(loading: Loading, step: Step) -> list[Finding]:
    """The promise, at a rate above the one that it names."""
    findings = _findings(loading)
    told = [keeps_up(step, findings), *promised(step, loading.promise, findings)]
    return [one._replace(aspect=ROOM) for one in told]


def _judged(loading: Loading) -> float:
    """The first rate at which the promised one is reached, otherwise the last."""
    qps = loading.promise.qps
    return next((one for one in loading.rates if qps is not None and one >= qps), loading.rates[-1])


def _findings(loading: Loading) -> int:
    """Among how many findings of the gate doubt is shared."""
    promise, rates = loading.promise, len(loading.rates)
    kept = 1 + len(promise.latencies) + (promise.timeout_rate is not None) + (promise.error_rate is not None)
    room = kept + 1 if loading.room is not None else 0
    if loading.baseline is None:
        return rates * (kept + 1) + room
    return kept + room + rates * (len(_compared(promise)) + _compares_errors(loading) + 1)


def _compares_errors(loading: Loading) -> bool:
    """How many errors there may be is not promised: not more than now."""
    return loading.promise.error_rate is None


def _compared(promise: Promise) -> tuple[float, ...]:
    """The quantiles of which candidate and baseline are compared: the median, and the highest that is promised."""
    return tuple(dict.fromkeys((0.5, max((share for share, _ in promise.latencies), default=0.95))))


def _usual(
    loading: Loading, rate: float, figures: Mapping[str, float], past: Mapping[str, Sequence[float]]
) -> Iterator[Finding]:
    if not past:
        why = f"there are no earlier runs at {rate:g} a second on machines of this class"
        yield Finding("history", "all figures", Verdict.NOT_APPLICABLE, why)
        return
    for name, value in figures.items():
        yield against_past(name, past.get(name, ()), value, loading.slower)
