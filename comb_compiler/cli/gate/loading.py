"""The load gate: candidate and baseline are loaded at each rate that comb.yaml names, and what came of it is judged."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, NamedTuple
from urllib.request import urlopen

from comb_compiler.cli.gate.targets import Service
from comb_compiler.gates.asking import Gone
from comb_compiler.gates.load.elsewhere import against_past
from comb_compiler.gates.load.judging import Finding, against_baseline, growing, keeps_up, promised, quantile_name
from comb_compiler.gates.load.operators import Calls, calls_of, operators_found
from comb_compiler.gates.load.results import LoadFound, StepFound, figures_of, step_found
from comb_compiler.gates.load.seen import Observation, Promise, Side, Step, Turned
from comb_compiler.gates.load.turns import Turns, parted
from comb_compiler.gates.verdicts import Verdict

if TYPE_CHECKING:
    from comb_compiler.load import Generator, Input, Job, Observed, Step as Asked
    from comb_compiler.load.measuring import Measure

__all__ = ["Loading", "loaded"]

_WARM_SECONDS, _WARM_REQUESTS, _WARM_TIMES = 3.0, 20.0, 4
_PATIENCE, _MOST_BYTES = 10.0, 10_000_000
_UNITS = {"p50": "s", "p95": "s", "cpu": "s", "memory": "bytes"}


class Loading(NamedTuple):
    """What a load is about, times in seconds.

    `timeout` is after how long a request is given up on; `past` has the figures of earlier runs, by rate and name.
    """

    candidate: Service
    baseline: Service | None
    inputs: "tuple[Input, ...]"
    rates: Sequence[float]
    hold: float
    slower: float
    promise: Promise
    timeout: float
    machine: str
    past: Mapping[float, Mapping[str, Sequence[float]]]
    progress: Callable[[str], None]


def loaded(loading: Loading) -> LoadFound:
    """Every step, until one blocks. Raises Gone where a target takes no connection, and GeneratorFailed."""
    from comb_compiler.load import Generator

    with Generator() as generator, ExitStack() as stack:
        sides = [_Loaded(one, loading, generator, stack) for one in (loading.candidate, loading.baseline) if one]
        for side in sides:
            loading.progress(f"load: warming the {side.name} up …")
            side.warm_up(loading.rates[0])
        found: list[StepFound] = []
        for rate in loading.rates:
            found.append(_step(loading, rate, sides[0], sides[1] if len(sides) > 1 else None))
            if any(one.verdict is Verdict.BLOCKED for one in found[-1].findings):
                break
    bounds = {quantile_name(share): bound for share, bound in loading.promise.latencies}
    return LoadFound(loading.machine, tuple(found), bounds)


def _step(loading: Loading, rate: float, candidate: "_Loaded", baseline: "_Loaded | None") -> StepFound:
    loading.progress(f"load: holding {rate:g} requests a second for {loading.hold:g} s …")
    calls = candidate.calls()
    step = Step(rate, candidate.held(rate, loading.hold))
    promise, judged = loading.promise, _judged(loading)
    count = _findings(loading)
    told = _promised(step, promise, judged, count)
    if baseline is not None and any(one.verdict in (Verdict.BLOCKED, Verdict.UNDECIDED) for one in told):
        loading.progress(f"load: holding the baseline at {rate:g} a second, too …")
        step = step._replace(baseline=baseline.held(rate, loading.hold))
        told = _promised(step, promise, judged, count)
    operators = operators_found(candidate.calls(calls), {}, step.candidate.requests)
    if baseline is not None:
        turns = parted(loading.hold, rate)
        calls, before = candidate.calls(), baseline.calls()
        loading.progress(f"load: candidate and baseline by turns, {4 * turns.seconds * turns.rounds:.0f} s …")
        turned = _turned(baseline, candidate, rate, turns)
        step = step._replace(turned=turned)
        operators = operators_found(candidate.calls(calls), baseline.calls(before), turned.candidate.requests)
        told += against_baseline(step, loading.slower, _compared(loading.promise), count)
    grown = growing(candidate.memory(), baseline.memory() if baseline else (), None, count)
    told += [grown] if grown is not None else []
    found = step_found(step, ())
    if found.faults:
        told = [_doubted(one) for one in told]
    told += list(_usual(loading, rate, figures_of(found)))
    return found._replace(findings=tuple(told), operators=operators)


def _promised(step: Step, promise: Promise, judged: float, findings: int) -> list[Finding]:
    """What is promised is to be proven at one rate; below it there may be too few requests to tell."""
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


def _doubted(finding: Finding) -> Finding:
    """Of a generator that was late: latencies count from when requests were due. It was late to both by turns."""
    if finding.verdict is not Verdict.BLOCKED or finding.aspect != "promise" or finding.what in ("timeouts", "errors"):
        return finding
    return finding._replace(verdict=Verdict.UNDECIDED, why=f"{finding.why}; but the generator was late itself")


def _judged(loading: Loading) -> float:
    """The first rate at which the promised one is reached, otherwise the last."""
    qps = loading.promise.qps
    return next((one for one in loading.rates if qps is not None and one >= qps), loading.rates[-1])


def _findings(loading: Loading) -> int:
    """Among how many findings of the gate doubt is shared."""
    promise = loading.promise
    kept = 1 + len(promise.latencies) + (promise.timeout_rate is not None) + (promise.error_rate is not None)
    return len(loading.rates) * (kept + len(_compared(loading.promise)) + 1)


def _compared(promise: Promise) -> tuple[float, ...]:
    """The quantiles of which candidate and baseline are compared: the median, and the highest that is promised."""
    return tuple(dict.fromkeys((0.5, max((share for share, _ in promise.latencies), default=0.95))))


def _usual(loading: Loading, rate: float, figures: Mapping[str, float]) -> Iterator[Finding]:
    past = loading.past.get(rate)
    if past is None:
        why = f"there are no earlier runs at {rate:g} a second on machines of this class"
        yield Finding("history", "all figures", Verdict.NOT_APPLICABLE, why)
        return
    for name, value in figures.items():
        earlier = past.get(name, ())
        yield against_past(name, earlier, value, loading.slower, _UNITS[name])


def _turned(baseline: "_Loaded", candidate: "_Loaded", rate: float, turns: Turns) -> Turned:
    before, after = [], []
    for number in range(turns.rounds):
        first, second = 2 * number, 2 * number + 1  # seeds: the same arrivals of the same requests for both
        before.append(baseline.turn(rate, turns.seconds, first))
        after.append(candidate.turn(rate, turns.seconds, first))
        after.append(candidate.turn(rate, turns.seconds, second))
        before.append(baseline.turn(rate, turns.seconds, second))
    return Turned(_side(before), _side(after))


class _Turn(NamedTuple):
    asked: "Asked"
    seen: "Observed"
    faults: tuple[str, ...]
    cpu: float | None
    memory: tuple[tuple[float, float], ...]


def _side(turns: Sequence[_Turn]) -> Side:
    """Turns of one target together. Whether the generator kept its schedule is said of all of them."""
    from comb_compiler.load import Observed, code_name
    from comb_compiler.load.results import result

    every = Observed()
    for one in turns:
        every.extend(one.seen)
    cpu = [one.cpu for one in turns if one.cpu is not None]
    told = dict.fromkeys(fault for one in turns for fault in one.faults)
    observations = tuple(
        Observation(one.asked.seconds, one.seen.due, one.seen.took, [code_name(code) for code in one.seen.code])
        for one in turns
    )
    return Side(
        observations,
        tuple(look for one in turns for look in one.memory),
        sum(cpu) / len(every) if len(cpu) == len(turns) and len(every) else None,
        result(turns[0].asked, every, tuple(told)).faults,
    )


class _Loaded:
    """A target under load, which is measured where it is a process of this machine."""

    def __init__(self, service: Service, loading: Loading, generator: "Generator", stack: ExitStack) -> None:
        from comb_compiler.load.measuring import Measuring

        self.name = service.name
        self._generator = generator
        self._timeout = loading.timeout
        self._job = _job(service, loading.inputs)
        self._metrics = service.metrics
        self._measuring: Measuring | None = None
        if service.process is not None:
            self._measuring = stack.enter_context(Measuring(service.process))

    def warm_up(self, rate: float) -> None:
        """Until what it takes does not change any more, or long enough."""
        from comb_compiler.load import Step as Asked
        from comb_compiler.load.results import result

        seconds = max(_WARM_SECONDS, _WARM_REQUESTS / rate)
        for number in range(_WARM_TIMES):
            asked = Asked(rate, seconds, self._timeout, seed=-1 - number)
            found = result(asked, *self._observe(asked))
            if found.settled and not found.warm_up:
                break

    def held(self, rate: float, seconds: float) -> Side:
        """Loaded without a break."""
        return _side([self.turn(rate, seconds, -1)])

    def turn(self, rate: float, seconds: float, seed: int) -> _Turn:
        """Loaded for so long, until all is answered or given up on."""
        from comb_compiler.load import Step as Asked

        asked = Asked(rate, seconds, self._timeout, seed=seed)
        began = self._look()
        seen, faults = self._observe(asked)
        ended = self._look()
        cpu = ended.cpu - began.cpu if began is not None and ended is not None else None
        memory = [(one.at, float(one.memory)) for one in self._measures() if began is not None and one.at >= began.at]
        return _Turn(asked, seen, faults, cpu, tuple(memory))

    def calls(self, since: Mapping[tuple[str, str], Calls] | None = None) -> dict[tuple[str, str], Calls]:
        """What operators did so far, or since an earlier look; nothing where the service does not say."""
        if not self._metrics:
            return {}
        try:
            with urlopen(self._metrics, timeout=_PATIENCE) as answer:  # noqa: S310  an address of this machine
                now = calls_of(answer.read(_MOST_BYTES))
        except OSError:
            return {}
        none = Calls(0.0, 0.0)
        return {key: calls.since((since or {}).get(key, none)) for key, calls in now.items()}

    def _observe(self, asked: "Asked") -> "tuple[Observed, tuple[str, ...]]":
        from comb_compiler.load import Refused

        try:
            return self._generator.observe(self._job, asked)
        except Refused as problem:
            raise Gone(f"the {self.name} takes no connection: {problem}", self.name) from problem

    def memory(self) -> list[tuple[float, float]]:
        """All that was measured, at which times."""
        return [(one.at, float(one.memory)) for one in self._measures()]

    def _measures(self) -> "Sequence[Measure]":
        return self._measuring.measures if self._measuring is not None else ()

    def _look(self) -> "Measure | None":
        return self._measuring.now() if self._measuring is not None else None


def _job(service: Service, inputs: "tuple[Input, ...]") -> "Job":
    from comb_compiler.load import GRPC, Job, Target

    host, _, port = service.address.rpartition(":")
    return Job(Target(GRPC, host.strip("[]"), int(port), service.path), inputs)
