"""What nodes have left → lines with bars, for a terminal."""

from collections import Counter
from collections.abc import Iterator, Sequence
from decimal import Decimal
from fractions import Fraction
from itertools import zip_longest
from typing import NamedTuple

from comb_compiler.cli.plan_style import Style
from comb_compiler.plan.model import NodeLeft
from comb_compiler.plan.packing import Node
from comb_compiler.plan.wording import gibibytes, plain, size

__all__ = ["node_lines"]

_HEAD = ("cores left", "GiB left", "devices left")
_LONGEST_NAME = 30
_LONGEST_BAR = 10


class _Gauge(NamedTuple):
    """How much is left, and that in words."""

    part: Fraction
    text: str


def node_lines(left: Sequence[NodeLeft], style: Style) -> Iterator[str]:
    """A line for nodes that are alike, with one more for each device that has another rest; then what they hold."""
    if not left:
        yield style.dim("  there are no nodes")
        return
    names = [f"{one.nodes:,} × {one.node.pool}" for one in left]
    first = min(max(len("nodes"), *(len(name) for name in names)), _LONGEST_NAME)
    rows = [_gauges(one) for one in left]
    widths = [max((len(gauge.text) for row in rows for gauge in row[column]), default=0) for column in range(3)]
    shown = [column for column in range(3) if widths[column]]
    spare = style.width - 2 - first - sum(widths[column] + 3 for column in shown)
    bar = max(0, min(spare // len(shown), _LONGEST_BAR))
    head = [_HEAD[column].ljust(bar + 1 + widths[column]) for column in shown]
    yield style.dim(_line("nodes".ljust(first), head))
    for name, one, row in zip(names, left, rows, strict=True):
        for number, gauges in enumerate(zip_longest(*(row[column] for column in shown))):
            cells = [_cell(gauge, widths[column], bar, style) for column, gauge in zip(shown, gauges, strict=True)]
            yield _line(style.cut("" if number else name, first), cells)
        held = ", ".join(f"{count} × {workload}" for workload, count in sorted(one.instances.items()) if count)
        yield from (style.dim(line) for line in style.filled(held, "    "))


def _line(first: str, cells: Sequence[str]) -> str:
    return ("  " + "  ".join([first, *cells])).rstrip()


def _cell(gauge: _Gauge | None, width: int, bar: int, style: Style) -> str:
    if gauge is None:
        return " " * (bar + 1 + width)
    # Something that is left is seen, and so is something that is taken.
    full = max(min(max(round(gauge.part * bar), gauge.part > 0), bar - (gauge.part < 1)), 0)
    return f"{style.free('█' * full)}{style.dim('░' * (bar - full))} {gauge.text.ljust(width)}"


def _gauges(one: NodeLeft) -> tuple[list[_Gauge], list[_Gauge], list[_Gauge]]:
    cores = f"{_cores(one.node)} of {_cores(one.empty)}"
    memory = f"{gibibytes(one.node.memory)} of {gibibytes(one.empty.memory)}"
    return (
        [_Gauge(_part(one.node.cpu, one.empty.cpu), cores)],
        [_Gauge(_part(one.node.memory, one.empty.memory), memory)],
        list(_devices(one)),
    )


def _devices(one: NodeLeft) -> Iterator[_Gauge]:
    """Devices that have as much left are told once."""
    alike = Counter(zip(one.node.devices, one.empty.devices, strict=True))
    for (left, whole), count in sorted(alike.items()):
        many = f"{count} × " if len(one.node.devices) > 1 else ""
        places, compute = _part(left.places, whole.places), _part(left.compute, whole.compute)
        if not whole.memory:
            part = min(places, compute) if whole.compute else places
            yield _Gauge(part, f"{many}{_percent(part)}" + (f" of {whole.profile}" if whole.profile else ""))
            continue
        memory = _part(left.memory, whole.memory)
        yield _Gauge(min(places, memory, compute), f"{many}{size(left.memory)}, {_percent(compute)}")


def _cores(node: Node) -> str:
    return plain(Decimal(node.cpu) / 1000)


def _part(left: int, whole: int) -> Fraction:
    return Fraction(left, whole) if whole else Fraction(0)


def _percent(part: Fraction) -> str:
    return f"{round(part * 100)}%"
