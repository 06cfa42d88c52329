"""Promises and gate settings that contradict each other."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise

from comb_compiler.diagnostics import Diagnostic, Label, codes
from comb_compiler.diagnostics.model import diagnose
from comb_compiler.source import Path
from comb_compiler.spec.binding import Bound
from comb_compiler.spec.checks.traffic import check_rising
from comb_compiler.spec.comb import Comb
from comb_compiler.spec.places import format_path
from comb_compiler.spec.units import format_duration

__all__ = ["check_promises"]


def check_promises(bound: Bound[Comb], comb: Comb) -> Iterator[Diagnostic]:
    """Percentiles rise towards the deadline; load steps rise; shares that could prove nothing."""
    sla = comb.sla
    promises = [("p50", sla.p50), ("p90", sla.p90), ("p95", sla.p95), ("p99", sla.p99), ("deadline", sla.deadline)]
    given = [(name, value) for name, value in promises if value is not None]
    for (lower, low), (higher, high) in pairwise(given):
        if low > high:
            yield _contradiction(bound, (lower, low), (higher, high))
    if comb.gates.load:
        path: Path = ("gates", "load", "steps")
        yield from check_rising(bound, path, comb.gates.load.steps)
        for index, step in enumerate(comb.gates.load.steps):
            if step <= 0:
                yield _no_load(bound, (*path, index), step)
        room = comb.gates.load.saturation
        if room is not None and sla.qps is not None and room < sla.qps:
            yield _no_room(bound, room, sla.qps)


def _contradiction(bound: Bound[Comb], lower: tuple[str, timedelta], higher: tuple[str, timedelta]) -> Diagnostic:
    place, other = bound.place("sla", lower[0]), bound.place("sla", higher[0])
    return diagnose(
        codes.CONTRADICTING_PROMISES,
        f"`{lower[0]}` of {format_duration(lower[1])} is above `{higher[0]}` of {format_duration(higher[1])}",
        place.span,
        related=(Label(other.span, f"`{higher[0]}` is promised here"),),
        path=format_path(place.path),
        hints=("promise p50 ≤ p90 ≤ p95 ≤ p99 ≤ deadline",),
    )


def _no_room(bound: Bound[Comb], room: float, qps: float) -> Diagnostic:
    place, other = bound.place("gates", "load", "saturation"), bound.place("sla", "qps")
    return diagnose(
        codes.CONTRADICTING_PROMISES,
        f"`saturation` at {room:g} requests per second is below the {qps:g} that `sla` promises",
        place.span,
        related=(Label(other.span, "promised here"),),
        path=format_path(place.path),
        hints=("it says how many more there is room for: write more than `sla.qps`, or leave it out",),
    )


def _no_load(bound: Bound[Comb], path: Path, step: float) -> Diagnostic:
    place = bound.place(*path)
    message = f"a load step of {step:g} requests per second is no load"
    hints = ("write a rate above 0",)
    return diagnose(codes.OUT_OF_RANGE, message, place.span, path=format_path(place.path), hints=hints)
