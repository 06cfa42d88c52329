"""Whether a publication has reached the cluster that is asked: Flux fetches some time after a push, and what it says
until then is about what was there before.
"""

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from comb_compiler.cli.exits import UsageError
from comb_compiler.cluster import Standing, Trouble

if TYPE_CHECKING:
    from comb_compiler.publish import Mirror

__all__ = ["Arrival"]

_COMMIT = re.compile(r"[0-9a-f]{7,40}")
_SOURCE = "GitRepository"


class Arrival:
    """A commit of the environment repository, or none: which revisions in clusters hold it."""

    def __init__(self, opening: "Callable[[], AbstractContextManager[Mirror]]", commit: str | None) -> None:
        """`opening` opens the repository, which is done where it has to be. Raises UsageError for what is no commit."""
        if commit is not None and not _COMMIT.fullmatch(commit):
            raise UsageError("--commit: a commit of the environment repository is wanted, as `comb publish` prints it")
        self._opening, self._commit = opening, commit
        self._holds: dict[str, bool] = {}

    def of(self, standing: Standing) -> Standing:
        """How a comb stands; nothing that was before the commit counts. Raises UsageError for a commit that is not
        there, OutsideFailure where the repository cannot be asked.
        """
        revision = standing.asked.rpartition(":")[2]
        if self._commit is None or self._is_in(revision, self._commit):
            return standing
        late = Trouble(_SOURCE, "flux-system", f"it has not fetched {self._commit[:12]} yet", is_final=False)
        return standing._replace(troubles=(late, *(one for one in standing.troubles if one.kind == _SOURCE)))

    def _is_in(self, revision: str, commit: str) -> bool:
        if revision not in self._holds:
            self._holds[revision] = revision.startswith(commit) or self._came_before(revision, commit)
        return self._holds[revision]

    def _came_before(self, revision: str, commit: str) -> bool:
        from comb_compiler.publish import Refused

        try:
            with self._opening() as mirror:
                return _contains(mirror, revision, commit)
        except Refused as refused:
            raise UsageError(str(refused)) from refused


def _contains(mirror: "Mirror", revision: str, commit: str) -> bool:
    head = mirror.fetch()
    mirror.fetch_history()
    if head is None or not mirror.contains(head, commit):
        raise UsageError(f"--commit {commit}: the environment repository has no such commit")
    return _COMMIT.fullmatch(revision) is not None and mirror.contains(revision, commit)
