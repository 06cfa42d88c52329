"""A channel whose ends are in two processes: the buffer is at the receiver, and the sender holds credits for it.

The two ends talk through a Link, in order:

    sender → receiver     DATA a value · TAKE_BACK that value, if it is there still · CLOSE nothing more comes
    receiver → sender     GRANT n values may be sent · CLOSE nothing more is to be sent

A receiver that closes has closed only when the sender has said so: what was under way is still received. A connection
that ends without CLOSE is a loss, and no end.

A channel without room hands each value over. The first GRANT is of 0; one value at a time is offered to the receiver,
and the next GRANT says that it was taken, or taken back: only then has its send happened. A receiver may choose between
such channels. A sender may not have its offer be one of several cases: it would not know in time which one came first.
When a send is cancelled, or the channel closed, in the instant in which its value is taken, the receiver has the value.
"""

import struct
from collections.abc import Callable, Sequence
from typing import Any, Generic, Protocol, TypeVar

from comb_compiler.runtime.channels.core import NO_CASE, Closed, Receipt, Sender, Waiter, Waiters
from comb_compiler.runtime.channels.memory import Buffer
from comb_compiler.runtime.codes import Code, OperatorError
from comb_compiler.runtime.messages import Message
from comb_compiler.runtime.sdk import Parcel

__all__ = ["CLOSE", "DATA", "GRANT", "HELLO", "TAKE_BACK", "Link", "RemoteReceiver", "RemoteSender", "lost"]

DATA, GRANT, CLOSE, HELLO, TAKE_BACK = range(5)

T = TypeVar("T", bound=Message)

_COUNT = struct.Struct("<I")


class Link(Protocol):
    """The way to the other end. It calls `heard` of its end with each frame, in order, and `gone` when it breaks."""

    def send_value(self, value: Any) -> None:
        """Send DATA."""

    def send_frame(self, kind: int, content: bytes = b"") -> None:
        """Send a frame of another kind."""

    def finish(self) -> None:
        """Everything is said: the connection may end when what was sent has gone out."""

    async def drop(self) -> None:
        """Let go of the connection; returns when it is gone."""


def lost() -> OperatorError:
    """The other end is gone, and has not closed the channel."""
    return OperatorError(Code.UNAVAILABLE, "the other end of the channel is gone")


class RemoteSender(Sender[T | Parcel[T]], Generic[T]):
    """The sending end. `kind` is the class of the values; a Parcel of one may be sent too."""

    def __init__(self, kind: type[T]) -> None:
        self._kind = kind
        self._link: Link | None = None
        self._credits = 0
        self._hands_over = False
        self._offered: Waiter | None = None
        self._waiters = Waiters()
        self._is_closed = False
        self._error: OperatorError | None = None

    @property
    def can_be_a_case(self) -> bool:
        """Not where each value is handed over."""
        return not self._hands_over

    def attach(self, link: Link) -> None:
        """The connection is there."""
        self._link = link

    def close(self) -> None:
        """Nothing more will be sent. Raises Closed where that was said already, by either end."""
        if self._is_closed:
            raise Closed
        self._take_back()
        self._shut(Closed)
        if self._link is not None and self._error is None:
            self._link.send_frame(CLOSE)
            self._link.finish()

    def poll_send(self, value: T | Parcel[T]) -> bool:
        """Send now, if there is a credit."""
        message: object = value.message if isinstance(value, Parcel) else value
        if not isinstance(message, self._kind):
            raise TypeError(f"a {self._kind.__name__} is sent here, not a {type(message).__name__}")
        if self._is_closed:
            raise Closed
        if self._error is not None:
            raise self._error
        if not self._credits or self._link is None or self._hands_over:
            return False
        self._credits -= 1
        self._link.send_value(value)
        return True

    def wait_to_send(self, waiter: Waiter) -> None:
        """Wait in line for a credit."""
        self._waiters.add(waiter)
        self._use_credits()

    def leave(self, waiter: Waiter) -> None:
        """Wait no more."""
        self._waiters.drop(waiter)
        if waiter is self._offered:
            self._take_back()
            self._offered = None

    async def end(self) -> None:
        """Let go of the connection. Where the channel is not closed, the receiver hears that its other end is gone."""
        if self._link is not None:
            await self._link.drop()

    def heard(self, kind: int, content: memoryview) -> None:
        """A frame has come."""
        if kind == GRANT:
            self._granted(_COUNT.unpack(content)[0])
            self._use_credits()
        elif kind == CLOSE and not self._is_closed:
            self._shut(Closed)
            assert self._link is not None
            self._link.send_frame(CLOSE)
            self._link.finish()

    def gone(self, error: OperatorError | None = None) -> None:
        """The connection is lost, where the other side says so with its reason."""
        if not self._is_closed:
            self._error = error or lost()
            self._fail(lambda: error or lost())

    def _granted(self, count: int) -> None:
        if not count:
            self._hands_over = True
            self._refuse_choices()
        offered, self._offered = self._offered, None
        if offered is not None and not offered.turn.is_over:
            offered.wake(Receipt(None))
        self._credits += count or 1

    def _refuse_choices(self) -> None:
        """Only now is it known that they cannot be."""
        waiting = []
        while (waiter := self._waiters.take()) is not None:
            waiting.append(waiter)
        for waiter in waiting:
            if waiter.turn.is_choice:
                waiter.fail(ValueError(NO_CASE))
            else:
                self._waiters.add(waiter)

    def _use_credits(self) -> None:
        while self._credits and self._link is not None and (waiter := self._waiters.take()) is not None:
            self._credits -= 1
            self._link.send_value(waiter.value)
            if self._hands_over:
                self._offered = waiter
            else:
                waiter.wake(Receipt(None))

    def _take_back(self) -> None:
        if self._offered is not None and self._link is not None and not self._is_closed and self._error is None:
            self._link.send_frame(TAKE_BACK)

    def _shut(self, error: Callable[[], Exception]) -> None:
        self._is_closed = True
        self._fail(error)

    def _fail(self, error: Callable[[], Exception]) -> None:
        offered, self._offered = self._offered, None
        if offered is not None and not offered.turn.is_over:
            offered.fail(error())
        while (waiter := self._waiters.take()) is not None:
            waiter.fail(error())


