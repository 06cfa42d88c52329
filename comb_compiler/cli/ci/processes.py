"""Commands of ours that run code of a change, each as a process: how they end is believed, and little else."""

import os
import subprocess
from collections.abc import Sequence
from tempfile import TemporaryFile

from comb_compiler.cli.ci.report import Verdict
from comb_compiler.cli.exits import Exit
from comb_compiler.diagnostics.render.printable import printable
from comb_compiler.workspace.errors import OutsideFailure

__all__ = ["said_by", "verdict_by"]

_MOST_SAID = 2000


def said_by(command: Sequence[str], root: str) -> tuple[int, str]:
    """How a command of ours ends, and what it says last on its standard error.

    What it started may outlive it and hold whatever it was given: a file, then, which nobody waits for.
    """
    try:
        with TemporaryFile() as said:
            done = subprocess.run(  # noqa: S603  the words are ours, paths, and names that comb.yaml's own rules let pass
                command, cwd=root, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=said, check=False
            )
            said.seek(max(0, said.seek(0, os.SEEK_END) - _MOST_SAID))
            text = said.read(_MOST_SAID).decode("utf-8", "replace")
    except OSError as problem:
        raise OutsideFailure(f"`comb {command[3]}` cannot be started: {problem.strerror}") from problem
    return done.returncode, printable(text.strip())


def verdict_by(code: int) -> str:
    """What the exit code of a command says by itself, where nothing else is known: never that it passed."""
    if code in (Exit.FINDINGS, Exit.USAGE):
        return Verdict.REFUSED
    return Verdict.UNDECIDED if code in (Exit.CLEAN, Exit.GATE_BLOCKS) else Verdict.FAILED
