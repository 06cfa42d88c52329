"""The process that sends, from outside: steps go in, what was observed comes out."""

import json
import os
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

__all__ = ["Generator", "GeneratorFailed"]

_PATIENCE = 60.0
_COMMAND = (sys.executable, "-m", "comb_compiler.load.process")


class GeneratorFailed(Exception):
    """The generator itself did not do its work; the message says why. Nothing is known of the target."""


class Generator:
    """A process of its own for one target, as long as the context lasts. One step at a time."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._stack = ExitStack()
        self._process: subprocess.Popen[bytes] | None = None
        self._said: IO[bytes] | None = None

    def __enter__(self) -> Self:
        self._said = self._stack.enter_context(tempfile.TemporaryFile())
        self._process = subprocess.Popen(  # noqa: S603  the program is our own Python
            _COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._said, env=_environment()
        )
        self._stack.callback(self._end)
        self._write(self._job.as_json())
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def run(self, step: Step) -> Observed:
        """Offer a step to its end. Raises Refused where the target takes no connection, and GeneratorFailed."""
        self._write(step._asdict())
        form = self._read(step.seconds + step.timeout + _PATIENCE)
        if "refused" in form:
            raise Refused(form["refused"])
        return Observed.from_bytes(
            {name: b64decode(one) if isinstance(one, str) else one for name, one in form.items()}
        )

    def _write(self, what: Mapping[str, Any]) -> None:
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
        return form

    def _why(self) -> str:
        assert self._process is not None
        assert self._said is not None
        status = self._process.wait()
        self._said.seek(0)
        told = self._said.read().decode(errors="replace").strip().split("\n")[-1]
        return f"the load generator ended with status {status}" + (f": {told}" if told else "")

    def _end(self) -> None:
        process = self._process
        if process is None:
            return
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with suppress(OSError):  # it may have ended already
                    pipe.close()
        try:
            process.wait(5.0)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _environment() -> dict[str, str]:
    """Locust reads settings from its environment; those of whoever started this are none of ours."""
    return {name: value for name, value in os.environ.items() if not name.startswith("LOCUST_")}
