"""`comb fix --from REPORT`: what a load gate's guide advises, applied to the file that it was about."""

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

from comb_compiler.cli.drafts import Drafts
from comb_compiler.cli.exits import UsageError
from comb_compiler.diagnostics import Fix
from comb_compiler.diagnostics.fixes import repair_files
from comb_compiler.diagnostics.render.json import read_fix
from comb_compiler.source.sourceset import Unavailable

__all__ = ["advise"]


def advise(drafts: Drafts, report: str, number: int) -> str:
    """Change `drafts` by advice `number` of a report, counted from 1; what that writes. Raises UsageError."""
    file = Path(report, "report.json") if Path(report).is_dir() else Path(report)
    guide = _guide(file)
    fix = _fix(file, guide, number)
    for name, digest in guide["files"].items():
        content = drafts.read(name)
        if isinstance(content, Unavailable) or sha256(content).hexdigest() != digest:
            raise UsageError(f"--from {report}: {name} is another than the load gate ran: run it again")
    texts = {
        name: bytes(content).decode("utf-8", "replace").removeprefix("\ufeff")
        for name in {edit.span.file for edit in fix.edits}
        if not isinstance(content := drafts.read(name), Unavailable)
    }
    repairs = repair_files(texts, [fix])
    if not repairs.applied:
        raise UsageError(f"--from {report}: its advice does not fit the file")
    for name, text in repairs.texts.items():
        drafts.change(name, text)
    return fix.title


def _guide(file: Path) -> dict[str, Any]:
    """The guide of a report's load gate."""
    try:
        gates = json.loads(file.read_bytes())["gates"]
        steps = [step for one in gates if one["load"] is not None for step in one["load"]["steps"]]
        guides = [one["guide"] for one in steps if one["guide"] is not None]
    except OSError as problem:
        raise UsageError(f"--from {file}: it cannot be read: {problem.strerror}") from problem
    except (ValueError, TypeError, KeyError, RecursionError) as problem:
        raise UsageError(f"--from {file}: it is no report of gates") from problem
    if not guides:
        raise UsageError(f"--from {file}: it has no guide: `comb gate load` writes one")
    if not isinstance(guides[-1], dict):
        raise UsageError(f"--from {file}: it is no report of gates")
    return guides[-1]


def _fix(file: Path, guide: dict[str, Any], number: int) -> Fix:
    try:
        advice, files = list(guide["advice"]), dict(guide["files"])
        if not 1 <= number <= len(advice):
            told = f"there is no advice {number}: there {'is' if len(advice) == 1 else 'are'} {len(advice) or 'none'}"
            raise UsageError(f"--advice {number}: {told}")
        form = advice[number - 1]["fix"]
        fix = None if form is None else read_fix(form)
        is_whole = fix is None or all(edit.span.file in files for edit in fix.edits)
    except (ValueError, TypeError, KeyError) as problem:
        raise UsageError(f"--from {file}: it is no report of gates") from problem
    if fix is None:
        raise UsageError(f"--advice {number}: it has no edit: what it says is to be written by hand")
    if not is_whole:
        raise UsageError(f"--from {file}: it edits files that it does not name")
    return fix
