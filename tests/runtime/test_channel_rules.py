"""Channels of every kind do what Go's do: a random history of sends, receives, selects, closes and cancellations."""

import asyncio
from contextlib import AsyncExitStack
from typing import Any

import pytest
from hypothesis import settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from comb_compiler.runtime.channels import Chosen, Closed, receiving, select, selection, sending
from tests.runtime.channels import KINDS, Ends, Model, Op
from tests.runtime.post.post_pb2 import Letter
from tests.runtime.waiting import until

_CHANNELS = st.integers(0, 1)
_CASES = st.lists(st.tuples(_CHANNELS, st.booleans()), min_size=1, max_size=3)


class Machine(RuleBasedStateMachine):
    """Two channels of one kind, beside the model."""

    kind = "memory"
    hands_over_by_choice = True

    @initialize(capacities=st.tuples(st.integers(0, 3), st.integers(0, 3)))
    def open(self, capacities: tuple[int, int]) -> None:
        selection._random.seed(0)
        self.loop = asyncio.new_event_loop()
        self.stack = AsyncExitStack()
        self.tasks: dict[Op, asyncio.Task[Any]] = {}
        self.number = 0
        self.held = capacities
        self.ends: list[Ends] = [self.run(self.stack.enter_async_context(KINDS[self.kind](one))) for one in capacities]
        self.model = Model(list(capacities))
        self.settle()

    def run(self, main: Any) -> Any:
        return self.loop.run_until_complete(main)

    def next_value(self) -> str:
        self.number += 1
        return str(self.number)

    @rule(channel=_CHANNELS)
    def send(self, channel: int) -> None:
        value = self.next_value()

        async def send() -> Chosen:
            await self.ends[channel].sender.send(Letter(text=value))
            return Chosen(0)

        self.begin(Op([(channel, value)]), send())

    @rule(channel=_CHANNELS)
    def receive(self, channel: int) -> None:
        async def receive() -> Chosen:
            try:
                return Chosen(0, await self.ends[channel].receiver.receive())
            except Closed:
                return Chosen(0, None, ok=False)

        self.begin(Op([(channel, None)]), receive())

    def can_be(self, cases: list[tuple[int, bool]]) -> bool:
        """Between processes, a send where there is no room cannot be one of several cases, and is refused."""
        if self.hands_over_by_choice or not any(is_send and not self.held[channel] for channel, is_send in cases):
            return True
        op = Op([(channel, "x" if is_send else None) for channel, is_send in cases])
        with pytest.raises(ValueError, match="cannot be a case"):
            self.run(self.selection(op))
        return False

    @rule(cases=_CASES)
    def select(self, cases: list[tuple[int, bool]]) -> None:
        if not self.can_be(cases):
            return
        op = Op([(channel, self.next_value() if is_send else None) for channel, is_send in cases])
        self.begin(op, self.selection(op))

    @rule(cases=_CASES)
    def select_with_default(self, cases: list[tuple[int, bool]]) -> None:
        if not self.can_be(cases):
            return
        op = Op([(channel, self.next_value() if is_send else None) for channel, is_send in cases])
        ready = self.model.ready(op)
        chosen = self.outcome_of(self.loop.create_task(self.selection(op, default=True)), wait=True)
        if not ready:
            assert chosen == (-1, None)
        else:
            self.follow(op, ready, chosen)
        self.settle()

    def selection(self, op: Op, *, default: bool = False) -> Any:
        cases = [
            receiving(self.ends[channel].receiver)
            if value is None
            else sending(self.ends[channel].sender, Letter(text=value))
            for channel, value in op.cases
        ]
        return select(*cases, receiving(None), default=default)

    @rule(channel=_CHANNELS, by_sender=st.booleans())
    def close(self, channel: int, by_sender: bool) -> None:
        ends = self.ends[channel]

        async def close() -> None:
            (ends.sender if by_sender else ends.receiver).close()

        if self.model.is_closed(channel):
            with pytest.raises(Closed):
                self.run(close())
        else:
            self.run(close())
            self.model.close(channel)
        self.settle()

    @precondition(lambda self: any(op.outcome is None for op in self.model.ops))
    @rule(choice=st.randoms(use_true_random=False))
    def cancel(self, choice: Any) -> None:
        op = choice.choice([op for op in self.model.ops if op.outcome is None])
        self.tasks[op].cancel()
        self.model.cancel(op)
        self.settle()

    def begin(self, op: Op, main: Any) -> None:
        ready = self.model.ready(op)
        task = self.loop.create_task(main)
        if ready:
            self.follow(op, ready, self.outcome_of(task, wait=True))
        else:
            self.tasks[op] = task
            self.model.begin(op)
        self.settle()

    def follow(self, op: Op, ready: list[int], chosen: Any) -> None:
        """Of several cases that can happen any may: the model does the one that was chosen."""
        if chosen == "closed":
            index = next(
                one for one in ready if op.cases[one][1] is not None and self.model.is_closed(op.cases[one][0])
            )
        else:
            index = chosen[0]
        assert index in ready
        self.model.do(op, index)
        assert op.outcome == chosen

    def outcome_of(self, task: asyncio.Task[Any], *, wait: bool = False) -> Any:
        if wait:
            self.run(until(task.done))
        if not task.done():
            return None
        if task.cancelled():
            return "cancelled"
        if isinstance(task.exception(), Closed):
            return "closed"
        chosen = task.result()
        if not chosen.ok:
            return (chosen[0], None)
        return (chosen[0], "sent" if chosen.value is None and chosen[0] >= 0 else chosen.value and chosen.value.text)

    def settle(self) -> None:
        """Wait until nothing is under way; then what waits waits in the model too, and the other way round."""
        for ends in self.ends:
            self.run(ends.quiet())
        for op, task in self.tasks.items():
            if op.outcome is not None:
                self.run(until(task.done))
            assert self.outcome_of(task) == op.outcome

    def teardown(self) -> None:
        if not hasattr(self, "loop"):
            return
        self.run(self.end())
        self.loop.close()

    async def end(self) -> None:
        for task in self.tasks.values():
            task.cancel()
        await asyncio.gather(*self.tasks.values(), return_exceptions=True)
        await self.stack.aclose()
        await until(lambda: asyncio.all_tasks() == {asyncio.current_task()})


class BetweenProcesses(Machine):
    """Over a Unix socket."""

    kind = "processes"
    hands_over_by_choice = False


class OverGrpc(Machine):
    """Over a gRPC stream."""

    kind = "grpc"
    hands_over_by_choice = False


pytestmark = pytest.mark.slow

TestInMemory = Machine.TestCase
TestInMemory.settings = settings(max_examples=30)
TestBetweenProcesses = BetweenProcesses.TestCase
TestBetweenProcesses.settings = settings(max_examples=25, stateful_step_count=30)
TestOverGrpc = OverGrpc.TestCase
TestOverGrpc.settings = settings(max_examples=12, stateful_step_count=30)
