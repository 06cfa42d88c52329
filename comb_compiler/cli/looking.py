"""Whether files have changed: what `comb run --reload` looks at."""

import os
from contextlib import suppress
from pathlib import Path

__all__ = ["Looks", "changed_since", "looks_of"]

Looks = dict[str, tuple[int, int]]
"""Files by path, each with when it was changed and its size."""

_LEFT_OUT = frozenset(("__pycache__", "node_modules", "venv"))
_MOST_FILES = 20_000


def looks_of(directory: Path, watched: Path | None = None) -> Looks:
    """How the files below a directory look, but for hidden ones, those that tools make, and our own output.

    A file that is `watched` by others is left out, too.
    """
    looks: Looks = {}
    own = _own_output() | _identity(watched)
    for root, folders, files in os.walk(directory):
        folders[:] = [one for one in folders if not one.startswith(".") and one not in _LEFT_OUT]
        for file in files:
            if file.startswith(".") or file.endswith("~"):
                continue
            path = os.path.join(root, file)
            try:
                found = os.stat(path)
            except OSError:
                continue
            if (found.st_dev, found.st_ino) not in own:
                looks[path] = (found.st_mtime_ns, found.st_size)
        if len(looks) > _MOST_FILES:
            break
    return looks


def _own_output() -> set[tuple[int, int]]:
    """The files that stdout and stderr go to: what is said of a change would be the next one."""
    own = set()
    for descriptor in (1, 2):
        with suppress(OSError):
            found = os.fstat(descriptor)
            own.add((found.st_dev, found.st_ino))
    return own


def _identity(path: Path | None) -> set[tuple[int, int]]:
    if path is None:
        return set()
    try:
        found = os.stat(path)
    except OSError:
        return set()
    return {(found.st_dev, found.st_ino)}


def changed_since(before: Looks, now: Looks) -> str:
    """The files that differ, in few words."""
    differ = sorted(path for path in before.keys() | now.keys() if before.get(path) != now.get(path))
    first = os.path.relpath(differ[0])
    return first if len(differ) == 1 else f"{first} and {len(differ) - 1} more"
