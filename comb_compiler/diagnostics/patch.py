"""Two texts → the difference, as `git apply` and `patch` take it."""

import difflib
import re
from collections.abc import Iterator, Sequence

__all__ = ["unified_diff"]

_CONTEXT = 3
_NEEDS_QUOTES = re.compile(r'[\x00-\x1f\x7f"\\]')


def unified_diff(file: str, before: str, after: str) -> str:
    """The patch that makes `after` of `before`, both the text of `file`; empty when they are equal.

    The bytes are the file's own, so that the patch applies: whoever shows it on a terminal makes it printable first.
    """
    old, new = _lines(before), _lines(after)
    groups = difflib.SequenceMatcher(None, old, new).get_grouped_opcodes(_CONTEXT)
    hunks = "".join(line for group in groups for line in _hunk(group, old, new))
    return f"--- {_name(f'a/{file}')}\n+++ {_name(f'b/{file}')}\n{hunks}" if hunks else ""


_Opcode = tuple[str, int, int, int, int]


def _hunk(opcodes: Sequence[_Opcode], old: Sequence[str], new: Sequence[str]) -> Iterator[str]:
    first, last = opcodes[0], opcodes[-1]
    yield f"@@ -{_range(first[1], last[2])} +{_range(first[3], last[4])} @@\n"
    for tag, old_start, old_end, new_start, new_end in opcodes:
        if tag == "equal":
            yield from (_line(" ", line) for line in old[old_start:old_end])
        else:
            yield from (_line("-", line) for line in old[old_start:old_end])
            yield from (_line("+", line) for line in new[new_start:new_end])


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
