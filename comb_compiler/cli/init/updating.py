"""A repository that was made of a template → the same with what the template has now: three versions are merged."""

import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from comb_compiler import __version__
from comb_compiler.cli.console import Console
from comb_compiler.cli.exits import Exit, UsageError
from comb_compiler.cli.init.former import former_template
from comb_compiler.cli.init.making import BadAnswers, File, make
from comb_compiler.cli.init.merging import merge
from comb_compiler.cli.init.placing import present, write
from comb_compiler.cli.init.recorded import FILE, Recorded, parse_recorded, recorded_bytes
from comb_compiler.cli.init.templates import digest_of, installed
from comb_compiler.cli.reporting import report
from comb_compiler.diagnostics import Diagnostic, Position, Span, codes
from comb_compiler.diagnostics.model import diagnose
from comb_compiler.diagnostics.render.printable import printable
from comb_compiler.source.sourceset import Unavailable
from comb_compiler.workspace.checkout import Checkout
from comb_compiler.workspace.errors import OutsideFailure

__all__ = ["Update", "update", "updated"]


class Update(NamedTuple):
    """Files to write, None for those to remove; and what people have to look at afterwards."""

    written: Mapping[str, File | None]
    findings: tuple[Diagnostic, ...]


def update(root: Path, given: Mapping[str, str], former: str | None, console: Console, *, ask: bool) -> int:
    """Merge what has changed between the template as it was and as it is; `given` are answers that change."""
    checkout = Checkout(root)
    content = checkout.read(FILE)
    if isinstance(content, Unavailable):
        raise UsageError(f"{root} has no {FILE}: it was not made by `comb init`")
    recorded = parse_recorded(FILE, content)
    found = (
        Update({}, (recorded,))
        if isinstance(recorded, Diagnostic)
        else _updated(root, recorded, given, former, ask=ask)
    )
    _must_be_committed(root, [*found.written])
    write(root, found.written)
    if found.written or not found.findings:
        console.result("\n".join(_told(found.written)))
    console.result(report(found.findings, "text", checkout, console))
    return Exit.FINDINGS if found.findings else Exit.CLEAN


def _updated(root: Path, recorded: Recorded, given: Mapping[str, str], former: str | None, *, ask: bool) -> Update:
    with tempfile.TemporaryDirectory(prefix="comb-init-") as directory:
        before = former_template(recorded, former, Path(directory))
        if isinstance(before, Diagnostic):
            return Update({}, (before,))
        return updated(root, recorded, before, installed() / recorded.template, given, ask=ask)


def updated(
    root: Path, recorded: Recorded, before: Path, now: Path, given: Mapping[str, str], *, ask: bool = False
) -> Update:
    """What comes of the template `now`, where `before` was; nothing is written. Raises UsageError for `given`."""
    try:
        then = make(before, root.name, recorded.answers, ask=False)
        made = make(now, root.name, {**recorded.answers, **given}, ask=ask)
    except BadAnswers as refused:
        if given:
            raise UsageError(str(refused)) from refused
        hint = "answer anew: `comb init --update --set NAME=VALUE`"
        return Update({}, (diagnose(codes.REFUSED_ANSWER, str(refused), Span.whole_file(FILE), hints=(hint,)),))
    merged = merge(then.files, present(root, {**then.files, **made.files}), made.files)
    record = Recorded(recorded.template, __version__, digest_of(now), made.answers)
    new = {} if record == recorded else {FILE: File(recorded_bytes(record))}
    return Update({**merged.written, **new}, tuple(_conflict(*one) for one in merged.conflicts.items()))


def _must_be_committed(root: Path, names: list[str]) -> None:
    """An update can be looked at and taken back by git, or is not begun."""
    if not names:
        return
    try:
        command = ["git", "status", "--porcelain", "--", *names]
        done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)  # noqa: S603  after --
    except OSError as problem:
        raise OutsideFailure("an update needs git, and it cannot be run") from problem
    if done.returncode:
        raise UsageError(f"{root} is not kept in git, which an update is looked at and taken back by")
    changed = [line[3:] for line in done.stdout.split("\n") if line]
    if changed:
        raise UsageError(f"commit first, so that the update can be told from it: {', '.join(changed)}")


def _told(written: Mapping[str, File | None]) -> list[str]:
    if not written:
        return ["nothing to update"]
    return [printable(f"{'removed' if file is None else 'updated'} {name}") for name, file in sorted(written.items())]


def _conflict(name: str, line: int) -> Diagnostic:
    if line:
        message, hint = "the template has changed the same lines as you", "keep what is right, and remove the markers"
        where = Span(name, Position(line, 1), Position(line, 1))
    else:
        message = "the template has changed this file too, and the two cannot be merged"
        hint = "it is as it was; `comb init` into an empty directory shows what is new"
        where = Span.whole_file(name)
    return diagnose(codes.TEMPLATE_CONFLICT, message, where, hints=(hint,))
