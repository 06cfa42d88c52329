"""A fix as the few lines that it takes away and puts there."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from comb_compiler.diagnostics.lines import Lines
from comb_compiler.diagnostics.model import Edit, Fix
from comb_compiler.diagnostics.render._excerpt import ELISION, Row
from comb_compiler.diagnostics.render._paint import Paint, Style
from comb_compiler.diagnostics.render._window import Focus, view
from comb_compiler.diagnostics.render.printable import telling_tabs

__all__ = ["suggestion"]

_MOST_ROWS = 8


class _Splice(NamedTuple):
    start: int
    end: int
    text: str


class _Hunk(NamedTuple):
    """Whole lines, from line `first`: what they are, what they become, and from which code point on they differ."""

    first: int
    before: Sequence[str]
    after: Sequence[str]


def suggestion(fix: Fix, lines_of: Callable[[str], Lines | None], room: int, paint: Paint) -> Sequence[Row]:
    """The rows that show `fix`; none where it is long, edits several files, or does not fit the text."""
    files = {edit.span.file for edit in fix.edits}
    lines = lines_of(files.pop()) if len(files) == 1 else None
    hunks = _hunks(lines, fix.edits) if lines is not None else None
    if not hunks or sum(len(hunk.before) + len(hunk.after) for hunk in hunks) > _MOST_ROWS:
        return ()
    return _rows(hunks, room, paint)


def _hunks(lines: Lines, edits: Sequence[Edit]) -> list[_Hunk] | None:
    """One hunk for all edits that meet on a line; None where the edits are not edits of this text."""
    hunks: list[_Hunk] = []
    gathered: list[_Splice] = []
    for edit in sorted(edits, key=lambda edit: edit.span):
        start, end = lines.offset(edit.span.start), lines.offset(edit.span.end)
        if start is None or end is None or end < start or (gathered and start < gathered[-1].end):
            return None
        if gathered and lines.position(gathered[-1].end).line < edit.span.start.line:
            hunks.append(_hunk(lines, gathered))
            gathered = []
        gathered.append(_Splice(start, end, edit.text))
    if gathered:
        hunks.append(_hunk(lines, gathered))
    return [hunk for hunk in hunks if hunk.before or hunk.after]


def _hunk(lines: Lines, splices: Sequence[_Splice]) -> _Hunk:
    first = lines.position(splices[0].start).line
    last = lines.position(splices[-1].end).line
    begin, end = lines.bounds(first)[0], lines.bounds(last)[1]
    pieces = []
    at = begin
    for splice in splices:
        pieces += [lines.text[at : splice.start], splice.text]
        at = splice.end
    after = Lines("".join([*pieces, lines.text[at:end]]))
    before = [lines[number] for number in range(first, last + 1)]
    hunk = _trimmed(first, before, [after[number] for number in range(1, len(after) + 1)])
    return _with_tabs_told(hunk) if _tabs(hunk.before) != _tabs(hunk.after) else hunk


def _trimmed(first: int, before: list[str], after: list[str]) -> _Hunk:
    """Without the lines that stay the same at both sides."""
    while before and after and before[-1] == after[-1]:
        before, after = before[:-1], after[:-1]
    same = 0
    while same < min(len(before), len(after)) and before[same] == after[same]:
        same += 1
    return _Hunk(first + same, before[same:], after[same:])


def _tabs(lines: Sequence[str]) -> int:
    return sum(line.count("\t") for line in lines)


def _with_tabs_told(hunk: _Hunk) -> _Hunk:
    """What a fix of tabs takes away would look like what it puts there."""
    return hunk._replace(before=list(map(telling_tabs, hunk.before)), after=list(map(telling_tabs, hunk.after)))


def _rows(hunks: Sequence[_Hunk], room: int, paint: Paint) -> list[Row]:
    rows: list[Row] = []
    shift = 0
    for hunk in hunks:
        if rows:
            rows.append(Row(ELISION, "", ""))
        focus = [_difference(hunk)]
        for number, line in enumerate(hunk.before, hunk.first):
            rows.append(_row(number, "-", line, focus, room, paint))
        for number, line in enumerate(hunk.after, hunk.first + shift):
            rows.append(_row(number, "+", line, focus, room, paint))
        shift += len(hunk.after) - len(hunk.before)
    return rows


def _difference(hunk: _Hunk) -> Focus:
    """Where the first two lines begin to differ."""
    if not hunk.before or not hunk.after:
        return Focus(0, 0)
    at = _shared(hunk.before[0], hunk.after[0])
    return Focus(at, at + 1)


def _shared(old: str, new: str) -> int:
    """How many code points both begin with, by halves: a line may be a million long."""
    least, most = 0, min(len(old), len(new))
    while least < most:
        middle = (least + most + 1) // 2
        if old[least:middle] == new[least:middle]:
            least = middle
        else:
            most = middle - 1
    return least


def _row(number: int, sign: str, line: str, focus: Sequence[Focus], room: int, paint: Paint) -> Row:
    style = Style.REMOVED if sign == "-" else Style.ADDED
    return Row(str(number), paint(style, view(line, focus, room).text), paint(style, sign))
