"""After a merge: whether what gates found of a comb is about what was merged, and by the exam that holds there.

What they found may be anyone's. A statement holds where its subject, worked out anew, is that of the checkout, and
where it was held against what was there before: since the commit that its exam was taken from, nothing has changed of
what the comb reads, so that neither samples nor rules are others.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from comb_compiler.cli.against import name_of
from comb_compiler.cli.ci.change import Change, changed_between, versions
from comb_compiler.cli.ci.judging import subjects_before
from comb_compiler.cli.ci.reading import read_json, read_written
from comb_compiler.cli.ci.report import BadReport
from comb_compiler.cli.ci.touched import rested_on, touched
from comb_compiler.cli.console import Console
from comb_compiler.cli.evidence.sign import subjects_in
from comb_compiler.cli.provenance import source_of
from comb_compiler.diagnostics.render.printable import printable
from comb_compiler.source.memo import Memo
from comb_compiler.workspace.checkout import Checkout
from comb_compiler.workspace.discovery import COMB_FILE
from comb_compiler.workspace.past import Past
from comb_compiler.workspace.sources import load_sources

__all__ = ["Held", "Merge", "held"]

_MOST_BYTES = 4 << 20
_NONE = "none"
_EVER = datetime(9999, 1, 1, tzinfo=UTC)


class Merge(NamedTuple):
    """What was merged: the checkout, and the branch before it, with what is remembered and the platform's file."""

    checkout: Checkout
    change: Change
    past: Past
    platform: str | None
    memo: Memo


class Lack(NamedTuple):
    """Why nothing holds of a subject, and the commit that it is to be held against; `none` where the comb is new."""

    why: str
    baseline: str


class Held(NamedTuple):
    """A comb by its name and file: the statements that hold, and the subjects of which none does.

    Also what is as before the merge has to be proven: nobody keeps what gates said of it then, or whether they did.
    Where a comb asks for no gate there are neither.
    """

    name: str
    main: str
    statements: tuple[str, ...]
    lacking: Mapping[str, Lack]


def held(main: str, out: Path, merge: Merge, console: Console) -> Held | None:
    """What of `out/gates` holds for a comb; None where it has mistakes, which are shown."""
    found = subjects_in([str(Path(merge.checkout.root, main))], console)
    if found is None:
        return None
    subjects, gates_of, resources, _ = found
    comb = next(iter(subjects))
    statements, lacking = [], {}
    for digest in dict.fromkeys(subjects.values()) if gates_of[comb] else ():
        about = {name: digest for name, one in subjects.items() if one == digest}
        first = next(iter(about))
        parts = ["gates", *first.split("/"), "statement.json"]
        baseline = _baseline(digest, comb, main, merge)
        try:
            statement = read_json(read_written(out, parts, _MOST_BYTES))
            _must_be_about(statement, about, gates_of, resources, merge)
            _must_be_by_this_exam(statement["predicate"].get("baseline"), baseline, main, merge)
            statements.append(str(out.joinpath(*parts)))
        except BadReport as reason:
            lacking[first] = Lack(printable(str(reason)), baseline)
    return Held(comb, main, tuple(statements), lacking)


def _baseline(digest: str, comb: str, main: str, merge: Merge) -> str:
    """The newest commit before the merge whose comb is another than this subject, so that answers can be compared."""
    home = str(Path(main).parent)
    paths = [home, *load_sources(merge.checkout, main, merge.memo).files]
    for commit in versions(merge.checkout.root, merge.change.commit, paths):
        with Past(merge.checkout.root, commit) as past:
            before = subjects_before(main, merge.checkout, past, merge.memo)
            if before.get(comb, digest) != digest:
                return commit
            if not before and not any(name_of(path, past.read(path)) == comb for path in past.named(COMB_FILE)):
                return _NONE
    return _NONE


def _must_be_about(
    statement: Any,
    about: Mapping[str, str],
    gates_of: Mapping[str, Sequence[str]],
    resources: Mapping[str, str],
    merge: Merge,
) -> None:
    from comb_compiler.gates.statements import BadStatement, merged

    try:
        repository = merged([statement], about, gates_of, _EVER, resources)["predicate"]["repository"]
    except BadStatement as reason:
        raise BadReport(str(reason)) from reason
    if repository != source_of(merge.checkout.root):
        raise BadReport(f"the gates asked what is in `{repository}`")


def _must_be_by_this_exam(found: Any, baseline: str, main: str, merge: Merge) -> None:
    """The exam is that of the baseline, as far as the comb is concerned."""
    commit = found.get("commit") if isinstance(found, dict) else None
    if (commit or _NONE) == baseline:
        return
    if not isinstance(commit, str) or baseline == _NONE:
        raise BadReport("its gates were not held against what was there before")
    files = changed_between(merge.checkout.root, commit, baseline)
    if files is None:
        raise BadReport("its exam is of a commit that the branch did not have before the merge")
    with Past(merge.checkout.root, commit) as then:
        where = merge.checkout, then
        rested = rested_on(*where, merge.platform, files, merge.memo) if merge.platform is not None else ()
        if touched(*where, [main], files, rested, merge.memo):
            raise BadReport("what it is asked, or by which rules, has changed since")
