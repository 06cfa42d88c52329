"""What changes → lines for a terminal."""

import difflib
import re
from collections.abc import Iterator
from itertools import groupby

from comb_compiler.changes import CombChanges, Fate, Hunk, ObjectChange
from comb_compiler.changes.wording import counts_text, effect_lines, folded_text, title_text, values_text
from comb_compiler.cli.console import Console
from comb_compiler.cli.plan_against import Compared
from comb_compiler.cli.plan_style import Style
from comb_compiler.diagnostics import Span
from comb_compiler.diagnostics.render.printable import printable

__all__ = ["changes_text"]

_ASCII = str.maketrans({"×": "x", "–": "-", "·": ",", "…": "~", "→": "->", "⏎": " "})
_SIGNS = {Fate.CREATED: "+", Fate.DELETED: "-", Fate.CHANGED: "~", Fate.REPLACED: "±"}
_LONGEST = 60
_MOST_LINES = 12
_PLACE = 18
"""Columns that a place takes, as `platform.yaml:120` does."""
_PART = re.compile(r"\.?[^.\[]+|\[[^]]*\]|.")


def changes_text(compared: Compared, console: Console) -> str:
    """All of it, to the console's width."""
    style = Style(console.width, console.colour)
    parts = [list(_changes(one, style)) for one in compared.changes]
    parts.append(
        [
            style.bad(f"not compared: {main} for {environment}, which has mistakes")
            for main, environment in compared.failed
        ]
    )
    parts.append(list(_gone(compared, style)))
    head = f"compared with {compared.title}"
    text = "\n\n".join([head, *("\n".join(lines) for lines in parts if lines)])
    return text if console.unicode else text.translate(_ASCII).replace("±", "~")


def _gone(compared: Compared, style: Style) -> Iterator[str]:
    for name, environment in compared.gone:
        said = f"gone: {name} for {environment} has no comb.yaml here; it runs on until `comb retire {name}`"
        yield from style.filled(said, "", "  ")


def _changes(changes: CombChanges, style: Style) -> Iterator[str]:
    yield style.bold(printable(title_text(changes)))
    yield from (style.fair(line) for note in changes.notes for line in style.filled(note, "  "))
    if changes.is_empty:
        yield style.dim(f"  nothing changes; {changes.unchanged} objects")
    else:
        yield from style.filled(f"{'new here: ' if changes.is_new else ''}{counts_text(changes)}", "  ")
        yield from _effects(changes, style)
        yield from _objects(changes, style)
    folded = folded_text(changes)
    yield from (style.dim(line) for line in style.filled(f"folded: {folded}" if folded else "", "  ", "    "))


def _effects(changes: CombChanges, style: Style) -> Iterator[str]:
    lines = list(effect_lines(changes))
    width = max((len(line.topic) for line in lines), default=0)
    yield from [""] if lines else []
    for topic, group in groupby(lines, key=lambda line: line.topic):
        label = topic
        for line in group:
            first, *others = style.filled(line.text, " " * (4 + width + 2)) or [""]
            said = f"  {label.ljust(width + 2)}  {first.strip()}" if label else first
            for text in (said, *others):
                yield style.bad(text) if line.grave else text
            label = ""


def _objects(changes: CombChanges, style: Style) -> Iterator[str]:
    for one in changes.objects:
        if not one.is_noise:
            yield ""
            yield from _object(one, style)


def _object(one: ObjectChange, style: Style) -> Iterator[str]:
    kind, _, name = one.identity
    lines = one.text.count("\n")
    said = f"{_SIGNS[one.fate]} {kind} {name}" + (f" ({lines} lines)" if lines else "")
    yield _painted(one.fate, f"  {printable(said)}", style) + _at(one.origin if lines else None, style)
    for hunk in one.hunks:
        if not hunk.folded:
            yield from _hunk(hunk, style)


def _painted(fate: Fate, text: str, style: Style) -> str:
    paint = {Fate.CREATED: style.good, Fate.DELETED: style.bad}.get(fate, style.fair)
    return paint(text)


def _hunk(hunk: Hunk, style: Style) -> Iterator[str]:
    if isinstance(hunk.before, str) and isinstance(hunk.after, str) and "\n" in hunk.before + hunk.after:
        yield f"      {printable(hunk.path)}:{_at(hunk.origin, style)}"
        yield from _text(hunk.before, hunk.after, style)
        return
    before, after = map(printable, values_text(hunk.before, hunk.after, min(_LONGEST, style.width - 20)))
    if before == after:
        after = f"{after} (another)"
    path, at = printable(hunk.path), _at(hunk.origin, style)
    said = f"{style.bad(before)} → {style.good(after)}{at}"
    long = len(before) + len(after) + (_PLACE if at else 0)
    if long + len(path) + 11 <= style.width:
        yield f"      {path}: {said}"
        return
    yield from _broken(f"{path}:", style.width)
    if long + 11 <= style.width:
        yield f"        {said}"
        return
    yield f"        {style.bad(before)}"
    fits = len(after) + _PLACE + 10 <= style.width
    yield f"        → {style.good(after)}{at if fits else ''}"
    if at and not fits:
        yield f"      {at}"


def _broken(path: str, width: int) -> Iterator[str]:
    """A path in as many lines as it takes, each of which begins with a whole part of it."""
    line = "      "
    for part in _PART.findall(path):
        if len(line) + len(part) > width and line.strip():
            yield line
            line = "          "
        line += part
    yield line


def _text(before: str, after: str, style: Style) -> Iterator[str]:
    """The lines that differ of a text that has several."""
    lines = list(difflib.unified_diff(before.split("\n"), after.split("\n"), n=0, lineterm=""))[2:]
    shown = [one for one in lines if not one.startswith("@@")]
    for line in shown[:_MOST_LINES]:
        paint = style.good if line.startswith("+") else style.bad
        yield f"        {paint(printable(line))}"
    if len(shown) > _MOST_LINES:
        yield style.dim(f"        and {len(shown) - _MOST_LINES} more lines")


def _at(origin: Span | None, style: Style) -> str:
    return "" if origin is None else "  " + style.dim(printable(f"{origin.file}:{origin.start.line}"))
