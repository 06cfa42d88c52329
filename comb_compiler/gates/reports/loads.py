"""Latency against the rate of requests, as lines in a picture of 640 by 240 units."""

from collections.abc import Iterator, Sequence
from math import floor, log10
from typing import NamedTuple

from comb_compiler.gates.load.results import LoadFound, SideFound

__all__ = ["Chart", "chart"]

_LEFT, _RIGHT, _TOP, _BOTTOM = 56.0, 560.0, 12.0, 204.0
_CAP, _BESIDE = 3.0, 8.0
"""Half of what ends a bar, and how far the baseline's are beside the candidate's."""
_SHOWN = ("p50", "p95", "p99")
_ROOM, _ASIDE = 1.1, 1.05
"""How much more there is room for than the highest latency, and the highest rate."""
_LETTERS = 11.0
"""How far apart names are written, so that they can be read."""


class Dot(NamedTuple):
    """A point, and from where to where it may be in truth: from the top at the lower and at the upper end."""

    x: float
    y: float
    low: float
    high: float

    @property
    def bar(self) -> str:
        """From end to end as SVG's path wants it; an end that is beyond the picture is open."""
        end = f"m-{_CAP:g} 0h{2 * _CAP:g}" if self.high > _TOP else ""
        return f"M{self.x - _CAP:g} {self.low:g}h{2 * _CAP:g}m-{_CAP:g} 0V{self.high:g}{end}"


class Line(NamedTuple):
    """A quantile of one side. `dots` are its points, and `points` the same as SVG's polyline wants them."""

    name: str
    side: str
    dots: tuple[Dot, ...]

    @property
    def points(self) -> str:
        """`x,y` of each."""
        return " ".join(f"{x:g},{y:g}" for x, y, _, _ in self.dots)


class Chart(NamedTuple):
    """`promised` and the ticks are (text, where): from the top, and of rates from the left, as `saturation` is.

    `names` are those of the candidate's lines, and where they end.
    """

    lines: tuple[Line, ...]
    names: tuple[tuple[str, float, float], ...]
    promised: tuple[tuple[str, float], ...]
    rates: tuple[tuple[str, float], ...]
    ticks: tuple[tuple[str, float], ...]
    saturation: float | None


def chart(load: LoadFound) -> Chart | None:
    """None where nothing was answered."""
    sides = [side for step in load.steps for side in (step.candidate, step.baseline) if side is not None]
    highest = max((side.latencies[name] for side in sides for name in _SHOWN if name in side.latencies), default=0.0)
    if not highest:
        return None
    shown = {name: bound for name, bound in load.promised.items() if bound <= 3 * highest}
    top = _ROOM * max(highest, *shown.values()) if shown else _ROOM * highest
    point = load.saturation.rate if load.saturation is not None else None
    most = _ASIDE * max(point or 0.0, *(step.rate for step in load.steps))

    def left(rate: float) -> float:
        return round(_LEFT + (_RIGHT - _LEFT) * rate / most, 1)

    def down(latency: float) -> float:
        return round(_BOTTOM - (_BOTTOM - _TOP) * latency / top, 1)

    def dots(name: str, of: Sequence[SideFound | None], beside: float) -> Iterator[Dot]:
        for step, side in zip(load.steps, of, strict=True):
            if side is not None and name in side.latencies:
                lower, upper = side.bounds[name]
                high = down(top if upper is None else min(upper, top))
                yield Dot(left(step.rate) + beside, down(side.latencies[name]), down(lower), high)

    both: dict[str, tuple[list[SideFound | None], float]] = {
        "baseline": ([step.baseline for step in load.steps], _BESIDE),
        "candidate": ([step.candidate for step in load.steps], 0.0),
    }
    all_lines = (Line(name, side, tuple(dots(name, *of))) for side, of in both.items() for name in _SHOWN)
    lines = tuple(line for line in all_lines if line.dots)
    return Chart(
        lines,
        tuple(_names([line for line in lines if line.side == "candidate"])),
        tuple((f"{name} promised", down(bound)) for name, bound in shown.items()),
        tuple((f"{step.rate:g}", left(step.rate)) for step in load.steps),
        tuple((_milliseconds(one), down(one)) for one in _ticks(top)),
        None if point is None else left(point),
    )


def _names(lines: Sequence[Line]) -> Iterator[tuple[str, float, float]]:
    """Each name left of its line's first point, and above the one of the quantile below."""
    lowest = _BOTTOM + _LETTERS
    for line in lines:
        first = line.dots[0]
        lowest = min(first.y + 3, lowest - _LETTERS)
        yield line.name, first.x - 8, lowest


def _ticks(top: float) -> list[float]:
    """Round values, three to six of them."""
    step = 10 ** floor(log10(top))
    step = next(step * part for part in (1.0, 0.5, 0.2, 0.1) if top / (step * part) >= 3)
    return [step * number for number in range(int(top / step) + 1)]


def _milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:,.4g} ms"
