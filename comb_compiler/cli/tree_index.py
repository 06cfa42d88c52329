"""Which combs of a tree are what is there: known from an earlier run, as long as nothing that this rests on changed.

One file for each tree and what it is compared with, replaced as a whole: two processes that write it leave the one or
the other. Only combs about which there is nothing to say are in it. It is as large as the tree, and the oldest files
go. A path stands in it once, beside its stamp; everything else names paths by their places in that list.
"""

import json
import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

from comb_compiler.cli.verdicts import digest, fingerprint
from comb_compiler.workspace.stamps import Stamps, directories_below, stamp_of

__all__ = ["TreeIndex"]

_FORM = 3
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
        stamped = zip(self._known.get("paths", ()), self._known.get("stamps", ()), strict=True)
        self._changed = {place for place, (path, stamp) in enumerate(stamped) if stamp_of(path) != stamp}

    @property
    def mains(self) -> list[str] | None:
        """All combs of the tree; None where there may be others."""
        known = self._known.get("directories")
        if not known or not self._changed.isdisjoint(known):
            return None
        return list(self._known["mains"])

    def is_about(self, mains: list[str]) -> bool:
        """Whether these, sorted, are the combs that there were."""
        return bool(self._known.get("mains") == mains)

    @property
    def homes(self) -> dict[str, Any] | None:
        """What was kept as `homes`, as long as nothing changed that all rest on."""
        return self._known.get("homes") if self._changed.isdisjoint(self._known.get("common", [])) else None

    def unchanged(self, mains: Iterable[str]) -> dict[str, str]:
        """Of these combs those that are what is there, with their names."""
        combs, changed = self._known.get("combs", {}), self._changed
        if not changed.isdisjoint(self._known.get("common", [])):
            return {}
        return {main: combs[main][0] for main in mains if main in combs and changed.isdisjoint(combs[main][1])}

    @property
    def said(self) -> dict[str, Any]:
        """What was kept of files by path, of those that did not change."""
        paths = self._known.get("paths", [])
        return {paths[place]: one for place, one in self._known.get("said", ()) if place not in self._changed}

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
        said: Mapping[str, Any] | None = None,
    ) -> None:
        """Keep that these combs are what is there, each by its main file, with its name and all paths that say so.

        All rest on the paths `common`; `begun` is when the run began, in nanoseconds since 1970. `said` is what files
        among all of these paths say.
        """
        if self._directory is None:
            return
        stamps = Stamps(begun)
        below = directories_below(tops)
        everywhere = stamps.places(sorted(common))
        if everywhere is None:
            return
        kept: dict[str, tuple[str, list[int]]] = {}
        for main, (name, paths) in combs.items():
            places = stamps.places(paths)
            if places is not None:
                kept[main] = (name, places)
        whole = {
            "directories": stamps.places(sorted(below)) if below is not None else [],
            "mains": sorted(mains),
            "common": everywhere,
            "combs": kept,
            "paths": list(stamps.noted),
            "stamps": list(stamps.noted.values()),
            "homes": homes or {},
            "said": stamps.said(said or {}),
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
