"""Files that code of a change could have written: read as far as they are files, of a size, in the place itself."""

import json
import os
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from comb_compiler.cli.ci.report import BadReport

__all__ = ["read_json", "read_written"]

_DEEPEST = 64


def read_written(root: Path, parts: Sequence[str], most: int) -> bytes:
    """The content of the file below `root`, of at most so many bytes.

    Raises BadReport for what is none: what is missing, a link that leads there, a pipe, which would be waited for.
    """
    place = os.path.join(os.path.realpath(root), *parts)
    if os.path.realpath(place) != place:
        raise BadReport("a link leads there")
    try:
        opened = os.open(place, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(opened, "rb") as file:
            if not stat.S_ISREG(os.fstat(opened).st_mode):
                raise BadReport("it is no regular file")
            content = file.read(most + 1)
    except FileNotFoundError as problem:
        raise BadReport("there is none") from problem
    except (OSError, ValueError) as problem:
        why = (getattr(problem, "strerror", None) or "no path").lower()
        raise BadReport(f"it cannot be read: {why}") from problem
    if len(content) > most:
        raise BadReport(f"it has more than {most:,} bytes")
    return content


def read_json(content: bytes) -> Any:
    """The JSON that it is. Raises BadReport, also for what is nested so deep that nobody of ours wrote it."""
    try:
        found = json.loads(content)
    except (ValueError, RecursionError) as problem:
        raise BadReport("it is no JSON") from problem
    level = [found]
    for _ in range(_DEEPEST):
        level = [below for one in level for below in _below(one)]
        if not level:
            return found
    raise BadReport(f"it is nested more than {_DEEPEST} deep")


def _below(value: Any) -> Sequence[Any]:
    return list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else ()
