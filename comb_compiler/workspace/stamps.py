"""Whether files are as they were, by what the file system says of them and without reading any.

A stamp is a file's number, size, and the times at which its content and the rest of it changed. The last of these no
program can set, so that whatever is done to a file gives it another. Only what did not change for a while before it was
looked at has a stamp that counts: a clock that ticks slowly would else give two states the same.
"""

import os
from collections.abc import Iterable, Iterator, Mapping
from typing import TypeVar

__all__ = ["NOTHING", "SETTLED", "Stamps", "directories_below", "is_settled", "stamp_of"]

NOTHING = "-"
"""The stamp of what is not there."""
SETTLED = 2_000_000_000
"""So many nanoseconds a file must have been as it is."""
_LEFT_OUT = frozenset({"node_modules"})
_Said = TypeVar("_Said")


def stamp_of(path: str) -> str:
    """What the file system says of a path, links followed."""
    try:
        one = os.stat(path)
    except OSError:
        return NOTHING
    return f"{one.st_ino:x}.{one.st_size:x}.{one.st_mtime_ns:x}.{one.st_ctime_ns:x}"


def is_settled(stamp: str, before: int) -> bool:
    """Whether a stamp counts for who began to look at `before`, in nanoseconds since 1970."""
    if stamp == NOTHING:
        return True
    return int(stamp.rpartition(".")[2], 16) < before - SETTLED


class Stamps:
    """Paths with their stamps, each once. `begun` is when whoever notes them began to look, in ns since 1970."""

    def __init__(self, begun: int) -> None:
        self.noted: dict[str, str] = {}
        self._begun = begun
        self._places: dict[str, int] = {}

    def places(self, paths: Iterable[str]) -> list[int] | None:
        """Where these are among the noted; None where one of them has no stamp that counts.

        What is missing in a directory that is among them has no place: were it made, the directory would have changed.
        """
        asked = dict.fromkeys(paths)
        kept = [path for path in asked if os.path.dirname(path) not in asked or os.path.lexists(path)]
        return [self._places[path] for path in kept] if all(map(self._note, kept)) else None

    def said(self, said: Mapping[str, _Said]) -> list[tuple[int, _Said]]:
        """What is said of noted paths whose stamps count, each by its place."""
        noted = ((path, one) for path, one in said.items() if path in self.noted)
        return [(self._places[path], one) for path, one in noted if is_settled(self.noted[path], self._begun)]

    def _note(self, path: str) -> bool:
        if path not in self.noted:
            self._places[path] = len(self.noted)
            self.noted[path] = stamp_of(path)
        return is_settled(self.noted[path], self._begun)


def directories_below(tops: Iterable[str]) -> Iterator[str] | None:
    """All directories in which combs are looked for; None where a link leads to one."""
    found: list[str] = []
    for top in tops:
        for above, folders, _ in os.walk(top):
            folders[:] = [one for one in folders if not one.startswith(".") and one not in _LEFT_OUT]
            if any(os.path.islink(os.path.join(above, one)) for one in folders):
                return None
            found.append(above)
    return iter(found)
