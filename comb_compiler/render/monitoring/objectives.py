"""What a comb promises, as shares of requests that may be bad, and how the bad ones are counted.

A failure is what gRPC's callers take for the server's fault, as OpenTelemetry counts them: a request that was wrong or
that its caller gave up is none. A request that the service refused since it was full is one.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import NamedTuple

from comb_compiler.render.promql import any_of, rate, select
from comb_compiler.render.rendering import Rendering

__all__ = ["BOUNDS", "FAILURES", "Objective", "entry_labels", "objectives"]

BOUNDS = (
    *(0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05),
    *(0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0),
)
"""The bounds of the histograms' buckets, in seconds: a test holds them equal to the runtime's."""
FAILURES = ("UNKNOWN", "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNIMPLEMENTED")
"""Codes of failures that are the server's fault, but for time that ran out, which is counted apart."""
_SHARES = {"p50": Decimal("0.5"), "p90": Decimal("0.9"), "p95": Decimal("0.95"), "p99": Decimal("0.99")}


class Objective(NamedTuple):
    """A promise: its name in `sla`, the share of requests that may be bad, and the query for the share that is.

    `bad` makes it for a window. `what` says what bad ones do, `note` what is measured otherwise than promised.
    """

    name: str
    budget: Decimal
    bad: Callable[[str], str]
    what: str
    advice: str
    note: str = ""


def entry_labels(rendering: Rendering) -> Mapping[str, str]:
    """What the series of the process are known by that answers the comb's requests."""
    return {"namespace": rendering.namespace, "service": rendering.service(rendering.groups[0])}


def objectives(rendering: Rendering) -> Iterator[Objective]:
    """What the comb's SLA says of rates and latencies; what is not promised is not watched.

    A latency above the last bound of a histogram cannot be watched.
    """
    sla, labels = rendering.comb.sla, entry_labels(rendering)
    if sla.error_rate is not None:
        yield Objective("errorRate", sla.error_rate, lambda window: _failing(labels, window), "failed", _FAILING)
    if sla.timeout_rate is not None:
        yield Objective("timeoutRate", sla.timeout_rate, lambda window: _late(labels, window), "ran out of time", _SLOW)
    for name, share in _SHARES.items():
        promised = getattr(sla, name)
        if promised is not None and promised.total_seconds() <= BOUNDS[-1]:
            yield _latency(name, 1 - share, promised, labels)


_FAILING = (
    "See which step fails, by which code, and in which arm; if it began with a release or an arm, take that back."
)
_SLOW = "See which step takes the time, and whether calls wait for an operator: it may need more instances."


def _latency(name: str, budget: Decimal, promised: timedelta, labels: Mapping[str, str]) -> Objective:
    """Measured at the next bound of a bucket that is not below: an alert never says that a kept promise is broken."""
    seconds = promised.total_seconds()
    bound = BOUNDS[bisect_left(BOUNDS, seconds)]
    note = "" if bound == seconds else f"{seconds:g} s are promised; buckets tell it at {bound:g} s."
    return Objective(
        name, budget, lambda window: _slower(labels, bound, window), f"took more than {bound:g} s", _SLOW, note
    )


def _failing(labels: Mapping[str, str], window: str) -> str:
    failed = rate(select("comb_requests_total", labels, like={"code": any_of(FAILURES)}), window)
    refused = rate(select("comb_requests_refused_total", {**labels, "by": "service"}), window)
    ended = rate(select("comb_requests_total", labels), window)
    return f"(({failed} or vector(0)) + ({refused} or vector(0))) / ({ended} + ({refused} or vector(0)))"


def _late(labels: Mapping[str, str], window: str) -> str:
    late = rate(select("comb_requests_total", {**labels, "code": "DEADLINE_EXCEEDED"}), window)
    return f"({late} or vector(0)) / {rate(select('comb_requests_total', labels), window)}"


def _slower(labels: Mapping[str, str], bound: float, window: str) -> str:
    within = rate(select("comb_request_seconds_bucket", {**labels, "le": str(bound)}), window)
    return f"1 - {within} / {rate(select('comb_request_seconds_count', labels), window)}"
