"""The process that sends: gevent patches the interpreter for locust, so that nothing else may live in it.

    python -m comb_compiler.load.process                                        # alone
    python -m comb_compiler.load.process lead --workers N [--host HOST] [--port PORT] [--token FILE --steps FILE]
    python -m comb_compiler.load.process follow --host HOST --port PORT [--token FILE]

The first line of standard input is a token that those who belong together share. A process that is alone or leads then
reads steps, each with a job where it is another one than before, and each is answered by a line on standard output:
what was observed, or why nothing could be. One that leads says first which port it listens on. All lines are JSON. The
end of the input ends the process.

Where nobody writes to standard input, as in a pod, `--token FILE` holds the token and `--steps FILE` the steps of one
that leads: it says what came of each in a line that people can read, and ends; so do those that follow it.
"""

import argparse
import json
import logging
import resource
import sys
from base64 import b64encode
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from comb_compiler.load.crew import HELLO, Crew, alone, led, listen
from comb_compiler.load.model import Step
from comb_compiler.load.sender import FAILED, Sender
from comb_compiler.load.summary import summary

from gevent.fileobject import FileObject  # isort: skip  # after locust has patched the interpreter
from locust.env import Environment  # isort: skip
from locust.exception import RPCError  # isort: skip

__all__ = ["main"]


def main() -> int:
    """Run what standard input asks for, or a file of steps; 1 where nothing came of one of those."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("role", nargs="?", choices=("alone", "lead", "follow"), default="alone")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--token", type=Path)
    parser.add_argument("--steps", type=Path)
    arguments = parser.parse_args()
    logging.getLogger("locust").setLevel(logging.CRITICAL)
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))  # a connection for each request under way
    lines = iter(FileObject(sys.stdin.fileno(), "rb", closefd=False))
    token: str = json.loads(next(lines)) if arguments.token is None else arguments.token.read_text("utf-8").strip()
    if arguments.role == "follow":
        _follow(arguments, token, lines)
        return 0
    crew = alone() if arguments.role == "alone" else _lead(arguments, token)
    if crew is None:
        return 1
    if arguments.steps is not None:
        return _through(crew, arguments.steps)
    for line in lines:
        asked = json.loads(line)
        _say(crew.offer(asked["job"], asked["step"]))
    crew.dismiss()
    return 0


def _through(crew: Crew, steps: Path) -> int:
    """All steps of a file, up to the first that nothing came of."""
    found: dict[str, Any] = {}
    for line in steps.read_bytes().strip().split(b"\n"):
        asked = json.loads(line)
        found = summary(Step(**asked["step"]), crew.offer(asked["job"], asked["step"]))
        _say(found)
        if "problem" in found:
            break
    crew.dismiss()
    return 1 if "problem" in found else 0


def _lead(arguments: argparse.Namespace, token: str) -> Crew | None:
    environment = Environment(user_classes=[Sender])
    try:
        runner = environment.create_master_runner(arguments.host, arguments.port)
    except (RPCError, SystemExit) as error:  # locust ends the process where a port is in use
        why = str(error.__context__ or error).partition(" (addr=")[0]
        _say({FAILED: f"nothing can listen on {arguments.host}:{arguments.port}: {why}"})
        return None
    _say({"port": runner.server.port})
    crew = led(runner, arguments.workers, token)
    if crew is None:
        _say({FAILED: f"not all of {arguments.workers} workers came"})
    return crew


def _follow(arguments: argparse.Namespace, token: str, lines: Iterator[bytes]) -> None:
    runner = Environment(user_classes=[Sender]).create_worker_runner(arguments.host, arguments.port)
    listen(runner)
    runner.send_message(HELLO, {"token": token})
    if arguments.token is not None:
        runner.greenlet.join()  # until the one that leads dismisses it
        return
    for _ in lines:
        pass
    runner.quit()


def _say(what: Mapping[str, Any]) -> None:
    form = {name: b64encode(one).decode() if isinstance(one, bytes) else one for name, one in what.items()}
    sys.stdout.write(json.dumps(form) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
