"""What is published, and this Comb on the same sources: what a new Comb changes by itself, before it is adopted."""

from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING

from comb_compiler.cli.exits import UsageError
from comb_compiler.cli.plan_bases import Base, Given, Then, Unrendered
from comb_compiler.cli.plan_opening import Here, past_platform
from comb_compiler.compiler.render import RenderedCluster
from comb_compiler.release.place import Place
from comb_compiler.workspace.past import Past
from comb_compiler.workspace.revision import find_commit

if TYPE_CHECKING:
    from comb_compiler.publish import Mirror

__all__ = ["PublishedFrom", "commit_of_publications", "commit_that_is_named"]

CommitOf = Callable[[Place], str]
"""The commit of the sources that a place was published from; empty where nobody knows it."""


class PublishedFrom:
    """Combs at the commits that they were published from. One commit is open at a time."""

    def __init__(self, here: Here, base: Base, commit_of: CommitOf) -> None:
        self._here = here
        self._base = base
        self._commit_of = commit_of
        self._stack = ExitStack()
        self._then: tuple[str, Then] | None = None

    def close(self) -> None:
        """Let go of the commit that is open."""
        self._stack.close()

    def again(self, main: str, environment: str, after: RenderedCluster) -> tuple[RenderedCluster | None, str]:
        """What this Comb makes of the same sources with the same images."""
        commit = self._commit_of(after.place)
        if not commit:
            return None, "nobody knows what it was published from: what this Comb does by itself is not told apart"
        if find_commit(self._here.checkout.root, commit) is None:
            return (
                None,
                f"it was published from {commit[:12]}, which is not here: fetch it, to tell this Comb's part apart",
            )
        try:
            found = self._at(commit).clusters(main, environment, after.place.comb)
        except Unrendered as problem:
            return None, f"with this Comb {problem}"
        there = next((one for one in found if one.place == after.place), None)
        return there, "" if there is not None else f"at {commit[:12]} it was not in this cluster"

    def _at(self, commit: str) -> Then:
        if self._then is None or self._then[0] != commit:
            self._stack.close()
            past = self._stack.enter_context(Past(self._here.checkout.root, commit))
            then = _Then(f"`{commit[:12]}`", past, past_platform(past, self._here), None, self._here.memo)
            then.base = self._base
            self._then = (commit, then)
        return self._then[1]


class _Then(Then):
    """With the images that run."""

    base: Base

    def images(self, environment: str, name: str) -> Given:
        """Those of what is published."""
        return self.base.images(environment, name)


def commit_that_is_named(root: str, revision: str) -> CommitOf:
    """One for all places. Raises UsageError where there is none of that name."""
    commit = find_commit(root, revision)
    if commit is None:
        raise UsageError(f"--published-from {revision}: there is no such revision here")
    return lambda _: commit


def commit_of_publications(mirror: "Mirror", head: str | None) -> CommitOf:
    """As the commits of the environment repository say it."""
    known: dict[str, str] = {}
    if head is not None:
        mirror.fetch_history()
        out = mirror.git("log", "--first-parent", "--reverse", "--format=%(trailers:only,unfold)%x00", head, "--")
        for trailers in out.decode("utf-8", "replace").split("\0"):
            pairs = [line.strip().partition(": ")[::2] for line in trailers.split("\n") if ": " in line]
            named = dict(pairs)
            source = "" if "Comb-Source-Modified" in named else named.get("Comb-Source-Commit", "")
            known |= {value.rpartition(" ")[0]: source for name, value in pairs if name == "Comb-Release"}
    return lambda place: known.get(place.directory, "")
