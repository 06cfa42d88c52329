"""Rows of words → a table for a terminal, and how times and codes are written in one."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from comb_compiler.diagnostics.render.printable import printable, width

__all__ = ["bar", "code_name", "milliseconds", "moment", "size", "spark", "table"]

_TICKS = "▁▂▃▄▅▆▇█"
_BETWEEN = "  "
_BELOW = "    "
_UNITS = ("bytes", "KiB", "MiB", "GiB", "TiB")


def table(
    head: Sequence[str], rows: Sequence[Sequence[str]], numbers: Sequence[str] = (), most: int | None = None
) -> str:
    """Columns as wide as what is in them, those in `numbers` to the right; one in which nothing is said is left out.

    Where a row would be wider than `most`, each has the columns that do not fit on lines below it, indented.
    """
    cells = [[printable(cell) for cell in row] for row in rows]
    used = [index for index in range(len(head)) if any(row[index] for row in cells)]
    widths = {index: max(width(head[index]), *(width(row[index]) for row in cells)) for index in used}
    right = {index for index in used if head[index] in numbers}
    lines = []
    for row in [list(head), *cells]:
        indent = ""
        for together in _fitting(used, widths, most):
            parts = []
            for index in together:
                room = " " * (widths[index] - width(row[index]))
                parts.append(f"{room}{row[index]}" if index in right else f"{row[index]}{room}")
            lines.append(indent + _BETWEEN.join(parts).rstrip())
            indent = _BELOW
    return "\n".join(lines)


def _fitting(columns: Sequence[int], widths: Mapping[int, int], most: int | None) -> list[list[int]]:
    """The columns of each line of a row."""
    together: list[list[int]] = [[]]
    taken = -len(_BETWEEN)
    for index in columns:
        wide = len(_BETWEEN) + widths[index]
        if most is not None and together[-1] and taken + wide > most:
            together.append([])
            taken = len(_BELOW) - len(_BETWEEN)
        together[-1].append(index)
        taken += wide
    return together


def moment(seconds: float) -> str:
    """A Unix time in UTC, to the second."""
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%SZ")
    except (OverflowError, ValueError, OSError):
        return f"{seconds:.0f} s"


def milliseconds(seconds: float) -> str:
    """A duration, short."""
    if seconds >= 10:
        return f"{seconds:.1f} s"
    return f"{seconds * 1000:.1f} ms" if seconds < 1 else f"{seconds * 1000:.0f} ms"


def size(count: float) -> str:
    """An amount of bytes, short."""
    unit = 0
    while count >= 1024 and unit < len(_UNITS) - 1:
        count, unit = count / 1024, unit + 1
    return f"{count:.0f} {_UNITS[unit]}" if unit == 0 or count >= 100 else f"{count:.1f} {_UNITS[unit]}"


def code_name(code: int) -> str:
    """gRPC's name of a code, or what stands in its place."""
    from comb_compiler.runtime.codes import Code

    words = {-1: "not run", -2: "skipped"}
    return Code(code).name if code in set(Code) else words.get(code, str(code))


def spark(values: Sequence[float], *, unicode: bool) -> str:
    """One character for each value, as high as it is; a blank for none."""
    most = max(values, default=0.0)
    if most <= 0:
        return " " * len(values)
    if not unicode:
        return "".join(" .:-=+*#%@"[min(9, round(value / most * 9))] for value in values)
    return "".join(_TICKS[min(7, int(value / most * 7.999))] if value > 0 else " " for value in values)


def bar(share: float, columns: int, *, unicode: bool) -> str:
    """A bar as long as a share of `columns`."""
    return ("█" if unicode else "#") * max(1 if share > 0 else 0, round(share * columns))
