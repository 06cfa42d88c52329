"""What a Prometheus server knows of a candidate: since when it has its share of the users, and how it serves them.

All times are the server's. A step has begun when every pod of the stable release says that the candidate has the share
and a pod of the candidate is ready; what is not known does not count as time that it was watched.
"""

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import NamedTuple, Protocol

from comb_compiler.render.monitoring.objectives import BOUNDS, FAILURES
from comb_compiler.render.promql import select
from comb_compiler.rollout.verdicts import Finding, Limits

__all__ = ["Look", "Source", "Tried", "look_at", "look_for_end", "ready_within"]

_LOOKS = 30
"""How many times of a hold are asked about."""
_HOLDS = 10
"""How many holds are looked back upon."""
_READY_WITHIN = timedelta(minutes=20)
_NEAR = 1e-9
_UNREADY = "no pod of the candidate is ready"
_LATE = "DEADLINE_EXCEEDED"
_ONE_PERCENT = Decimal("0.01")

Points = Sequence[tuple[float, float]]


class Source(Protocol):
    """Who knows measurements; it raises where it does not know them for sure."""

    def now(self) -> float:
        """Its time, in seconds."""

    def points(self, expression: str, at: float) -> list[tuple[Mapping[str, str], Points]]:
        """What an expression over a range of time yields, series by series."""


class Tried(NamedTuple):
    """A candidate in one cluster: the services of both entries, and the name of what the candidate's pods run."""

    namespace: str
    stable: str
    candidate: str
    run: str


class Look(NamedTuple):
    """For how many seconds the candidate was watched at its share, and what was found since that began.

    `why` says why it is not watched now, where it is not, and `unready` for how many seconds it had its share and no
    pod that was ready.
    """

    seconds: float
    findings: tuple[Finding, ...] = ()
    why: str = ""
    unready: float = 0.0


class _Window(NamedTuple):
    """From when on it was watched until now, for how many of these seconds, and how far apart figures are asked for."""

    begin: float
    end: float
    seconds: float
    step: int
    why: str = ""
    unready: float = 0.0


def ready_within(hold: timedelta) -> timedelta:
    """How long a candidate may have its share and no pod that is ready: long enough for large images and models."""
    return max(_READY_WITHIN, 2 * hold)


def look_at(source: Source, tried: Tried, share: Decimal, hold: timedelta, limits: Limits) -> Look:
    """How a candidate does that has a share of the users."""
    step = max(1, int(hold.total_seconds()) // _LOOKS)
    reach = max(_HOLDS * int(hold.total_seconds()), int(ready_within(hold).total_seconds()) + 2 * step)
    now = source.now()
    shares = _one(source.points(f"{_deviation(tried, share)}[{reach}s:{step}s]", now))
    ready = _one(source.points(f"{_ready(tried)}[{reach}s:{step}s]", now))
    window = _watched(shares, ready, now, step)
    if isinstance(window, Look):
        return window
    return Look(window.seconds, tuple(_findings(source, tried, window, limits)), window.why, window.unready)


def look_for_end(source: Source, tried: Tried) -> str:
    """Why a candidate that is to have no users may still have some; nothing where it has none for sure."""
    now = source.now()
    shares = _one(source.points(f"{_deviation(tried, Decimal(0))}[2s:1s]", now))
    if not shares:
        return "no pod of the stable release is seen"
    return "" if shares[-1][1] <= _NEAR else "not every pod of the stable release has the weights yet"


def _deviation(tried: Tried, share: Decimal) -> str:
    """By how much the share that pods give the candidate differs from what it is to be, at most."""
    return f"max(abs({select('comb_candidate_share', _stable(tried))} - {share:f}))"


def _ready(tried: Tried) -> str:
    """How many pods of the candidate take requests."""
    return f"sum({_own('comb_ready', tried)})"


def _own(metric: str, tried: Tried, **more: str) -> str:
    """The series of the candidate's pods: what another candidate had the same service for before is none of it."""
    labels = {"namespace": tried.namespace, "service": tried.candidate}
    runs = select("comb_build_info", {**labels, "release": tried.run})
    return f"({select(metric, {**labels, **more})} and on (job, instance) {runs})"


def _stable(tried: Tried) -> Mapping[str, str]:
    return {"namespace": tried.namespace, "service": tried.stable}


def _one(found: list[tuple[Mapping[str, str], Points]]) -> Points:
    """The points of an expression that yields one series, if any."""
    return found[0][1] if found else ()


def _watched(shares: Points, ready: Points, now: float, step: int) -> _Window | Look:
    """When it was watched since the share was last another one; or that it is not watched, and why."""
    if not shares:
        return Look(0.0, why="no pod of the stable release is seen")
    other = max((time for time, off in shares if off > _NEAR), default=0.0)
    if other == shares[-1][0]:
        return Look(0.0, why="not every pod of the stable release has the weights yet")
    serving = {time for time, pods in ready if pods >= 1}
    right = [time for time, _ in shares if time > other]
    good = [time for time in right if time in serving]
    unready = float(sum(step for time in right if not good or time > good[-1]))
    if not good:
        return Look(0.0, why=_UNREADY, unready=unready)
    why = _UNREADY if good[-1] < now - 2 * step else ""
    return _Window(good[0], shares[-1][0], (len(good) - 1) * step, step, why, unready)


def _findings(source: Source, tried: Tried, window: _Window, limits: Limits) -> Iterator[Finding]:
    def counted(series: str, **where: str) -> int:
        milliseconds = int((window.end - window.begin) * 1000) + 1
        found = source.points(f"{series}[{milliseconds}ms:{window.step}s]", window.end)
        return round(
            sum(
                _grown(points, window.begin)
                for labels, points in found
                if all(labels.get(name, "") in value.split("|") for name, value in where.items())
            )
        )

    requests = _own("comb_requests_total", tried)
    ended = counted(requests)
    if limits.error_rate is not None:
        lost = counted(_own("comb_requests_refused_total", tried, by="service"))
        # What the stable release answered in its place, since it could not be reached.
        lost += counted(select("comb_failovers_total", _stable(tried)))
        failed = counted(requests, code="|".join(FAILURES)) + lost
        yield Finding("failed", failed, ended + lost, limits.error_rate, limits.chance)
    if limits.timeout_rate is not None:
        yield Finding("ran out of time", counted(requests, code=_LATE), ended, limits.timeout_rate, limits.chance)
    if limits.p99 is not None and limits.p99.total_seconds() <= BOUNDS[-1]:
        bound = BOUNDS[bisect_left(BOUNDS, limits.p99.total_seconds())]
        timed = counted(_own("comb_request_seconds_count", tried))
        within = counted(_own("comb_request_seconds_bucket", tried, le=str(bound)))
        yield Finding(f"took more than {bound:g} s", max(0, timed - within), timed, _ONE_PERCENT, limits.chance)


def _grown(points: Points, begin: float) -> float:
    """By how much a counter has grown since `begin`. One that was not there yet began with nothing, as one that fell.

    Prometheus' own `increase` leaves out what a counter begins with: of errors that come at once, all of them.
    """
    before = points[0][1] if points and points[0][0] <= begin else 0.0
    grown = 0.0
    for _, value in points:
        grown += value - before if value >= before else value
        before = value
    return grown
