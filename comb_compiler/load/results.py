"""What was observed of a step → what a verdict may rest on."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from comb_compiler.load.histogram import Histogram
from comb_compiler.load.model import OK, TIMEOUT, Observed, Step, code_name
from comb_compiler.load.warmup import warm_up

__all__ = ["LATENESS", "PERCENTILES", "Counts", "Lateness", "Second", "StepResult", "result"]

PERCENTILES = (0.5, 0.9, 0.95, 0.99, 0.999)
LATENESS = 0.01
"""Seconds that one in a hundred requests may be sent late, or the step is the generator's own fault."""


class Counts(NamedTuple):
    """How many requests were scheduled and sent, and how many ended with which code."""

    scheduled: int
    sent: int
    codes: Mapping[str, int]

    @property
    def answered(self) -> int:
        """With an answer."""
        return self.codes.get("OK", 0)


class Lateness(NamedTuple):
    """Seconds from the scheduled arrival until a request was sent: the generator's own."""

    p50: float
    p99: float
    most: float


class Second(NamedTuple):
    """Requests by the second that they were scheduled in; `latency` is as that of the whole step."""

    scheduled: int
    answered: int
    failed: int
    latency: Histogram


class StepResult(NamedTuple):
    """`measured` and `latency` are without the warm-up, `whole` is with it.

    `latency` has answers, and what was given up on with the time until then: it took at least so long. Errors are
    counted only. `settled` is false where latencies grew to the end. `faults` says why the generator is not to be
    trusted: no verdict may rest on a step that has any. `said` has what was told of errors, and `offences` how the
    target broke the protocol, each with how often. `answers` are those of what was observed: whoever knows what is
    expected judges each different one once.
    """

    step: Step
    whole: Counts
    measured: Counts
    warm_up: float
    settled: bool
    latency: Histogram
    lateness: Lateness
    timeline: tuple[Second, ...]
    faults: tuple[str, ...] = ()
    said: Mapping[str, int] = MappingProxyType({})
    offences: Mapping[str, int] = MappingProxyType({})
    answers: Mapping[tuple[int, bytes], int] = MappingProxyType({})
    unkept: int = 0

    def percentiles(self) -> dict[float, float]:
        """Of the latency; none where nothing was answered."""
        return {share: self.latency.quantile(share) for share in PERCENTILES} if self.latency.counts else {}


def result(step: Step, observed: Observed, faults: Sequence[str] = (), lateness: float = LATENESS) -> StepResult:
    """Everything about a step. `faults` are those that are known already."""
    order = sorted(range(len(observed)), key=observed.due.__getitem__)
    timed = [index for index in order if observed.code[index] in (OK, TIMEOUT)]
    warm = warm_up([observed.took[index] for index in timed])
    since = observed.due[timed[warm.requests]] if warm.requests else 0.0
    measured = [index for index in order if observed.due[index] >= since]
    late = _lateness(observed.late)
    return StepResult(
        step,
        Counts(observed.scheduled, len(order), _codes(observed, order)),
        Counts(observed.scheduled - len(order) + len(measured), len(measured), _codes(observed, measured)),
        since,
        warm.settled,
        Histogram.of(observed.took[index] for index in timed[warm.requests :]),
        late,
        _timeline(step, observed, order),
        (*faults, *_faults(observed, late, lateness)),
        observed.said,
        observed.offences,
        observed.answers,
        observed.unkept,
    )


def _codes(observed: Observed, which: Iterable[int]) -> dict[str, int]:
    counted = Counter(observed.code[index] for index in which)
    return {code_name(code): count for code, count in sorted(counted.items())}


def _lateness(late: Sequence[float]) -> Lateness:
    if not late:
        return Lateness(0.0, 0.0, 0.0)
    found = sorted(late)
    return Lateness(found[len(found) // 2], found[min(len(found) - 1, len(found) * 99 // 100)], found[-1])


def _faults(observed: Observed, late: Lateness, bound: float) -> list[str]:
    found = [f"{how} ({count:,} times)" for how, count in observed.faults.items()]
    if not observed.scheduled:
        found.append("nothing was scheduled: the step is too short for its rate")
    if len(observed) < observed.scheduled:
        found.append(f"{observed.scheduled - len(observed):,} of {observed.scheduled:,} requests were never sent")
    if late.p99 > bound:
        told = f"{late.p99 * 1000:,.1f} ms late, where {bound * 1000:,.0f} ms are allowed"
        found.append(f"the generator did not keep its schedule: one request in a hundred was {told}")
    return found


def _timeline(step: Step, observed: Observed, order: Sequence[int]) -> tuple[Second, ...]:
    seconds: list[list[int]] = [[] for _ in range(max(1, -int(-step.seconds // 1)))]
    for index in order:
        seconds[min(len(seconds) - 1, int(observed.due[index]))].append(index)
    return tuple(_second(observed, one) for one in seconds)


def _second(observed: Observed, which: Sequence[int]) -> Second:
    answered = sum(observed.code[index] == OK for index in which)
    latency = Histogram.of(observed.took[index] for index in which if observed.code[index] in (OK, TIMEOUT))
    return Second(len(which), answered, len(which) - answered, latency)
