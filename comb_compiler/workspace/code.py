"""Asking operators' code what it declares, in a process of its own: it is anyone's code, and importing it runs it."""

import contextlib
import json
import os
import posixpath
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from typing import Any

from comb_compiler.spec.code import Question
from comb_compiler.workspace.checkout import Checkout
from comb_compiler.workspace.errors import OutsideFailure

__all__ = ["describe_code"]

_SECONDS = 120


def describe_code(
    checkout: Checkout, main: str, asked: Sequence[Question], seconds: float = _SECONDS
) -> dict[str, Mapping[str, Any]]:
    """What the code of the comb `main` declares, by entry point; modules are looked for beside comb.yaml first.

    Code that ends the process, or is not imported within `seconds`, is told as such. What it starts ends with it.
    Raises OutsideFailure where no process can be started.
    """
    if not asked:
        return {}
    together = _ask(checkout, main, asked, seconds)
    if isinstance(together, dict):
        return together
    if len(asked) == 1:
        return {asked[0].entry: {"entry": asked[0].entry, "reasons": [together]}}
    alone = (describe_code(checkout, main, [question], seconds) for question in asked)
    return {entry: answer for answers in alone for entry, answer in answers.items()}


def _ask(
    checkout: Checkout, main: str, asked: Sequence[Question], seconds: float
) -> dict[str, Mapping[str, Any]] | str:
    """The answers, or why there are none."""
    directory = os.path.join(checkout.root, posixpath.dirname(main))
    params = json.dumps({question.entry: question.params for question in asked})
    command = [sys.executable, "-P", "-m", "comb_compiler.runtime.describe", "--path", directory, "--params", params]
    status, answer, log = _run([*command, "--", *(question.entry for question in asked)], directory, seconds)
    if status is None:
        return f"importing it takes more than {seconds:g} seconds"
    if status < 0:
        return f"importing it kills the process ({signal.Signals(-status).name})"
    try:
        answers = json.loads(answer)["operators"]
        return {answer["entry"]: answer for answer in answers}
    except (ValueError, KeyError, TypeError):
        words = log.decode("utf-8", "replace").strip().split("\n")[-1]
        return f"importing it ends the process ({words or f'status {status}'})"


def _run(command: Sequence[str], directory: str, seconds: float) -> tuple[int | None, bytes, bytes]:
    """Its exit status (None where it has none in time), its output and its log.

    To files: a pipe ends only with the last process that has it, and the code may have started some.
    """
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as log:
        try:
            process = subprocess.Popen(  # noqa: S603  entry points have the form of names
                command, cwd=directory, stdin=subprocess.DEVNULL, stdout=output, stderr=log, start_new_session=True
            )
        except OSError as problem:
            raise OutsideFailure(f"the operators' code cannot be asked: {problem.strerror}") from problem
        try:
            status = process.wait(seconds)
        except subprocess.TimeoutExpired:
            status = None
        finally:
            process.kill()
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        output.seek(0)
        log.seek(0)
        return status, output.read(), log.read()
