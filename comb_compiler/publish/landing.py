"""A change → the head of the environment repository's branch, however many others publish at the same time."""

import random
import time
from collections.abc import Callable
from typing import NamedTuple

from comb_compiler.diagnostics.render.printable import printable
from comb_compiler.publish.errors import PublishError, Refused, quoted
from comb_compiler.publish.git import GitFailed
from comb_compiler.publish.mirror import Mirror, Pushed
from comb_compiler.publish.signing import Trust, check_signed, signs
from comb_compiler.publish.trees import Graft, write_tree

__all__ = ["Change", "Identity", "Publication", "check_history", "land"]

_MOST_SECONDS = 300.0
_MOST_RIVALS = 12
"""Of more it is not worth knowing: whoever thinks them many still waits when few are left. Of 8 to 64 rivals the last
is done soonest with about so many (simulated).
"""
_LONGEST_WAIT = 15.0
_MOST_NAMED = 3


class Identity(NamedTuple):
    """Whose name a commit has, and the key that signs it: the file of an SSH key, or an OpenPGP key's fingerprint."""

    name: str
    mail: str
    key: str | None = None


class Publication(NamedTuple):
    """The head after publishing, whether it moved, and how many races were lost before it did."""

    commit: str
    changed: bool
    races: int = 0


class Change(NamedTuple):
    """What is to become of the paths that it touches, and the commit's message."""

    grafts: tuple[Graft, ...]
    message: str


Build = Callable[[str | None], Change]
"""The change on top of a commit, or of nothing."""


def land(mirror: Mirror, build: Build, trust: Trust, identity: Identity) -> Publication:
    """Build the change on the branch's head and push it, again and again until no rival was faster.

    Raises Refused where the repository or its history is not right or the server will not, PublishError where
    something outside fails. Either way nothing has changed, but where the last words of the server were not heard: then
    the message says so.
    """
    end = time.monotonic() + _MOST_SECONDS
    first: str | None = None
    for races in range(1000):
        began = time.monotonic()
        head = check_history(mirror, trust)
        first = first or head
        commit = _commit(mirror, head, build(head), identity)
        if commit is None:
            assert head is not None
            return Publication(head, changed=False, races=races)
        if trust.publishers:
            _check_own(mirror, trust, commit)
        if _pushed(mirror, commit):
            mirror.note(commit, trust.publishers)
            return Publication(commit, changed=True, races=races)
        if time.monotonic() > end:
            break
        _wait(mirror.count(first, head), races, time.monotonic() - began)
    raise PublishError("others published faster, again and again, and nothing was changed")


def _wait(landed: int, races: int, cycle: float) -> None:
    """Wait so long that of all who try about one tries at a time.

    How many there are nobody knows: at least as many as have landed meanwhile, and with every race that is lost it is
    likely to be twice as many. `cycle` is what one attempt takes.
    """
    rivals = min(max(landed, 2**races, 1), _MOST_RIVALS)
    time.sleep(random.uniform(0, min(2 * rivals * cycle, _LONGEST_WAIT)))  # noqa: S311  jitter is no secret


def check_history(mirror: Mirror, trust: Trust) -> str | None:
    """The branch's head on the server; its history continues what was seen, and trusted publishers signed what is new.

    Where nothing was seen yet, or others were trusted then, the head's signature stands for what it follows: whoever
    signed it checked that.
    """
    head = mirror.fetch()
    if head is None:
        _check_empty(mirror)
        return None
    noted = seen, signed = mirror.seen, mirror.signed(trust.publishers)
    floor = _floor(mirror, trust, head)
    if floor is not None:
        seen = signed = floor
    for known in filter(None, (seen, signed)):
        if not mirror.contains(head, known):
            raise Refused(
                f"the history of the environment repository was rewritten: {known[:12]} is no longer in it",
                f"look at it; if it is right, say so with --trusted {head}",
            )
    if trust.publishers and signed != head:
        check_signed(mirror.git, trust.publishers, *([f"{signed}..{head}"] if signed else ["-1", head]))
    if noted != (head, head if trust.publishers else None):
        mirror.note(head, trust.publishers)
    return head


def _check_empty(mirror: Mirror) -> None:
    """Raises Refused where the branch is not there, and that is not since the repository is new."""
    branch, known = mirror.reach.branch, mirror.seen
    if known is not None:
        raise Refused(
            f"the environment repository's branch `{branch}` is gone: it was there before",
            f"have it restored; if it is to begin anew, remove {mirror.git.directory.parent}, which knows it",
        )
    others = mirror.branches()
    if others and branch not in others:  # else somebody has just made it
        named = ", ".join(f"`{printable(one)}`" for one in others[:_MOST_NAMED])
        raise Refused(
            f"the environment repository has no branch `{branch}`, and has {named}",
            "say which it is, `environmentRepository.branch` in platform.yaml; or make it, with a file in `clusters/`",
        )


def _floor(mirror: Mirror, trust: Trust, head: str) -> str | None:
    """The commit up to which somebody looked at history himself, if anybody did."""
    if trust.floor is None:
        return None
    if not mirror.contains(head, trust.floor):  # as long as it is shallow, what is here may not be joined
        mirror.fetch_history()
    if not mirror.has(trust.floor):
        raise Refused(f"--trusted {trust.floor}: the environment repository has no such commit")
    return trust.floor


def _commit(mirror: Mirror, head: str | None, change: Change, identity: Identity) -> str | None:
    """The commit of the change; None where it changes nothing."""
    git = mirror.git
    tree = write_tree(git, head, change.grafts)
    if head is not None and tree == git("rev-parse", f"{head}^{{tree}}").decode("ascii").strip():
        return None
    named = {
        f"GIT_{role}_{field}": value
        for role in ("AUTHOR", "COMMITTER")
        for field, value in (("NAME", identity.name), ("EMAIL", identity.mail))
    }
    parents = ("-p", head) if head is not None else ()
    settings, signed = signs(identity.key) if identity.key is not None else ((), ())
    command = (*settings, "commit-tree", *signed, *parents, "-F", "-", tree)
    try:
        out = git(*command, given=change.message.encode(), more=named)
    except GitFailed as problem:
        if not signed:
            raise
        raise Refused(
            "the commit cannot be signed with the key that is given",
            f"it must be there, not have expired, and need no passphrase that nobody can be asked for\n"
            f"{quoted(problem.said)}",
        ) from problem
    return out.decode("ascii").strip()


def _check_own(mirror: Mirror, trust: Trust, commit: str) -> None:
    try:
        check_signed(mirror.git, trust.publishers if trust.writers is None else trust.writers, "-1", commit)
    except Refused as problem:
        who = "the trusted publishers'" if trust.writers is None else "those who may publish in an emergency"
        raise Refused(
            f"the key that signs is none of {who} in platform.yaml",
            "sign with one of theirs, or have its public half added to `environmentRepository.publishers`",
        ) from problem


def _pushed(mirror: Mirror, commit: str) -> bool:
    """Whether the commit is in the branch now; asks the server where the push did not say."""
    outcome, said = mirror.push(commit)
    if outcome is not Pushed.UNCLEAR:
        return outcome is Pushed.LANDED
    try:
        head = mirror.fetch()
    except PublishError as problem:
        unknown = f"whether {commit[:12]} was taken is not known: run it again, nothing is done twice"
        raise PublishError(f"the push failed, and {unknown}\n{said}".rstrip()) from problem
    if head is not None and mirror.contains(head, commit):
        return True
    unfinished = "the server has not taken it so far: run it again, nothing is done twice"
    raise PublishError(f"the push failed, and {unfinished}\n{said}".rstrip())
