"""A service as a process, as a pod runs it."""

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, Queue

from comb_compiler.release import ExecutionPlan, plan_bytes
from tests.architecture.imports import ROOT

__all__ = ["Process", "process"]

_PATIENCE = 240.0
_ADDRESSES = re.compile(r"serving gRPC on (\S+), HTTP on ([\w.:\[\]]+)")


class Process:
    """A running service: where it listens, and what it has said."""

    def __init__(self, command: Sequence[str], cwd: Path = ROOT, env: Mapping[str, str] = os.environ) -> None:
        self._running = subprocess.Popen(
            command, cwd=cwd, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=dict(env)
        )
        self.said: list[str] = []
        self._lines: Queue[str] = Queue()
        self._reading = threading.Thread(target=self._read, daemon=True)
        self._reading.start()
        self.grpc, http = self.wait_for(_ADDRESSES)
        self.http = int(http.rpartition(":")[2])

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._running.pid

    @property
    def resident(self) -> int:
        """Bytes of memory that it holds."""
        text = Path(f"/proc/{self.pid}/status").read_text(encoding="ascii")
        found = re.search(r"VmRSS:\s+(\d+) kB", text)
        assert found is not None
        return int(found[1]) * 1024

    def wait_for(self, pattern: re.Pattern[str]) -> tuple[str, ...]:
        """The groups of the pattern in the next line that has it."""
        while True:
            try:
                line = self._lines.get(timeout=_PATIENCE)
            except Empty:
                raise AssertionError(f"it never said {pattern.pattern}, but {self.said}") from None
            if found := pattern.search(line):
                return found.groups()

    def tell(self, number: int = signal.SIGTERM) -> None:
        """Send a signal."""
        self._running.send_signal(number)

    def ended(self) -> int:
        """Its exit code, once it has ended by itself."""
        code = self._running.wait(_PATIENCE)
        self._reading.join(_PATIENCE)
        return code

    def end(self) -> None:
        """End it, whatever it does."""
        if self._running.poll() is None:
            self._running.kill()
        self._running.wait(_PATIENCE)
        self._reading.join(_PATIENCE)
        assert self._running.stderr is not None
        self._running.stderr.close()

    def _read(self) -> None:
        assert self._running.stderr is not None
        for line in self._running.stderr:
            self.said.append(line.rstrip())
            self._lines.put(line)
        self._lines.put("serving gRPC on : , HTTP on : (it ended)")


@contextmanager
def process(plan: ExecutionPlan, directory: Path, *arguments: str) -> Iterator[Process]:
    """A process that serves a plan, for as long as the block lasts."""
    file = directory / f"plan-{plan.comb}.json"
    file.write_bytes(plan_bytes(plan))
    command = [sys.executable, "-m", "comb_compiler.runtime.service", str(file), "--grpc-port", "0", "--http-port", "0"]
    running = Process([*command, *arguments])
    try:
        yield running
    finally:
        running.end()