class RemoteReceiver(Buffer[T]):
    """The receiving end, with the buffer."""

    def __init__(self, kind: type[T], capacity: int) -> None:
        super().__init__(capacity)
        self.kinds: Sequence[type[T]] = (kind,)
        self._link: Link | None = None
        self._has_asked = False
        self._given_back = 0
        self._error: OperatorError | None = None

    def attach(self, link: Link) -> None:
        """The connection is there: the sender may fill the buffer."""
        self._link = link
        link.send_frame(GRANT, _COUNT.pack(self.capacity))
        if self._has_asked:
            link.send_frame(CLOSE)

    def close(self) -> None:
        """Nothing more is to be sent; what is under way still comes. Raises Closed where that was said already."""
        if self._has_asked or self._is_closed:
            raise Closed
        self._has_asked = True
        self._drop_offer()
        if self._link is not None:
            self._link.send_frame(CLOSE)

    def poll_receive(self) -> Receipt | None:
        """Receive now, if something is there."""
        receipt = super().poll_receive()
        if receipt is None and self._error is not None:
            raise self._error
        if receipt is not None and receipt.ok:
            self._grant()
        return receipt

    def give_back(self, value: T) -> None:
        """Put a value back, whose credit has been granted already."""
        if not self._hand(value):
            self._buffer.appendleft(value)
            self._given_back += 1

    def heard(self, kind: int, value: T | None) -> None:
        """A value has come, for which there is room, or the sender had had no credit; or the end has come."""
        if kind == DATA and value is not None:
            if self._has_asked and not self.capacity:
                return  # its sender hears that the channel is closed
            if self._hand(value):
                self._grant()
            else:
                self._buffer.append(value)
        elif kind == TAKE_BACK and self._drop_offer():
            self._send_grant()
        elif kind == CLOSE and not self._is_closed:
            super().close()
            if self._link is not None:
                self._link.finish()

    def _drop_offer(self) -> bool:
        """Let go of a value that is offered, and not taken yet, if there is one."""
        if self.capacity or len(self._buffer) <= self._given_back:
            return False
        self._buffer.pop()
        return True

    def gone(self) -> None:
        """The connection is lost, and what was only offered is gone with it."""
        if self._is_closed:
            return
        self._drop_offer()
        self._error = lost()
        while (waiter := self._receivers.take()) is not None:
            waiter.fail(lost())

    def _grant(self) -> None:
        if self._given_back:
            self._given_back -= 1
        else:
            self._send_grant()

    def _send_grant(self) -> None:
        if self._link is not None and not self._is_closed and self._error is None:
            self._link.send_frame(GRANT, _COUNT.pack(1))
