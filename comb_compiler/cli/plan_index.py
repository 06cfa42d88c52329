"""Which combs of a tree are what is there: known from an earlier run, as long as nothing that this rests on changed.

One file for each tree and what it is compared with, replaced as a whole: two processes that write it leave the one or
the other. Only combs about which there is nothing to say are in it. It is as large as the tree, and the oldest files
go.
"""

import json
import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

from comb_compiler.cli.verdicts import digest, fingerprint
from comb_compiler.workspace.stamps import directories_below, is_settled, stamp_of

__all__ = ["TreeIndex"]

_FORM = 1
_MOST_FILES = 16


class TreeIndex:
    """What an earlier run found out about a tree. `directory` None is for who keeps nothing.

    `identity` are the words that name the tree, what it is compared with, and all that is not a file.
    """

    def __init__(self, directory: str | None, identity: Iterable[str]) -> None:
        self._directory = os.path.join(directory, "trees") if directory else None
        key = "\0".join((str(_FORM), fingerprint() if directory else "", *identity))
        self._file = f"{digest(key.encode('utf-8', 'surrogateescape'))}.json"
        self._known = self._load()
        self._changed = {path for path, stamp in self._known.get("stamps", {}).items() if stamp_of(path) != stamp}

    @property
    def mains(self) -> list[str] | None:
        """All combs of the tree; None where there may be others."""
        known = self._known.get("directories")
        if not known or not self._changed.isdisjoint(known):
            return None
        return list(self._known["mains"])

    @property
    def homes(self) -> dict[str, Any] | None:
        """What was kept as `homes`, as long as nothing changed that all rest on."""
        return self._known.get("homes") if self._changed.isdisjoint(self._known.get("common", [])) else None

    def unchanged(self, mains: Iterable[str]) -> dict[str, str]:
        """Of these combs those that are what is there, with their names."""
        combs, paths = self._known.get("combs", {}), self._known.get("paths", [])
        common = self._known.get("common", [])
        if not self._changed.isdisjoint(common):
            return {}
        changed = {place for place, path in enumerate(paths) if path in self._changed}
        return {main: combs[main][0] for main in mains if main in combs and changed.isdisjoint(combs[main][1])}

    def paths_of(self, mains: Iterable[str]) -> dict[str, list[str]]:
        """The paths that what is known of these combs rests on."""
        combs, paths = self._known.get("combs", {}), self._known.get("paths", [])
        return {main: [paths[place] for place in combs[main][1]] for main in mains if main in combs}

    def keep(
        self,
        tops: Iterable[str],
        mains: Iterable[str],
        common: Iterable[str],
        combs: Mapping[str, tuple[str, Iterable[str]]],
        begun: int,
        homes: Mapping[str, Any] | None = None,
    ) -> None:
        """Keep that these combs are what is there, each by its main file, with its name and all paths that say so.

        All rest on the paths `common`; `begun` is when the run began, in nanoseconds since 1970.
        """
        if self._directory is None:
            return
        stamps: dict[str, str] = {}
        below = directories_below(tops)
        directories = sorted(below) if below is not None else []
        common = sorted(set(common))
        if not all(_noted(path, stamps, begun) for path in common):
            return
        places: dict[str, int] = {}
        kept = {
            main: [name, [places.setdefault(path, len(places)) for path in paths]]
            for main, (name, paths) in ((main, (name, list(paths))) for main, (name, paths) in combs.items())
            if all(_noted(path, stamps, begun) for path in paths)
        }
        is_known = all(_noted(path, stamps, begun) for path in directories)
        whole = {
            "directories": directories if is_known else [],
            "mains": sorted(mains),
            "common": common,
            "paths": list(places),
            "combs": kept,
            "stamps": stamps,
            "homes": homes or {},
        }
        self._write(json.dumps(whole, separators=(",", ":")))

    def _load(self) -> dict[str, Any]:
        if self._directory is None:
            return {}
        try:
            with open(os.path.join(self._directory, self._file), encoding="utf-8", errors="surrogateescape") as file:
                name, _, text = file.read().partition("\n")
        except OSError:
            return {}
        known: dict[str, Any] = json.loads(text) if name == _name(text) else {}
        return known

    def _write(self, text: str) -> None:
        assert self._directory is not None
        path = os.path.join(self._directory, self._file)
        aside = f"{path}.{os.getpid()}"
        with suppress(OSError):
            os.makedirs(self._directory, exist_ok=True)
            with open(aside, "w", encoding="utf-8", errors="surrogateescape") as file:
                file.write(f"{_name(text)}\n{text}")
            os.replace(aside, path)
            entries = sorted(os.scandir(self._directory), key=lambda entry: entry.stat().st_mtime)
            for entry in entries[:-_MOST_FILES]:
                os.unlink(entry.path)


def _name(text: str) -> str:
    return digest(text.encode("utf-8", "surrogateescape"))


def _noted(path: str, stamps: dict[str, str], begun: int) -> bool:
    """Whether a path has a stamp that counts, which is noted."""
    if path not in stamps:
        stamps[path] = stamp_of(path)
    return is_settled(stamps[path], begun)
