"""select: wait for the first of several sends and receives that can happen, and do that one alone."""

import asyncio
from collections.abc import Sequence
from random import Random
from typing import Any, NamedTuple

from comb_compiler.runtime.channels.core import NO_CASE, Receipt, Receiver, Sender, Turn, Waiter

__all__ = ["Case", "Chosen", "receiving", "select", "sending"]

_random = Random(0)  # noqa: S311  (which of several cases, and nothing secret)


class Case(NamedTuple):
    """A send of `value`, or a receive; a case without a channel never happens, as with Go's nil."""

    channel: Sender[Any] | Receiver[Any] | None
    is_send: bool
    value: Any = None


class Chosen(NamedTuple):
    """The case that happened, by place (-1: none could at once), and what a receive gave: `ok` is False when closed."""

    case: int
    value: Any = None
    ok: bool = True


def sending(channel: Sender[Any] | None, value: Any) -> Case:
    """The case of a send."""
    return Case(channel, is_send=True, value=value)


def receiving(channel: Receiver[Any] | None) -> Case:
    """The case of a receive."""
    return Case(channel, is_send=False)


async def select(*cases: Case, default: bool = False) -> Chosen:
    """Do one of the cases: of those that can happen, any, with equal chances; else the first that can.

    With `default`, it does not wait: `Chosen(-1)` where none can happen. Raises Closed where the case that is chosen
    sends to a closed channel, and ValueError where a send cannot be a case: see `remote`. When it is cancelled, none
    has happened.
    """
    if any(case.is_send and isinstance(case.channel, Sender) and not case.channel.can_be_a_case for case in cases):
        raise ValueError(NO_CASE)
    order = list(range(len(cases)))
    if len(order) > 1:
        _random.shuffle(order)
    for index in order:
        receipt = _poll(cases[index])
        if receipt is not None:
            return Chosen(index, receipt.value, receipt.ok)
    return Chosen(-1) if default else await _wait(cases)


def _poll(case: Case) -> Receipt | None:
    channel = case.channel
    if channel is None:
        return None
    if case.is_send:
        assert isinstance(channel, Sender)
        return Receipt(None) if channel.poll_send(case.value) else None
    assert isinstance(channel, Receiver)
    return channel.poll_receive()


async def _wait(cases: Sequence[Case]) -> Chosen:
    turn = Turn(is_choice=True)
    waiters = [Waiter(turn, index, case.value) for index, case in enumerate(cases)]
    for case, waiter in zip(cases, waiters, strict=True):
        if case.is_send and isinstance(case.channel, Sender):
            case.channel.wait_to_send(waiter)
        elif isinstance(case.channel, Receiver):
            case.channel.wait_to_receive(waiter)
    try:
        index, receipt = await turn.future
    except asyncio.CancelledError:
        _undo(cases, waiters)
        raise
    finally:
        for case, waiter in zip(cases, waiters, strict=True):
            if case.channel is not None:
                case.channel.leave(waiter)
    return Chosen(index, receipt.value, receipt.ok)


def _undo(cases: Sequence[Case], waiters: Sequence[Waiter]) -> None:
    """It was cancelled in the instant in which a receive was handed its value."""
    future = waiters[0].turn.future if waiters else None
    if future is None or not future.done() or future.cancelled() or future.exception() is not None:
        return
    index, _ = future.result()
    channel = cases[index].channel
    if not cases[index].is_send and isinstance(channel, Receiver):
        channel.return_from(waiters[index])
