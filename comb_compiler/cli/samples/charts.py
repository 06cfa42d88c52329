"""Values over time → an SVG: stacked bars, or lines on a scale of powers of ten. No script; colours are the page's."""

from collections.abc import Callable, Iterator, Sequence
from math import ceil, floor, log10
from typing import NamedTuple

from comb_compiler.graph.drawing.markup import escaped

__all__ = ["COLOURS", "Chart", "Series"]

COLOURS = 8
"""How many series have a colour of their own: the page's `--c0` and so on."""
_WIDTH, _HEIGHT = 960, 230
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 12, 10, 24
_MARKS = 4
_MOST_TICKS = 7


class Series(NamedTuple):
    """A name, and a value for each column."""

    name: str
    values: Sequence[float]


class Chart(NamedTuple):
    """What is drawn. `label` says when a column begins, and `written` how a value is."""

    title: str
    series: Sequence[Series]
    labels: Sequence[str]
    written: Callable[[float], str]

    def bars(self) -> str:
        """The series on top of each other, the first at the bottom."""
        sums = [sum(column) for column in zip(*(one.values for one in self.series), strict=True)]
        step = _step(max(sums))
        top = step * max(1, ceil(max(sums) / step))
        ticks = [step * number for number in range(round(top / step) + 1)]
        scale = (_HEIGHT - _TOP - _BOTTOM) / top
        return self._drawn([(tick, _HEIGHT - _BOTTOM - tick * scale) for tick in ticks], self._stacks(scale))

    def lines(self) -> str:
        """A line for each series, with gaps where it has no value."""
        ticks = _powers([value for one in self.series for value in one.values if value > 0])
        low = log10(ticks[0])
        scale = (_HEIGHT - _TOP - _BOTTOM) / (log10(ticks[-1]) - low)

        def height(value: float) -> float:
            return _HEIGHT - _BOTTOM - (log10(value) - low) * scale

        return self._drawn([(tick, height(tick)) for tick in ticks], self._paths(height))

    def _drawn(self, ticks: Sequence[tuple[float, float]], shapes: Iterator[str]) -> str:
        parts = [f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escaped(self.title)}">']
        for value, y in ticks:
            parts.append(f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
            parts.append(
                f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{escaped(self.written(value))}</text>'
            )
        parts.extend(shapes)
        parts.extend(self._dates())
        return "\n".join([*parts, "</svg>"])

    def _stacks(self, scale: float) -> Iterator[str]:
        for column, label in enumerate(self.labels):
            y = float(_HEIGHT - _BOTTOM)
            for number, one in enumerate(self.series):
                value = one.values[column]
                if value <= 0:
                    continue
                y -= value * scale
                said = escaped(f"{label}: {self.written(value)} {one.name}".rstrip())
                yield (
                    f'<rect class="c{number}" x="{self._left(column):.2f}" y="{y:.2f}" width="{self._room * 0.9:.2f}" '
                    f'height="{value * scale:.2f}"><title>{said}</title></rect>'
                )

    def _paths(self, height: Callable[[float], float]) -> Iterator[str]:
        for number, one in enumerate(self.series):
            path, is_down = [], False
            for column, value in enumerate(one.values):
                if value > 0:
                    path.append(f"{'L' if is_down else 'M'}{self._middle(column):.1f} {height(value):.1f}")
                is_down = value > 0
            yield f'<path class="c{number}" d="{" ".join(path)}"/>'
            for column, value in enumerate(one.values):
                if value > 0:
                    said = escaped(f"{self.labels[column]}: {one.name} {self.written(value)}")
                    place = f'cx="{self._middle(column):.1f}" cy="{height(value):.1f}"'
                    yield f'<circle class="c{number}" {place} r="2.2"><title>{said}</title></circle>'

    def _dates(self) -> Iterator[str]:
        marks = min(_MARKS, len(self.labels))
        for number in range(marks):
            column = number * (len(self.labels) - 1) // max(1, marks - 1)
            anchor = "start" if number == 0 else "end" if number == marks - 1 else "middle"
            x = self._left(column) + {"start": 0.0, "middle": self._room / 2, "end": self._room}[anchor]
            yield f'<text x="{x:.1f}" y="{_HEIGHT - 6}" text-anchor="{anchor}">{escaped(self.labels[column])}</text>'

    @property
    def _room(self) -> float:
        return (_WIDTH - _LEFT - _RIGHT) / max(1, len(self.labels))

    def _left(self, column: int) -> float:
        return _LEFT + column * self._room

    def _middle(self, column: int) -> float:
        return self._left(column) + self._room / 2


def _powers(values: Sequence[float]) -> list[float]:
    """Powers of ten, with twice and five times each where there is room, from below the least value to above all."""
    least, most = min(values, default=1.0), max(values, default=1.0)
    powers = range(floor(log10(least)), ceil(log10(most)) + 2)
    for factors in ((1, 2, 5), (1,)):
        ticks = [float(f"{factor}e{power}") for power in powers for factor in factors]
        below = max(0, sum(tick <= least for tick in ticks) - 1)
        above = next((at for at, tick in enumerate(ticks) if tick >= most and at > below), len(ticks) - 1)
        if above - below <= _MOST_TICKS:
            break
    return ticks[below : above + 1]


def _step(most: float) -> float:
    """A round distance between lines of a grid, of which there are three to seven; not less than 1."""
    if most <= 0:
        return 1.0
    power: float = 10.0 ** floor(log10(most / 3))
    return max(1.0, next(power * factor for factor in (1, 2, 5, 10) if most / (power * factor) <= 7))
