"""Both ends of a channel, of each kind there is, in one process; and Go's rules as a model."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc.aio

from comb_compiler.runtime.channels import Channel, Receiver, Sender, grpc as over_grpc, local
from comb_compiler.runtime.channels.remote import RemoteReceiver, RemoteSender
from tests.runtime.post.post_pb2 import Letter
from tests.runtime.waiting import until

__all__ = ["KINDS", "Ends", "Model", "Op", "Open"]


@dataclass
class Ends:
    """The two ends of a channel."""

    sender: Sender[Any]
    receiver: Receiver[Any]

    async def quiet(self) -> None:
        """Wait until nothing is under way between the ends."""
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        await until(self._is_quiet)

    def _is_quiet(self) -> bool:
        sender, receiver = self.sender, self.receiver
        if not isinstance(sender, RemoteSender) or not isinstance(receiver, RemoteReceiver):
            return True
        if sender._is_closed or receiver._has_asked:
            return sender._is_closed and receiver._is_closed
        if not receiver.capacity:
            offered = len(receiver) - receiver._given_back
            if sender._offered is not None:
                return offered == 1
            return sender._credits == 1 and not offered and not len(sender._waiters)
        credits = sender._credits + len(receiver) - receiver._given_back
        return sender._error is not None or credits == receiver.capacity


Open = Callable[[int], AbstractAsyncContextManager[Ends]]


@asynccontextmanager
async def in_memory(capacity: int) -> AsyncIterator[Ends]:
    channel = Channel(capacity, Letter)
    yield Ends(channel, channel)


@asynccontextmanager
async def between_processes(capacity: int) -> AsyncIterator[Ends]:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "channel"
        receiver = await local.listen(path, Letter, capacity)
        sender = await local.connect(path, Letter)
        yield Ends(sender, receiver)
        await sender.end()
        await receiver.end()


@asynccontextmanager
async def over_a_stream(capacity: int) -> AsyncIterator[Ends]:
    server = grpc.aio.server()
    channels = over_grpc.GrpcChannels()
    server.add_generic_rpc_handlers((channels,))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    receiver = channels.receive("letters", Letter, capacity)
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        sender = await over_grpc.connect(channel, "letters", Letter)
        await until(lambda: sender._credits)
        yield Ends(sender, receiver)
        await sender.end()
    await server.stop(None)


KINDS: dict[str, Open] = {"memory": in_memory, "processes": between_processes, "grpc": over_a_stream}


@dataclass(eq=False)
class Op:
    """A send, a receive or a select that has begun. `cases` are (channel, value), where None receives."""

    cases: list[tuple[int, str | None]]
    outcome: Any = None


@dataclass
class _State:
    capacity: int
    buffer: list[str] = field(default_factory=list)
    queue: list[tuple[Op, int]] = field(default_factory=list)
    is_closed: bool = False


class Model:
    """Go's rules for some channels. An outcome is (case, value), (case, None) if it is closed, "closed" for a send."""

    def __init__(self, capacities: list[int]) -> None:
        self._states = [_State(capacity) for capacity in capacities]
        self.ops: list[Op] = []

    def ready(self, op: Op) -> list[int]:
        """The cases of an op that can happen now."""
        return [index for index in range(len(op.cases)) if self._can(op, index)]

    def begin(self, op: Op) -> None:
        """An op of which no case can happen waits."""
        self.ops.append(op)
        for index, (channel, _) in enumerate(op.cases):
            self._states[channel].queue.append((op, index))

    def do(self, op: Op, index: int) -> None:
        """The case happens."""
        channel, value = op.cases[index]
        state = self._states[channel]
        if value is None:
            self._end(op, index, self._take(state))
        elif state.is_closed:
            self._end(op, index, "closed")
        else:
            receiver = self._first(state, sends=False)
            if receiver is None:
                state.buffer.append(value)
            else:
                self._end(*receiver, value)
            self._end(op, index, "sent")

    def close(self, channel: int) -> None:
        """A channel that is open is closed."""
        state = self._states[channel]
        state.is_closed = True
        for op, index in list(state.queue):
            if op.outcome is None:
                self._end(op, index, None if op.cases[index][1] is None else "closed")

    def is_closed(self, channel: int) -> bool:
        """Whether it is closed."""
        return self._states[channel].is_closed

    def cancel(self, op: Op) -> None:
        """Nobody waits for it any more."""
        op.outcome = "cancelled"
        self._forget(op)

    def _can(self, op: Op, index: int) -> bool:
        channel, value = op.cases[index]
        state = self._states[channel]
        if value is None:
            return bool(state.buffer or state.is_closed or self._first(state, sends=True))
        return state.is_closed or len(state.buffer) < state.capacity or self._first(state, sends=False) is not None

    def _take(self, state: _State) -> str | None:
        sender = self._first(state, sends=True)
        if state.buffer:
            value = state.buffer.pop(0)
            if sender is not None:
                state.buffer.append(self._sent(*sender))
            return value
        return None if sender is None else self._sent(*sender)

    def _sent(self, op: Op, index: int) -> str:
        value = op.cases[index][1]
        assert value is not None
        self._end(op, index, "sent")
        return value

    def _first(self, state: _State, *, sends: bool) -> tuple[Op, int] | None:
        found = ((op, index) for op, index in state.queue if (op.cases[index][1] is not None) == sends)
        return next(found, None)

    def _end(self, op: Op, index: int, what: str | None) -> None:
        op.outcome = "closed" if what == "closed" else (index, what)
        self._forget(op)

    def _forget(self, op: Op) -> None:
        for state in self._states:
            state.queue = [entry for entry in state.queue if entry[0] is not op]
