"""A recorded request → the comb that answered it: the same subject, with the parameters of its environment."""

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from comb_compiler.cli.console import Console
from comb_compiler.cli.exits import UsageError
from comb_compiler.cli.gate.baseline import checked_out
from comb_compiler.cli.gate.subjects import subjects_of
from comb_compiler.cli.opening import Clean, open_clean
from comb_compiler.workspace.revision import commits_of, find_commit

if TYPE_CHECKING:
    from comb_compiler.samples.record_pb2 import Record

__all__ = ["Reproduced", "comb_of"]

_MOST_COMMITS = 50


class Reproduced(NamedTuple):
    """A comb, where it was found, and whether its subject is that of the record."""

    comb: Clean
    where: str
    is_same: bool


@contextmanager
def comb_of(record: "Record", checkout: Clean, named: str | None, console: Console) -> Iterator[Reproduced]:
    """The comb that answered a record: as it is here, or at one of the commits that touch it, those before it first.

    `named` is a directory or revision that is taken instead, whatever its subject is. Raises UsageError where there is
    none.
    """
    if named is not None:
        with _at(named, checkout, record, console) as comb:
            yield Reproduced(comb, named, _is_of(comb, record))
        return
    if not record.subject:
        raise UsageError(
            f"{record.id}: the record does not say which subject answered it, so that it cannot be looked for: "
            "name the revision that was released, with --baseline"
        )
    here = _opened(os.path.join(checkout.checkout.root, checkout.main), record)
    if here is not None and _is_of(here, record):
        yield Reproduced(here, "this checkout", is_same=True)
        return
    with _in_history(record, checkout, console) as found:
        yield found


@contextmanager
def _in_history(record: "Record", checkout: Clean, console: Console) -> Iterator[Reproduced]:
    home = os.path.dirname(checkout.main) or "."
    known = commits_of(checkout.checkout.root, home, _MOST_COMMITS)
    asked = record.time / 1e9
    # What answers was released before the request came: the newest such commit is most likely the one.
    for number, (commit, _) in enumerate(sorted(known, key=lambda one: (one[1] > asked, abs(one[1] - asked)))):
        console.progress(f"looking for subject {record.subject[:12]}: commit {number + 1} of {len(known)} …")
        with checked_out(commit, checkout) as place:
            comb = None if place is None else _opened(str(place[0] / place[1]), record)
            if comb is not None and _is_of(comb, record):
                console.progress("")
                yield Reproduced(comb, f"commit {commit[:12]}", is_same=True)
                return
    console.progress("")
    looked = f"the last {len(known)} commits that touch {home}" if known else "no history of git's"
    raise UsageError(
        f"{record.id}: what answered it is missing: subject {record.subject[:12]}"
        + (f" of release {record.release[:12]}" if record.release else "")
        + f" is neither what is in this checkout nor in {looked}; "
        "fetch its history, or name its revision with --baseline"
    )


@contextmanager
def _at(named: str, checkout: Clean, record: "Record", console: Console) -> Iterator[Clean]:
    commit = None if os.path.isdir(named) else find_commit(checkout.checkout.root, named)
    if commit is None:
        if not os.path.isdir(named):
            raise UsageError(f"--baseline {named}: no directory and no revision of this repository")
        yield _must(_opened(os.path.join(named, os.path.basename(checkout.main)), record), named)
        return
    with checked_out(commit, checkout) as place:
        yield _must(None if place is None else _opened(str(place[0] / place[1]), record), named)


def _must(comb: Clean | None, named: str) -> Clean:
    if comb is None:
        raise UsageError(f"--baseline {named}: there is no such comb without mistakes")
    return comb


def _opened(path: str, record: "Record") -> Clean | None:
    """A comb as it is in the record's environment, or as written where it has no such one; None with mistakes.

    What it has to say is not said: it is of the past.
    """
    silent = Console(io.StringIO(), io.StringIO())
    try:
        return open_clean(path, silent, "was recorded", record.environment)
    except UsageError:
        try:
            return open_clean(path, silent, "was recorded")
        except UsageError:
            return None


def _is_of(comb: Clean, record: "Record") -> bool:
    """Whether a comb, or its arm that the record names, is the subject of a record."""
    name = f"{comb.plan.comb}/{record.arm}" if record.arm else comb.plan.comb
    return subjects_of(comb).get(name) == record.subject
