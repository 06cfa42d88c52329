"""After a merge: whether what gates found of a comb is about what was merged, and by the exam that holds there.

What they found may be anyone's. A statement holds where its subject, worked out anew, is that of the checkout, and
where since the commit that its exam was taken from nothing has changed of what the comb reads: neither samples nor
rules are others then.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from comb_compiler.cli.against import name_of
from comb_compiler.cli.ci.change import Change, changed_between
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

__all__ = ["Held", "Merge", "held"]

_MOST_BYTES = 4 << 20
_EVER = datetime(9999, 1, 1, tzinfo=UTC)


class Merge(NamedTuple):
    """What was merged: the checkout, and the branch before it, with what is remembered and the platform's file.

    `needs_evidence` is whether also that has to be proven again of which the subject is as before the merge.
    """

    checkout: Checkout
    change: Change
    past: Past
    platform: str | None
    memo: Memo
    needs_evidence: bool


class Held(NamedTuple):
    """A comb by its name and file: the statements that hold, and the subjects that have to be proven, each with why.

    `is_proven` is whether statements hold of all its subjects. Where a comb asks for no gate there are none.
    """

    name: str
    main: str
    statements: tuple[str, ...]
    lacking: Mapping[str, str]
    is_proven: bool


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
        try:
            statement = read_json(read_written(out, parts, _MOST_BYTES))
            _must_be_about(statement, about, gates_of, resources, merge)
            _must_be_by_this_exam(statement["predicate"].get("baseline"), comb, main, merge)
            statements.append(str(out.joinpath(*parts)))
        except BadReport as reason:
            lacking[first] = printable(str(reason))
    is_proven = bool(statements) and not lacking
    if not merge.needs_evidence:
        before = subjects_before(main, merge.checkout, merge.past, merge.memo).values()
        lacking = {name: why for name, why in lacking.items() if subjects[name] not in before}
    return Held(comb, main, tuple(statements), lacking, is_proven)


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


def _must_be_by_this_exam(baseline: Any, comb: str, main: str, merge: Merge) -> None:
    """The exam is that of the commit before the merge, as far as the comb is concerned."""
    commit = baseline.get("commit") if isinstance(baseline, dict) else None
    if commit == merge.change.commit:
        return
    if not isinstance(commit, str):
        if any(name_of(path, merge.past.read(path)) == comb for path in merge.past.named(COMB_FILE)):
            raise BadReport("its gates do not say by which commit's exam they asked, and the comb is not new")
        return
    files = changed_between(merge.checkout.root, commit, merge.change.commit)
    if files is None:
        raise BadReport("its exam is of a commit that the branch did not have before the merge")
    with Past(merge.checkout.root, commit) as then:
        where = merge.checkout, then
        rested = rested_on(*where, merge.platform, files, merge.memo) if merge.platform is not None else ()
        if touched(*where, [main], files, rested, merge.memo):
            raise BadReport("what it is asked, or by which rules, has changed since")
