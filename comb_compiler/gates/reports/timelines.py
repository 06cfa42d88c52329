"""A load as it went on, and its figures beside those of earlier runs: small pictures of 300 by 64 units."""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from comb_compiler.gates.load.results import StepFound, figures_of
from comb_compiler.gates.load.timeline import Moment

__all__ = ["Panel", "histories", "panels"]

_WIDTH, _TOP, _BOTTOM = 300.0, 6.0, 60.0
_FEWEST = 2
_ROOM = 1.1
_PAST = 40
"""Earlier runs that are shown."""


class Panel(NamedTuple):
    """A picture: what it shows, the value at its top, and lines as SVG's polyline wants them, what matters most last.

    `dot` is where the last value of the last line stands. Other lines are `bad` or not.
    """

    name: str
    top: str
    lines: tuple[str, ...]
    dot: tuple[float, float]
    bad: bool


def panels(step: StepFound) -> tuple[Panel, ...]:
    """What is known of a step second by second; nothing of what was not seen."""
    moments = step.timeline
    length = moments[1].at - moments[0].at if len(moments) > 1 else 1.0
    shown: tuple[tuple[str, Callable[[float], str], tuple[Callable[[Moment], float | None], ...]], ...] = (
        (
            "requests a second, and those in vain",
            _plain,
            (lambda one: one.failed / length, lambda one: one.requests / length),
        ),
        ("latency: longest, and p50", _milliseconds, (lambda one: one.most, lambda one: one.p50)),
        ("CPU, cores", _plain, (lambda one: one.cpu,)),
        ("memory", _megabytes, (lambda one: one.memory,)),
        ("busiest GPU", _percent, (lambda one: one.gpu,)),
    )  # fmt: skip
    found = (_panel(name, told, [[value(one) for one in moments] for value in of]) for name, told, of in shown)
    return tuple(one for one in found if one is not None)


def histories(step: StepFound) -> Iterator[Panel]:
    """Each figure that earlier runs have, and this one at the end."""
    for name, value in figures_of(step).items():
        earlier = list(step.past.get(name, ()))[-_PAST:]
        found = _panel(name, _megabytes if name == "memory" else _milliseconds, [[*earlier, value]])
        if found is not None:
            yield found


def _panel(name: str, told: Callable[[float], str], lines: Sequence[Sequence[float | None]]) -> Panel | None:
    """None of fewer than two values."""
    known = [value for line in lines for value in line if value is not None]
    if sum(value is not None for value in lines[-1]) < _FEWEST:
        return None
    top = max(known) * _ROOM or 1.0
    dots = [list(_dots(line, top)) for line in lines]
    drawn = tuple(" ".join(f"{x:g},{y:g}" for x, y in line) for line in dots if len(line) >= _FEWEST)
    return Panel(name, told(max(known)), drawn, dots[-1][-1], bad=told is _plain)


def _dots(values: Sequence[float | None], top: float) -> Iterator[tuple[float, float]]:
    for number, value in enumerate(values):
        if value is not None:
            down = _BOTTOM - (_BOTTOM - _TOP) * value / top
            yield round(_WIDTH * number / max(1, len(values) - 1), 1), round(down, 1)


def _plain(value: float) -> str:
    return f"{value:,.3g}"


def _percent(value: float) -> str:
    return f"{100 * value:.0f}%"


def _milliseconds(value: float) -> str:
    return f"{value * 1000:,.3g} ms" if value < 1 else f"{value:,.3g} s"


def _megabytes(value: float) -> str:
    return f"{value / 1e6:,.0f} MB"
