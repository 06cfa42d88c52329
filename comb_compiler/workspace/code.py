"""Asking operators' code what it declares, in a process of its own: it is anyone's code, and importing it runs it."""

import json
import os
import posixpath
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from comb_compiler.spec.code import Question
from comb_compiler.workspace.checkout import Checkout
from comb_compiler.workspace.errors import OutsideFailure

__all__ = ["describe_code"]

_SECONDS = 120


def describe_code(checkout: Checkout, main: str, asked: Sequence[Question]) -> dict[str, Mapping[str, Any]]:
    """What the code of the comb `main` declares, by entry point; modules are looked for beside comb.yaml first.

    Code that ends or hangs the process is told as such. Raises OutsideFailure where no process can be started.
    """
    if not asked:
        return {}
    together = _ask(checkout, main, asked)
    if isinstance(together, dict):
        return together
    if len(asked) == 1:
        return {asked[0].entry: {"entry": asked[0].entry, "reasons": [together]}}
    alone = (describe_code(checkout, main, [question]) for question in asked)
    return {entry: answer for answers in alone for entry, answer in answers.items()}


def _ask(checkout: Checkout, main: str, asked: Sequence[Question]) -> dict[str, Mapping[str, Any]] | str:
    """The answers, or why there are none."""
    directory = os.path.join(checkout.root, posixpath.dirname(main))
    params = json.dumps({question.entry: question.params for question in asked})
    command = [sys.executable, "-P", "-m", "comb_compiler.runtime.describe", "--path", directory, "--params", params]
    try:
        done = subprocess.run(  # noqa: S603  entry points have the form of names
            [*command, "--", *(question.entry for question in asked)],
            cwd=directory, capture_output=True, timeout=_SECONDS, check=False, stdin=subprocess.DEVNULL,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return f"importing it takes more than {_SECONDS} seconds"
    except OSError as problem:
        raise OutsideFailure(f"the operators' code cannot be asked: {problem.strerror}") from problem
    if done.returncode < 0:
        return f"importing it kills the process ({signal.Signals(-done.returncode).name})"
    try:
        answers = json.loads(done.stdout)["operators"]
        return {answer["entry"]: answer for answer in answers}
    except (ValueError, KeyError, TypeError):
        words = done.stderr.decode("utf-8", "replace").strip().split("\n")[-1]
        return f"importing it ends the process ({words or f'status {done.returncode}'})"
