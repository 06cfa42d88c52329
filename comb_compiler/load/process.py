"""The process that sends: locust's users on gevent, which patches the interpreter, so that nothing else may live in it.

    python -m comb_compiler.load.process

The first line of standard input is a job; each further line is a step, and is answered by a line on standard output:
what was observed, or why nothing could be. All lines are JSON. The end of the input ends the process.
"""

import json
import logging
import sys
from base64 import b64encode
from collections.abc import Iterator
from typing import Any, ClassVar

from locust import User, task
from locust.env import Environment

from comb_compiler.load.calls import Client, Ended, Refused
from comb_compiler.load.grpc_client import GrpcClient
from comb_compiler.load.model import Job, Step
from comb_compiler.load.schedule import schedule
from comb_compiler.load.sending import offer

from gevent.fileobject import FileObject  # isort: skip  # after locust has patched the interpreter
from gevent.queue import Queue  # isort: skip

__all__ = ["main"]


class Sender(User):
    """Locust's user: there is one in each worker, and it plays all the callers that its part of a schedule asks for."""

    steps: ClassVar[Queue[dict[str, Any]]]
    job: ClassVar[Job]

    @task
    def offer(self) -> None:
        """One step, when there is one."""
        asked = self.steps.get()
        self.environment.runner.send_message("observed", _observed(self.job, asked))


def _observed(job: Job, asked: dict[str, Any]) -> dict[str, Any]:
    step = Step(**asked["step"])
    plan = schedule(step, [one.weight for one in job.inputs], asked["worker"], asked["workers"])

    def connect(ended: Ended) -> Client:
        return GrpcClient(job, step.timeout, ended)

    try:
        return offer(step, plan, connect).as_bytes()
    except Refused as refused:
        return {"refused": str(refused)}


def main() -> None:
    """Run what standard input asks for."""
    lines: Iterator[bytes] = iter(FileObject(sys.stdin.fileno(), "rb", closefd=False))
    logging.getLogger("locust").setLevel(logging.ERROR)
    Sender.job = Job.from_json(json.loads(next(lines)))
    Sender.steps = Queue()
    found: Queue[dict[str, Any]] = Queue()
    runner = Environment(user_classes=[Sender]).create_local_runner()
    runner.register_message("observed", lambda environment, msg: found.put(msg.data))
    runner.start(1, spawn_rate=1)
    for line in lines:
        Sender.steps.put({"step": json.loads(line), "worker": 0, "workers": 1})
        _say(found.get())
    runner.quit()


def _say(observed: dict[str, Any]) -> None:
    form = {name: b64encode(one).decode() if isinstance(one, bytes) else one for name, one in observed.items()}
    sys.stdout.write(json.dumps(form) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
