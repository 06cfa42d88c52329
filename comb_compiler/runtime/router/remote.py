"""A release that another service answers for, over gRPC."""

import asyncio
from collections.abc import Mapping
from math import inf
from time import monotonic
from typing import Any, NamedTuple
from urllib.parse import quote

import grpc
import grpc.aio

from comb_compiler.release import Method
from comb_compiler.runtime.codes import Code, OperatorError
from comb_compiler.runtime.messages import Message
from comb_compiler.runtime.sdk import Call

__all__ = ["Answered", "Interface", "Remote"]

_PATIENCE = 0.2
"""How long requests wait for a connection that is being made, in seconds; after that they find none at once."""
_HOPELESS = (grpc.ChannelConnectivity.TRANSIENT_FAILURE, grpc.ChannelConnectivity.SHUTDOWN)
_SAYABLE = "".join(chr(code) for code in range(0x20, 0x7F) if chr(code) != "%")


class Interface(NamedTuple):
    """What a release answers, and the header that has the sticky key; empty where there is none."""

    method: Method
    request_type: type[Message]
    answer_type: type[Message]
    key_header: str = ""


class Answered:
    """What is known here of a request that another service ran: the `Finished` of a graph without nodes."""

    names: tuple[str, ...] = ()
    begins: tuple[float, ...] = ()
    ends: tuple[float, ...] = ()
    codes: tuple[int, ...] = ()
    values: tuple[Any, ...] = ()
    calls: Mapping[int, Call] = {}
    errors: Mapping[int, OperatorError] = {}
    key = ""

    def __init__(self, request: Any, request_id: str, release: str) -> None:
        self.request = request
        self.request_id = request_id
        self.release = release
        self.traceparent = ""
        self.arm = ""
        self.began = monotonic()
        self.ended = 0.0
        self.answer: Any = None
        self.error: OperatorError | None = None


class Remote:
    """Answers by a service's own method. The sticky key goes along, by which the service chooses the arm as we would.

    A request is not taken on (UNAVAILABLE) while there is no connection: then nothing has begun, and another release
    may take it. So it is where the service itself says UNAVAILABLE and tells no release, though it does for what it has
    taken on. A request that was sent and lost is not sent again: nobody knows how far it got.
    """

    def __init__(self, release: str, interface: Interface, channel: grpc.aio.Channel) -> None:
        self.release = release
        self._interface = interface
        self._channel = channel
        self._missed_since: float | None = None
        self._tells_release = False
        method = interface.method
        self._send = channel.unary_unary(
            f"/{method.service}/{method.name}",
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=interface.answer_type.FromString,
        )
        channel.get_state(try_to_connect=True)

    @property
    def request_type(self) -> type[Message]:
        """The class of requests; of any other, the bytes are sent."""
        return self._interface.request_type

    async def run(
        self,
        request: Message,
        *,
        within: float | None = None,
        key: str = "",
        arm: str | None = None,
        request_id: str = "",
        release: str | None = None,
        traceparent: str = "",
    ) -> Answered:
        """See `Answering`. A forced arm is asked for; whether the service allows that is its own setting."""
        if release is not None and release != self.release:
            raise OperatorError(Code.INVALID_ARGUMENT, f"there is no release `{release}`")
        finished = Answered(request, request_id, self.release)
        await self._connected(inf if within is None else finished.began + within / 4)
        if within is not None:
            within -= monotonic() - finished.began
        try:
            call = self._send(request, timeout=within, metadata=self._metadata(key, arm, request_id, traceparent))
        except grpc.aio.UsageError as error:  # closed since this request was routed
            raise self._away() from error
        try:
            finished.answer = await call
        except grpc.aio.AioRpcError as error:
            finished.error = OperatorError(Code(error.code().value[0]), error.details() or f"`{self.release}` failed")
        except asyncio.CancelledError:
            if _is_being_cancelled():
                raise
            finished.error = OperatorError(Code.CANCELLED, f"`{self.release}` cancelled the request")
        finished.ended = monotonic()
        told = dict(await call.trailing_metadata() or ())
        finished.arm = str(told.get("comb-arm", ""))
        self._tells_release = self._tells_release or "comb-release" in told
        is_refused = self._tells_release and "x-request-id" in told and "comb-release" not in told
        if is_refused and finished.error is not None and finished.error.code is Code.UNAVAILABLE:
            raise finished.error
        return finished

    async def _connected(self, deadline: float) -> None:
        """Wait for a connection, as long as one may come."""
        while (state := self._channel.get_state(try_to_connect=True)) is not grpc.ChannelConnectivity.READY:
            if self._missed_since is None:
                self._missed_since = monotonic()
            left = min(deadline, self._missed_since + _PATIENCE) - monotonic()
            if left <= 0 or state in _HOPELESS:
                raise self._away()
            try:
                await asyncio.wait_for(self._channel.wait_for_state_change(state), left)
            except (TimeoutError, grpc.aio.UsageError) as error:
                raise self._away() from error
        self._missed_since = None

    def _away(self) -> OperatorError:
        return OperatorError(Code.UNAVAILABLE, f"there is no connection to the release `{self.release}`")

    def _metadata(self, key: str, arm: str | None, request_id: str, traceparent: str) -> list[tuple[str, str]]:
        named = (
            (self._interface.key_header, key),
            ("comb-arm", arm or ""),
            ("traceparent", traceparent),
        )
        others = [(name, quote(value, _SAYABLE)) for name, value in named if name and value]
        return [("x-request-id", quote(request_id, _SAYABLE)), *others]  # also an empty one: it asks who answers

    async def close(self, grace: float | None = None) -> None:
        """Take no more requests, and end those under way after `grace` seconds."""
        await self._channel.close(grace)


def _is_being_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
