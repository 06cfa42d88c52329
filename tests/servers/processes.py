"""Servers as processes: started with a log of their own, waited for, and ended by their ids."""

import contextlib
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

__all__ = ["Failed", "Server", "free_ports", "running"]

_PATIENCE = 5.0
_SHOWN = 3000


class Failed(Exception):
    """A server did not come up, or has ended; the message holds the end of its log."""


class Server:
    """A process that should go on until it is told to end."""

    def __init__(self, name: str, process: subprocess.Popen[bytes], log: Path) -> None:
        self.name = name
        self.process = process
        self.log = log

    def wait(self, ready: Callable[[], bool], seconds: float) -> None:
        """Wait until it is ready; raises `Failed` when it has ended, or is not by then."""
        deadline = time.monotonic() + seconds
        while not ready():
            if self.process.poll() is not None:
                raise Failed(f"{self.name} ended with {self.process.returncode}:\n{self.last_words()}")
            if time.monotonic() > deadline:
                raise Failed(f"{self.name} is not ready after {seconds:.0f} s:\n{self.last_words()}")
            time.sleep(0.05)

    def last_words(self) -> str:
        """The end of its log."""
        return self.log.read_text(encoding="utf-8", errors="replace")[-_SHOWN:]

    def end(self) -> None:
        """End it: politely, then not."""
        self.process.terminate()
        try:
            self.process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@contextmanager
def running(
    name: str, command: Sequence[str | Path], directory: Path, environment: Mapping[str, str] | None = None
) -> Iterator[Server]:
    """Start a server in `directory`, with its log there; it has ended when the block is left."""
    log = directory / f"{name}.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [str(part) for part in command],
            cwd=directory,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    server = Server(name, process, log)
    try:
        yield server
    finally:
        server.end()


def free_ports(count: int) -> list[int]:
    """Ports of 127.0.0.1 that nobody listens at, no two alike."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
