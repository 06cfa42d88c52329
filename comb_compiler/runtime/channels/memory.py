"""A channel within one process."""

from collections import deque
from typing import Any, TypeVar

from comb_compiler.runtime.channels.core import Closed, Receipt, Receiver, Sender, Waiter, Waiters

__all__ = ["Buffer", "Channel"]

T = TypeVar("T")

_CLOSED = Receipt(None, ok=False)


class Buffer(Receiver[T]):
    """Values in their order, and those that wait for them."""

    def __init__(self, capacity: int) -> None:
        if capacity < 0:
            raise ValueError("a channel's capacity is at least 0")
        self.capacity = capacity
        self._buffer: deque[T] = deque()
        self._receivers = Waiters()
        self._is_closed = False

    def __len__(self) -> int:
        return len(self._buffer)

    def __bool__(self) -> bool:
        return True

    def close(self) -> None:
        """Nothing more is to be sent. Raises Closed where that was said already."""
        if self._is_closed:
            raise Closed
        self._is_closed = True
        while (receiver := self._receivers.take()) is not None:
            receiver.wake(_CLOSED)

    def poll_receive(self) -> Receipt | None:
        """Receive now, if something is there."""
        if self._buffer:
            return Receipt(self._buffer.popleft())
        return _CLOSED if self._is_closed else None

    def wait_to_receive(self, waiter: Waiter) -> None:
        """Wait in line to receive."""
        self._receivers.add(waiter)

    def leave(self, waiter: Waiter) -> None:
        """Wait no more."""
        self._receivers.drop(waiter)

    def give_back(self, value: T) -> None:
        """Put a value back, as if it had not been received: the next receiver gets it."""
        if not self._hand(value):
            self._buffer.appendleft(value)

    def _hand(self, value: T) -> bool:
        """Give a value to who waits first, if anyone waits."""
        receiver = self._receivers.take()
        if receiver is not None:
            receiver.wake(Receipt(value))
        return receiver is not None


class Channel(Buffer[T], Sender[T]):
    """A channel that holds at most `capacity` values; one of 0 hands each over from a sender to a receiver that waits.

    `kind` is the type of its values, where that is to be checked: sending anything else raises TypeError.
    """

    def __init__(self, capacity: int = 0, kind: type[T] | None = None) -> None:
        super().__init__(capacity)
        self._kind: Any = kind
        self._senders = Waiters()

    def close(self) -> None:
        """Nothing more is to be sent. Raises Closed where that was said already."""
        super().close()
        while (sender := self._senders.take()) is not None:
            sender.fail(Closed())

    def poll_send(self, value: T) -> bool:
        """Send now, if that is possible without waiting."""
        if self._kind is not None and not isinstance(value, self._kind):
            raise TypeError(f"a {self._kind.__name__} is sent here, not a {type(value).__name__}")
        if self._is_closed:
            raise Closed
        if self._hand(value):
            return True
        if len(self._buffer) < self.capacity:
            self._buffer.append(value)
            return True
        return False

    def poll_receive(self) -> Receipt | None:
        """Receive now, if that is possible without waiting."""
        receipt = super().poll_receive()
        if receipt is not None and not receipt.ok:
            return receipt
        sender = self._senders.take() if len(self._buffer) < max(self.capacity, 1) else None
        if sender is None:
            return receipt
        sender.wake(Receipt(None))
        if receipt is None:
            return Receipt(sender.value)
        self._buffer.append(sender.value)
        return receipt

    def wait_to_send(self, waiter: Waiter) -> None:
        """Wait in line to send."""
        self._senders.add(waiter)

    def leave(self, waiter: Waiter) -> None:
        """Wait no more."""
        super().leave(waiter)
        self._senders.drop(waiter)
