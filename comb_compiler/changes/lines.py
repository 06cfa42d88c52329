"""Parts of objects → lines of a diff, for pages and comments."""

import difflib
import json
from collections.abc import Iterator
from typing import Any

from comb_compiler.changes.model import Fate, Hunk, ObjectChange

__all__ = ["hunk_lines", "title_of", "values_of"]

_SIGNS = {Fate.CREATED: "+", Fate.DELETED: "-", Fate.CHANGED: "~", Fate.REPLACED: "±"}


def title_of(one: ObjectChange) -> str:
    """What becomes of an object, in a line."""
    kind, namespace, name = one.identity
    return f"{_SIGNS[one.fate]} {kind} {f'{namespace}/' if namespace else ''}{name}"


def values_of(value: Any) -> list[str]:
    """A value as lines."""
    if value is None:
        return []
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=1, default=str)
    return text.split("\n")


def hunk_lines(hunk: Hunk) -> Iterator[str]:
    """What goes with `-` before it, and what comes with `+`; of long texts only what differs."""
    before, after = values_of(hunk.before), values_of(hunk.after)
    if len(before) > 1 and len(after) > 1:
        for line in list(difflib.unified_diff(before, after, n=1, lineterm=""))[2:]:
            yield "  …" if line.startswith("@@") else f"{line[0]} {line[1:]}"
        return
    yield from (f"- {line}" for line in before)
    yield from (f"+ {line}" for line in after)
