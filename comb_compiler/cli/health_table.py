"""A report of health → a table for a terminal."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from comb_compiler.cli.console import Console
from comb_compiler.cli.wrapping import filled
from comb_compiler.diagnostics.render.printable import printable, width
from comb_compiler.runtime.health import Level, ModelHealth, Report

__all__ = ["health_table"]

_COLOURS = {Level.HEALTHY: "32", Level.DEGRADED: "33", Level.UNHEALTHY: "1;31", Level.UNKNOWN: "2"}
_HEAD = ("health", "arm", "operator", "model", "parameters", "goldens", "looked at")
_NUMBERS = frozenset(("goldens", "looked at"))
_SHORT = 40


class _Line(NamedTuple):
    cells: tuple[str, ...]
    model: ModelHealth


def health_table(name: str, report: Report, console: Console) -> str:
    """The whole report; reasons stand below what they are about, wrapped to the console's width."""
    lines = [_line(one) for one in (*report.models, report.inputs) if one.operator or one.answers or one.shifts]
    widths = _widths(lines, console.width)
    columns = list(widths)
    rows = [f"{printable(name)}: {_painted(report.level.word, report.level, console)}", *_summary(report)]
    rows += ["", "  ".join(_padded(_HEAD[index], _HEAD[index], widths[index]) for index in columns).rstrip()]
    told: set[str] = set()
    for line in lines:
        cells = (_padded(line.cells[index], _HEAD[index], widths[index]) for index in columns)
        rows.append(_painted_first(cells, line.model.level, console))
        rows += _wrapped(line.model.reasons, told, console.width)
    return "\n".join([*rows, *_last(report, console)])


def _widths(lines: Sequence[_Line], most: int) -> dict[int, int]:
    """The cells of each column that says anything; parameters are left out where they do not fit."""
    found = {
        index: max(width(text) for text in (head, *(line.cells[index] for line in lines)))
        for index, head in enumerate(_HEAD)
        if any(line.cells[index] for line in lines)
    }
    if sum(found.values()) + 2 * (len(found) - 1) > most:
        found.pop(_HEAD.index("parameters"), None)
    return found


def _line(one: ModelHealth) -> _Line:
    model = f"{one.model}@{one.version}" if one.model else ""
    cells = (one.level.word, one.arm, one.operator or "requests", model, one.params)
    counts = (f"{one.goldens:,}" if one.goldens else "", f"{one.answers:,}" if one.answers else "")
    return _Line(tuple(printable(cell) for cell in (*cells, *counts)), one)


def _summary(report: Report) -> Iterator[str]:
    for arm in report.arms:
        told = [(arm.right, "right"), (arm.wrong, "wrong"), (arm.failed, "failed"), (arm.unasked, "not asked")]
        counts = ", ".join(f"{count} {word}" for count, word in told if count)
        if counts:
            where = f" in arm {printable(arm.arm)}" if arm.arm else ""
            yield f"golden samples{where}: {counts}"


def _padded(text: str, head: str, cells: int) -> str:
    blank = " " * (cells - width(text))
    return blank + text if head in _NUMBERS else text + blank


def _painted_first(cells: Iterable[str], level: Level, console: Console) -> str:
    first, *others = cells
    return "  ".join([_painted(first, level, console), *others]).rstrip()


def _painted(text: str, level: Level, console: Console) -> str:
    return f"\x1b[{_COLOURS[level]}m{text}\x1b[0m" if console.colour else text


def _wrapped(reasons: Sequence[str], told: set[str], columns: int) -> Iterator[str]:
    """Reasons below a line; one that was told above is not told at length again."""
    for reason in reasons:
        text = "as above" if reason in told and len(reason) > _SHORT else printable(reason)
        told.add(reason)
        yield from filled(text, columns, "    - ", " " * 6)


def _last(report: Report, console: Console) -> Iterator[str]:
    told = [*report.reasons, *(f"not ready: {reason}" for reason in report.not_ready)]
    if told:
        yield ""
    for reason in told:
        yield from filled(printable(reason), console.width, "", "  ")
