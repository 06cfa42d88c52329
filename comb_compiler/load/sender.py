"""Locust's user. It comes first of all that knows gevent: locust patches the interpreter when it is imported."""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from locust import User, task

from gevent.queue import Queue  # isort: skip

from comb_compiler.load.calls import Client, Ledger, Refused
from comb_compiler.load.grpc_client import GrpcClient
from comb_compiler.load.http_client import HttpClient
from comb_compiler.load.model import HTTP, Job, Step
from comb_compiler.load.schedule import schedule
from comb_compiler.load.sending import offer

__all__ = ["CALLED_OFF", "FAILED", "GO", "OBSERVED", "OFFER", "PREPARED", "REFUSED", "Sender"]

OFFER, GO = "comb-offer", "comb-go"
"""Messages to workers: a step, and that all are ready for it, or that some are not."""
PREPARED, OBSERVED = "comb-prepared", "comb-observed"
"""Messages of workers."""
REFUSED, FAILED, CALLED_OFF = "refused", "failed", "called off"


class Sender(User):
    """There is one in each worker, and it plays all the callers that its part of a schedule asks for."""

    job: ClassVar[Job | None] = None
    steps: ClassVar[Queue[Mapping[str, Any]]] = Queue()
    goes: ClassVar[Queue[tuple[int, bool]]] = Queue()

    @task
    def offer(self) -> None:
        """One step, when there is one."""
        asked = self.steps.get()
        say = self.environment.runner.send_message
        try:
            found = self._observed(asked, lambda: say(PREPARED, {"step": asked["number"]}))
        except Refused as refused:
            found = {REFUSED: str(refused)}
        except _CalledOff:
            found = {CALLED_OFF: True}
        except Exception as bug:  # locust would log it and go on, and whoever waits would wait for ever
            found = {FAILED: f"{type(bug).__name__}: {bug}"}
        say(OBSERVED, {"step": asked["number"], **found})

    def _observed(self, asked: Mapping[str, Any], prepared: Callable[[], None]) -> dict[str, Any]:
        if asked["job"] is not None:
            Sender.job = Job.from_json(asked["job"])
        job, step = self.job, Step(**asked["step"])
        assert job is not None
        plan = schedule(step, [one.weight for one in job.inputs], asked["worker"], asked["workers"])

        def connect(ledger: Ledger) -> Client:
            kind = HttpClient if job.target.protocol == HTTP else GrpcClient
            return kind(job, step.timeout, ledger)

        def go() -> None:
            prepared()
            number, all_are_ready = self.goes.get()
            while number != asked["number"]:  # of a step before, which this worker could not take part in
                number, all_are_ready = self.goes.get()
            if not all_are_ready:
                raise _CalledOff

        return offer(step, plan, connect, go).as_bytes()


class _CalledOff(Exception):
    """Another worker cannot take part."""
