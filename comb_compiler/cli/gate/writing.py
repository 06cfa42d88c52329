"""A report's files, written whole or not at all."""

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from comb_compiler.diagnostics.render.printable import encodable
from comb_compiler.gates import Case, GateReport
from comb_compiler.gates.reports import FILES, pictures_of, texts_of
from comb_compiler.workspace.errors import OutsideFailure

__all__ = ["cleared", "written"]

_MOST_PICTURED = 40
_STATEMENT = "statement.json"


def cleared(directory: Path) -> None:
    """Take an earlier run's report away: one that ends before it has one must not leave it for its own.

    Raises OutsideFailure where that cannot be.
    """
    for name in (*FILES, _STATEMENT):
        try:
            (directory / name).unlink(missing_ok=True)
        except NotADirectoryError:  # there is none, nor will be
            return
        except OSError as problem:
            said = f"an earlier report, `{directory / name}`, cannot be taken away: {problem.strerror}"
            raise OutsideFailure(said) from problem


def written(
    report: GateReport, directory: Path, cases: Mapping[str, Case], statement: Mapping[str, Any] | None = None
) -> str:
    """Where to look, in a sentence. Raises OutsideFailure where the directory cannot be written."""
    named = [one.name for gate in report.gates for one in gate.findings if one.name in cases]
    requests = {name: cases[name].request for name in dict.fromkeys(named[:_MOST_PICTURED])}
    pictures = {name: [*pictures_of(request), *texts_of(request)] for name, request in requests.items()}
    contents = {name: make(report, pictures) for name, make in FILES.items()}
    if statement is not None:
        contents[_STATEMENT] = json.dumps(statement, indent=2) + "\n"
    beginnings = {name: directory / f".{name}.{os.getpid()}" for name in contents}
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for name, beginning in beginnings.items():
            beginning.write_text(encodable(contents[name]), encoding="utf-8")
        for name, beginning in beginnings.items():
            beginning.replace(directory / name)
    except OSError as problem:
        with suppress(OSError):
            for beginning in beginnings.values():
                beginning.unlink(missing_ok=True)
        raise OutsideFailure(f"the report cannot be written to `{directory}`: {problem.strerror}") from problem
    return f"the report is in {directory / 'report.html'}"
