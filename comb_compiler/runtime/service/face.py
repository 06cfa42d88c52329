"""What is served: a plan with what answers it, made ready for the two protocols."""

from collections.abc import Callable, Coroutine, Iterable, Sequence
from typing import Any, NamedTuple, Protocol

from google.protobuf.message import DecodeError

from comb_compiler.release import ExecutionPlan
from comb_compiler.runtime.codes import Code, OperatorError
from comb_compiler.runtime.engine import Answering, Finished
from comb_compiler.runtime.engine.meters import Measure, Meters
from comb_compiler.runtime.messages import Message
from comb_compiler.runtime.router import key_header
from comb_compiler.runtime.service.terms import ARM, RELEASE, Terms

__all__ = ["CannotServe", "Face", "Ready", "Served"]


class CannotServe(Exception):
    """The plan cannot be served, or the service cannot listen; the message says why."""


class Ready(Protocol):
    """What has a say in whether requests should come here."""

    def reasons(self) -> Sequence[str]:
        """Why they should not; empty when ready."""


class Served(NamedTuple):
    """A plan, what answers it, and who has a say in whether it is ready.

    `status` adds to what `/v1/status` shows, and `measures` to `/metrics`, those of one name together.
    """

    plan: ExecutionPlan
    answering: Answering
    meters: Meters | None = None
    ready: tuple[Ready, ...] = ()
    status: Callable[[], dict[str, Any]] = dict
    measures: Callable[[], Iterable[Measure]] = tuple


class Face:
    """One `Served`, with what each request needs of it looked up once. Raises CannotServe."""

    def __init__(self, served: Served, *, forced_arms: bool = False) -> None:
        method = served.plan.method
        if method.server_streaming:
            name = f"{method.service}/{method.name}"
            raise CannotServe(f"{name} streams its answers, and only methods with one answer are served")
        self.served = served
        self.service = method.service
        self.path = f"/{method.service}/{method.name}"
        self.request_type = served.answering.request_type
        self._from_bytes = self.request_type.FromString
        self._answer = served.answering.run
        self._forced_arms = forced_arms
        self.key_header = key_header(served.plan.experiment)

    def parse(self, content: bytes) -> Message:
        """A request from its bytes. Raises OperatorError (INVALID_ARGUMENT)."""
        try:
            return self._from_bytes(content)
        except DecodeError as error:
            name = self.request_type.DESCRIPTOR.full_name
            raise OperatorError(Code.INVALID_ARGUMENT, f"the request is no {name}") from error

    def run(self, request: Message, terms: Terms, within: float | None) -> Coroutine[Any, Any, Finished]:
        """What answers one request when it is awaited. Both raise OperatorError for one that is not taken on."""
        if terms.asks and not self._forced_arms:
            _must_be_free("arm", terms.arm, ARM)
            _must_be_free("release", terms.release, RELEASE)
        return self._answer(
            request,
            within=within,
            key=terms.key,
            arm=terms.arm,
            request_id=terms.request_id,
            release=terms.release,
            traceparent=terms.traceparent,
        )


def _must_be_free(what: str, forced: str | None, header: str) -> None:
    if forced is not None:
        raise OperatorError(Code.PERMISSION_DENIED, f"this service lets no caller choose the {what} ({header})")
