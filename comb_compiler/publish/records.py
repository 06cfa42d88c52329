"""What the history of the environment repository says of a comb: one record for each commit that was about it."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from comb_compiler.publish.landing import check_history
from comb_compiler.publish.mirror import Mirror
from comb_compiler.publish.owned import Held
from comb_compiler.publish.signing import Trust
from comb_compiler.release.place import Place

__all__ = ["Record", "history", "published_at", "recorded"]

_TRAILER = re.compile(r"(Comb-[A-Za-z-]+): (.*)")
_FORMAT = "--format=%H%x00%cI%x00%cn%x00%s%x00%(trailers:only,unfold)%x00%x00"


class Record(NamedTuple):
    """A commit about a comb: `releases` are the digests by directory, `retired` the directories that it emptied.

    All of it is what the commit says; whether that is so, signatures and the files tell.
    """

    commit: str
    time: str
    by: str
    title: str
    releases: dict[str, str]
    retired: tuple[str, ...]
    source: str
    modified: bool
    repository: str
    facts: tuple[tuple[str, str], ...]

    @property
    def moment(self) -> str:
        """The time as people read it: `2026-11-27 08:00:12Z` where it was told in UTC."""
        return self.time.replace("T", " ").replace("+00:00", "Z")


def history(mirror: Mirror, places: Sequence[Place], trust: Trust) -> list[Record]:
    """The records of a comb in `places`, the newest first. Raises Refused where the history is not right."""
    head = check_history(mirror, trust)
    return recorded(mirror, head, places) if head is not None else []


def recorded(mirror: Mirror, head: str, places: Sequence[Place]) -> list[Record]:
    """The same up to a head that was fetched and checked."""
    mirror.fetch_history()
    out = mirror.git("log", "--first-parent", _FORMAT, head, "--").decode("utf-8", "replace")
    directories = {place.directory for place in places}
    records = (_record(one.lstrip("\n"), directories) for one in out.split("\0\0\n") if one.strip("\0\n"))
    return [one for one in records if one.releases or one.retired]


def published_at(mirror: Mirror, there: Held) -> float:
    """When what a place holds was committed, in seconds since 1970; 0 where no commit says so."""
    assert there.release is not None
    assert there.commit is not None
    mirror.fetch_history()
    trailer = f"Comb-Release: {there.place.directory} {there.release.digest}"
    out = mirror.git("log", "-1", "--format=%ct", "--fixed-strings", f"--grep={trailer}", there.commit, "--")
    return float(out.strip() or 0)


def _record(text: str, directories: set[str]) -> Record:
    commit, time, by, title, trailers = text.split("\0")[:5]
    found = filter(None, map(_TRAILER.fullmatch, trailers.split("\n")))
    facts = tuple((str(one[1]), str(one[2])) for one in found)
    pairs = (value.rpartition(" ") for name, value in facts if name == "Comb-Release")
    releases = {directory: digest for directory, _, digest in pairs if directory in directories}
    retired = tuple(value for name, value in facts if name == "Comb-Retired" and value in directories)
    named = dict(facts)
    source, modified = named.get("Comb-Source-Commit", ""), "Comb-Source-Modified" in named
    repository = named.get("Comb-Source-Repository", "")
    return Record(commit, time, by, title, releases, retired, source, modified, repository, facts)
