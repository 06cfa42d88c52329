"""What all channels are: something to send to, something to receive from, and those that wait at either.

The rules are those of Go (https://go.dev/ref/spec#Channel_types, runtime/chan.go): waiters are served in their order; a
send to a closed channel fails, also one that is waiting when it is closed; what was sent before is still received; then
each receive says that the channel is closed; closing twice fails.
"""

import asyncio
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import AsyncIterator
from typing import Any, Generic, NamedTuple, TypeVar

__all__ = ["NO_CASE", "Closed", "Receipt", "Receiver", "Sender", "Turn", "Waiter", "Waiters"]

T = TypeVar("T")

NO_CASE = "a send between processes on a channel without room cannot be a case of a select"


class Closed(Exception):
    """The channel is closed: nothing can be sent, or nothing is left to receive."""


class Receipt(NamedTuple):
    """What a receive gives: a value, or `ok` is False and the channel closed. As Go's `value, ok := <-channel`."""

    value: Any
    ok: bool = True


class Turn:
    """What one task waits for: one of several events, of which only the first counts.

    The result is the index of the case that came first, and its receipt or its error. `is_choice` says that there are
    several: that it is a select's.
    """

    __slots__ = ("future", "is_choice")

    def __init__(self, *, is_choice: bool = False) -> None:
        self.is_choice = is_choice
        self.future: asyncio.Future[tuple[int, Receipt]] = asyncio.get_running_loop().create_future()

    @property
    def is_over(self) -> bool:
        """Whether one came, or nobody waits any more."""
        return self.future.done()


class Waiter:
    """A task that waits at a channel, to send `value` or to receive; `index` is which case of its select this is."""

    __slots__ = ("index", "turn", "value")

    def __init__(self, turn: Turn, index: int = 0, value: Any = None) -> None:
        self.turn = turn
        self.index = index
        self.value = value

    def wake(self, receipt: Receipt) -> None:
        """It has happened."""
        self.turn.future.set_result((self.index, receipt))

    def fail(self, error: BaseException) -> None:
        """It cannot happen."""
        self.turn.future.set_exception(error)


class Waiters:
    """Waiters in their order, without those whose turn is over."""

    __slots__ = ("_waiters",)

    def __init__(self) -> None:
        self._waiters: deque[Waiter] = deque()

    def add(self, waiter: Waiter) -> None:
        """One more, at the end."""
        self._waiters.append(waiter)

    def take(self) -> Waiter | None:
        """The first one that still waits."""
        while self._waiters:
            waiter = self._waiters.popleft()
            if not waiter.turn.is_over:
                return waiter
        return None

    def drop(self, waiter: Waiter) -> None:
        """This one waits no more."""
        try:
            self._waiters.remove(waiter)
        except ValueError:
            return

    def __len__(self) -> int:
        return sum(not waiter.turn.is_over for waiter in self._waiters)


class Sender(ABC, Generic[T]):
    """The end that is sent to."""

    @property
    def can_be_a_case(self) -> bool:
        """Whether a send may be one of several cases of a select."""
        return True

    async def send(self, value: T) -> None:
        """Send; waits while the channel is full. Raises Closed, and OperatorError where the other end is gone.

        A send that is cancelled while it waits has not happened.
        """
        if self.poll_send(value):
            return
        waiter = Waiter(Turn(), value=value)
        self.wait_to_send(waiter)
        try:
            await waiter.turn.future
        finally:
            self.leave(waiter)

    @abstractmethod
    def close(self) -> None:
        """Nothing more will be sent. Raises Closed where that was said already."""

    @abstractmethod
    def poll_send(self, value: T) -> bool:
        """Send now, if that is possible without waiting. Raises as `send` does."""

    @abstractmethod
    def wait_to_send(self, waiter: Waiter) -> None:
        """Wait in line; `poll_send` has just said that it must."""

    @abstractmethod
    def leave(self, waiter: Waiter) -> None:
        """Wait no more."""


class Receiver(ABC, Generic[T]):
    """The end that is received from; also an async iterator over what comes until it is closed."""

    async def receive(self) -> T:
        """The next value; waits for one. Raises Closed when the channel is closed and nothing is left in it.

        Raises OperatorError where the other end is gone. A receive that is cancelled takes nothing.
        """
        receipt = self.poll_receive() or await self._wait()
        if not receipt.ok:
            raise Closed
        value: T = receipt.value
        return value

    async def _wait(self) -> Receipt:
        waiter = Waiter(Turn())
        self.wait_to_receive(waiter)
        try:
            return (await waiter.turn.future)[1]
        except asyncio.CancelledError:
            self.return_from(waiter)
            raise
        finally:
            self.leave(waiter)

    def return_from(self, waiter: Waiter) -> None:
        """Give back what a waiter was handed in the same instant in which it was cancelled."""
        future = waiter.turn.future
        if future.done() and not future.cancelled() and future.exception() is None:
            _, receipt = future.result()
            if receipt.ok:
                self.give_back(receipt.value)

    async def __aiter__(self) -> AsyncIterator[T]:
        while True:
            try:
                value = await self.receive()
            except Closed:
                return
            yield value

    @abstractmethod
    def close(self) -> None:
        """Nothing more is to be sent. Raises Closed where that was said already."""

    @abstractmethod
    def poll_receive(self) -> Receipt | None:
        """Receive now, if that is possible without waiting; None where it is not. Raises as `receive` does."""

    @abstractmethod
    def wait_to_receive(self, waiter: Waiter) -> None:
        """Wait in line; `poll_receive` has just said that it must."""

    @abstractmethod
    def leave(self, waiter: Waiter) -> None:
        """Wait no more."""

    @abstractmethod
    def give_back(self, value: T) -> None:
        """Put a value back, as if it had not been received."""
