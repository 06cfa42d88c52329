"""Two texts → the difference, as `git apply` and `patch` take it."""

import difflib
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

__all__ = ["unified_diff"]

_CONTEXT = 3
_NEEDS_QUOTES = re.compile(r'[\x00-\x1f\x7f"\\]')


def unified_diff(file: str, before: str, after: str) -> str:
    """The patch that makes `after` of `before`, both the text of `file`; empty when they are equal.

    The bytes are the file's own, so that the patch applies: whoever shows it on a terminal makes it printable first.
    """
    old, new = _lines(before), _lines(after)
    hunks = "".join(line for hunk in _hunks(_changes(old, new)) for line in _hunk(hunk, old, new))
    return f"--- {_name(f'a/{file}')}\n+++ {_name(f'b/{file}')}\n{hunks}" if hunks else ""


class _Change(NamedTuple):
    """Lines `old` to `old_end` of the one text became lines `new` to `new_end` of the other; all count from 0."""

    old: int
    old_end: int
    new: int
    new_end: int


def _changes(old: Sequence[str], new: Sequence[str]) -> list[_Change]:
    """What differs, in order. Equal ends are set aside first: among many equal lines difflib loses its way."""
    shorter = min(len(old), len(new))
    head = next((at for at in range(shorter) if old[at] != new[at]), shorter)
    tail = next((at for at in range(shorter - head) if old[-1 - at] != new[-1 - at]), shorter - head)
    matcher = difflib.SequenceMatcher(None, old[head : len(old) - tail], new[head : len(new) - tail])
    return [_Change(*(at + head for at in places)) for tag, *places in matcher.get_opcodes() if tag != "equal"]


def _hunks(changes: Sequence[_Change]) -> list[list[_Change]]:
    """Changes whose context would meet are shown together."""
    hunks: list[list[_Change]] = []
    for change in changes:
        if hunks and change.old - hunks[-1][-1].old_end <= 2 * _CONTEXT:
            hunks[-1].append(change)
        else:
            hunks.append([change])
    return hunks


def _hunk(changes: Sequence[_Change], old: Sequence[str], new: Sequence[str]) -> Iterator[str]:
    before = min(_CONTEXT, changes[0].old)
    after = min(_CONTEXT, len(old) - changes[-1].old_end)
    at = changes[0].old - before
    end = changes[-1].old_end + after
    yield f"@@ -{_range(at, end)} +{_range(changes[0].new - before, changes[-1].new_end + after)} @@\n"
    for change in changes:
        yield from (_line(" ", line) for line in old[at : change.old])
        yield from (_line("-", line) for line in old[change.old : change.old_end])
        yield from (_line("+", line) for line in new[change.new : change.new_end])
        at = change.old_end
    yield from (_line(" ", line) for line in old[at:end])


def _range(start: int, end: int) -> str:
    """Lines by the format's rule: from 1, without the count when it is 1; an empty range names the line before it."""
    count = end - start
    return f"{start + 1}" if count == 1 else f"{start + (1 if count else 0)},{count}"


def _line(sign: str, line: str) -> str:
    return f"{sign}{line}" if line.endswith("\n") else f"{sign}{line}\n\\ No newline at end of file\n"


def _lines(text: str) -> list[str]:
    """By line feeds only, which is how patches count; a carriage return is part of its line."""
    return re.findall(r"[^\n]*\n|[^\n]+", text)


def _name(path: str) -> str:
    """As git writes a path: quoted where it must be, and ended by a tab where a blank could be taken for its end."""
    if _NEEDS_QUOTES.search(path):
        escaped = _NEEDS_QUOTES.sub(lambda found: _escape(found.group()), path)
        return f'"{escaped}"'
    return f"{path}\t" if " " in path else path


def _escape(character: str) -> str:
    return f"\\{character}" if character in '"\\' else f"\\{ord(character):03o}"
