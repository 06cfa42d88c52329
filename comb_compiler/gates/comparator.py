"""A user's comparator: a Python function of two values that says whether they are the same, in a process of its own.

The process has the two values and nothing else of a gate: no request, no sample, no other field. What it may take is
bounded, and one that hangs, dies or says anything but True or False has no answer: then nothing is decided.
"""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from time import monotonic
from typing import Any, NamedTuple

from google.protobuf.descriptor_pb2 import FileDescriptorSet

from comb_compiler.gates.comparator_process import Frames, Reply, packed
from comb_compiler.gates.rules import Incomparable

__all__ = ["Limits", "Outside"]


class Limits(NamedTuple):
    """Seconds to be imported in, for one comparison and for all of them; bytes of memory; bytes that it may write."""

    start: float = 60.0
    one: float = 10.0
    all: float = 600.0
    memory: int = 1 << 30
    written: int = 1 << 24


_LIMITS = Limits()


class Outside:
    """A function `package.module:name` of a directory, started when it is first asked. To be closed."""

    def __init__(self, entry: str, code: Path, environment: Mapping[str, str], limits: Limits = _LIMITS) -> None:
        self._entry, self._code, self._environment, self._limits = entry, code, environment, limits
        self._process: subprocess.Popen[bytes] | None = None
        self._frames: Frames | None = None
        self._log: Any = None
        self._field: Any = None
        self._failed = ""
        self._spent = self._seconds = 0.0

    def is_same(self, field: Any, before: Any, after: Any) -> bool:
        """What the function says of a field (its descriptor) of two messages. Raises Incomparable."""
        if self._failed:
            raise Incomparable(self._failed)
        began = monotonic()
        try:
            if self._frames is None:
                self._start()
            if self._field is not field:
                self._tell(field)
            reply = self._said("ask", packed(field, before), packed(field, after))
        except OSError as problem:
            raise self._ended(self._why(problem)) from problem
        self._spent += monotonic() - began
        if reply.error:
            raise self._ended(reply.error)
        if self._spent > self._limits.all:
            raise self._ended(f"all its comparisons together take more than {self._limits.all:g} s")
        return reply.is_same

    def flaw(self) -> str:
        """Why it cannot be asked anything; empty where it can."""
        try:
            self._start()
        except Incomparable as problem:
            return str(problem)
        except OSError as problem:
            return self._why(problem)
        return ""

    def close(self) -> None:
        """End the process, and what it started."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.kill()
            self._process.wait()
        for one in (self._frames, self._log):
            if one is not None:
                one.close()
        self._process = self._frames = self._log = self._field = None

    def _start(self) -> None:
        ours, theirs = socket.socketpair()
        self._log = tempfile.TemporaryFile()  # noqa: SIM115  which close() closes
        limits = f"{self._limits.memory},{self._limits.written}"
        command = [sys.executable, "-P", "-m", "comb_compiler.gates.comparator_process"]
        command += [str(theirs.fileno()), str(self._code), self._entry, limits]
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603  an entry point has the form of names
                command,
                cwd=self._code,
                env=dict(self._environment),
                stdin=subprocess.DEVNULL,
                stdout=self._log,
                stderr=self._log,
                pass_fds=(theirs.fileno(),),
                start_new_session=True,
            )
        self._frames = Frames(ours)
        self._may_take(self._limits.start)
        reply = self._said()
        if reply.error:
            raise self._ended(reply.error)
        self._may_take(self._limits.one)

    def _tell(self, field: Any) -> None:
        """What it is asked about from now on."""
        reply = self._said("tell", _files(field.file).SerializeToString(), field.containing_type.full_name, field.name)
        assert not reply.error
        self._field = field

    def _may_take(self, seconds: float) -> None:
        assert self._frames is not None
        self._seconds = seconds
        self._frames.may_take(seconds)

    def _said(self, *parts: bytes | str) -> Reply:
        assert self._frames is not None
        for part in parts:
            self._frames.write(part.encode() if isinstance(part, str) else part)
        return Reply.read(self._frames.read())

    def _why(self, problem: OSError) -> str:
        assert self._process is not None
        if isinstance(problem, TimeoutError):
            return f"nothing came of it in {self._seconds:g} s"
        code = self._process.wait()
        said = f"signal {-code}" if code < 0 else f"exit code {code}"
        return f"its process ended with {said}{self._last_words()}"

    def _last_words(self) -> str:
        self._log.seek(max(0, self._log.seek(0, os.SEEK_END) - _LONGEST))
        lines = [line for line in self._log.read().decode("utf-8", "replace").split("\n") if line.strip()]
        return f": {lines[-1].strip()[:_LONGEST]}" if lines else ""

    def _ended(self, why: str) -> Incomparable:
        self._failed = f"the comparator `{self._entry}` has no answer: {why}"
        self.close()
        return Incomparable(self._failed)


_LONGEST = 400


def _files(file: Any) -> FileDescriptorSet:
    """A file and all that it imports, each after what it needs."""
    found: dict[str, bytes] = {}

    def add(one: Any) -> None:
        if one.name not in found:
            for needed in one.dependencies:
                add(needed)
            found[one.name] = one.serialized_pb

    add(file)
    made = FileDescriptorSet()
    for content in found.values():
        made.file.add().ParseFromString(content)
    return made
