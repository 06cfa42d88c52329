"""The processes that send, from outside: steps go in, what was observed comes out."""

import json
import os
import secrets
import subprocess
import sys
import tempfile
from base64 import b64decode
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from threading import Timer
from typing import IO, Any, Self

from comb_compiler.load.calls import Refused
from comb_compiler.load.model import Job, Observed, Step
from comb_compiler.load.results import LATENESS, StepResult, result

__all__ = ["Generator", "GeneratorFailed"]

_ARRIVING = 300.0
_PATIENCE = 900.0
_COMMAND = (sys.executable, "-m", "comb_compiler.load.process")


class GeneratorFailed(Exception):
    """The generator itself did not do its work; the message says why. Nothing is known of the target."""


class Generator:
    """Processes of its own, as long as the context lasts; one step at a time, against whatever target.

    With `workers`, locust's master and so many workers share each step; they find each other on 127.0.0.1. What they
    say to each other is not encrypted, and locust does not ask who speaks; a token that only they know keeps others
    from taking a worker's place.
    """

    def __init__(self, workers: int = 0, lateness: float = LATENESS) -> None:
        self._workers, self._lateness = workers, lateness
        self._job: Job | None = None
        self._stack = ExitStack()
        self._process: subprocess.Popen[bytes] | None = None
        self._said: IO[bytes] | None = None

    def __enter__(self) -> Self:
        with self._stack:
            self._said = self._stack.enter_context(tempfile.TemporaryFile())
            self._begin(secrets.token_hex())
            self._stack = self._stack.pop_all()
        return self

    def _begin(self, token: str) -> None:
        role = ("lead", "--workers", str(self._workers)) if self._workers else ("alone",)
        self._process = self._start(*role)
        self._write(token)
        if not self._workers:
            return
        port = self._read(_ARRIVING)["port"]
        for _ in range(self._workers):
            follower = self._start("follow", "--port", str(port))
            assert follower.stdin is not None
            follower.stdin.write(json.dumps(token).encode() + b"\n")
            follower.stdin.flush()

    def _start(self, *role: str) -> subprocess.Popen[bytes]:
        assert self._said is not None
        process = subprocess.Popen(  # noqa: S603  the program is our own Python
            [*_COMMAND, *role], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._said, env=_environment()
        )
        self._stack.callback(_end, process)
        return process

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def run(self, job: Job, step: Step) -> StepResult:
        """Offer a step to its end. Raises Refused where the target takes no connection, and GeneratorFailed."""
        return result(step, *self.observe(job, step), lateness=self._lateness)

    def observe(self, job: Job, step: Step) -> tuple[Observed, tuple[str, ...]]:
        """Each request of a step, and the generator's own faults that it knows of. Raises as `run` does."""
        told = None if job is self._job else job.as_json()
        self._job = job
        self._write({"job": told, "step": step._asdict()})
        form = self._read(step.seconds + step.timeout + _PATIENCE)
        if "refused" in form:
            raise Refused(form["refused"])
        lost = form.pop("lost")
        columns = {name: b64decode(one) if isinstance(one, str) else one for name, one in form.items()}
        return Observed.from_bytes(columns), (lost,) if lost else ()

    def _write(self, what: Mapping[str, Any] | str) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(what).encode() + b"\n")
            self._process.stdin.flush()
        except OSError as error:
            raise GeneratorFailed(self._why()) from error

    def _read(self, patience: float) -> dict[str, Any]:
        assert self._process is not None
        assert self._process.stdout is not None
        timer = Timer(patience, self._process.kill)
        timer.start()
        try:
            line = self._process.stdout.readline()
        finally:
            timer.cancel()
        if not line:
            raise GeneratorFailed(self._why())
        form: dict[str, Any] = json.loads(line)
        if "failed" in form:
            raise GeneratorFailed(form["failed"])
        return form

    def _why(self) -> str:
        assert self._process is not None
        assert self._said is not None
        status = self._process.wait()
        self._said.seek(0)
        told = self._said.read().decode(errors="replace").strip().split("\n")[-1]
        return f"the load generator ended with status {status}" + (f": {told}" if told else "")


def _end(process: subprocess.Popen[bytes]) -> None:
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with suppress(OSError):  # it may have ended already
                pipe.close()
    try:
        process.wait(10.0)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _environment() -> dict[str, str]:
    """Locust reads settings from its environment; those of whoever started this are none of ours."""
    return {name: value for name, value in os.environ.items() if not name.startswith("LOCUST_")}
