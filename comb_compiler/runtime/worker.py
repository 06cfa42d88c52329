"""What runs in a worker process: one operator, one call or batch at a time, until the engine closes the socket.

It stands beside the engine, and not in it, so that a worker starts without it.
"""

import contextlib
import faulthandler
import inspect
import json
import logging
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from comb_compiler.release import Model as ModelVersion
from comb_compiler.runtime.code import by_source_alone
from comb_compiler.runtime.codes import Code, OperatorError, plain
from comb_compiler.runtime.declaration import BadOperator, load_entry
from comb_compiler.runtime.discretion import without_texts
from comb_compiler.runtime.dying import die_with
from comb_compiler.runtime.instance import Given, Instance, each_answer, named, start
from comb_compiler.runtime.messages import open_messages
from comb_compiler.runtime.sdk import Call
from comb_compiler.runtime.telemetry.logs import LineFormatter, names_here
from comb_compiler.runtime.wire.arena import Arena
from comb_compiler.runtime.wire.control import Control
from comb_compiler.runtime.wire.frames import ANSWER, FAILED, READY, Frame, encode, receive
from comb_compiler.runtime.wire.values import Packed, pack, unpack

__all__ = ["BOOT", "main"]

BOOT = (
    "import sys, json; sys.path[:] = json.loads(sys.argv[1]); "
    "from comb_compiler.runtime.worker import main; main(*map(int, sys.argv[2:]))"
)
"""The program of a worker process: its arguments are the engine's module path, and the descriptors that it inherits."""

_log = logging.getLogger("comb.runtime.worker")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_EVERY = 64
_LAST_WORDS = 0.1


def main(engine: int, connection: int, control: int, inbox: int, outbox: int) -> None:
    """Serve the engine with process id `engine` over inherited descriptors."""
    die_with(engine)
    with contextlib.suppress(OSError):
        os.dup2(2, 1)  # what prints prints to standard error: the engine's standard output is its own
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _write_logs()
    channel = socket.socket(fileno=connection)
    requests, answers = Arena(inbox), Arena(outbox)
    frame = receive(channel, requests)
    if frame is None:
        return
    try:
        with _says_where_it_hangs(frame.deadline):
            instance = _start(frame)
            _await(instance.warm_up())
    except BadOperator as error:
        channel.sendall(encode(FAILED, Packed(json.dumps([error.entry, *error.reasons]).encode(), [], 0), answers))
        return
    except BaseException as error:
        _log.exception("the operator failed to start")
        reasons = ["", f"it failed to start: {type(error).__name__}: {error}"]
        channel.sendall(encode(FAILED, Packed(json.dumps(reasons).encode(), [], 0), answers))
        return
    channel.sendall(encode(READY, Packed(b"", [], 0), answers))
    _serve(channel, instance, requests, answers, Control(control))


@contextlib.contextmanager
def _says_where_it_hangs(deadline: float) -> Iterator[None]:
    """Write all stacks to standard error shortly before the engine's patience ends; native code is no hindrance."""
    with contextlib.suppress(OSError, RuntimeError, ValueError):
        faulthandler.dump_traceback_later(max(deadline - time.monotonic() - _LAST_WORDS, _LAST_WORDS))
    yield
    faulthandler.cancel_dump_traceback_later()


def _write_logs() -> None:
    """To standard error, in the form of the process that this one works for. A worker may wait for it."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(LineFormatter(os.environ.get("COMB_LOG_FORMAT", "text"), names_here()))
    logging.basicConfig(handlers=[handler])


def _start(frame: Frame) -> Instance:
    given = json.loads(bytes(frame.head))
    if given["discreet"]:
        _log.addFilter(without_texts)
    if given["code"]:
        by_source_alone(given["code"])
    declaration = load_entry(given["entry"])
    shapes = (*declaration.ports, declaration.out)
    messages = open_messages(bytes(frame.content), [shape.kind for shape in shapes if shape.kind is not None])
    model = None if given["model"] is None else ModelVersion(**given["model"])
    return start(declaration, messages, Given(model, _path(given["path"]), _path(given["workspace"])))


def _path(text: str | None) -> Path | None:
    return None if text is None else Path(text)


def _serve(channel: socket.socket, instance: Instance, requests: Arena, answers: Arena, control: Control) -> None:
    kinds, resident, process = instance.natives, _resident(), os.getpid()
    while (frame := receive(channel, requests)) is not None:
        call, cpu = _call(frame, control), time.process_time_ns()
        try:
            values = unpack(frame.head, frame.content, kinds, keep=False)
            given = _columns(values, len(kinds), frame.batch)
            outcomes = _outcomes(instance, given, call, frame.batch)
        except BaseException as error:
            outcomes = [_typed(instance, error)]
        if os.getpid() != process:
            os._exit(0)  # the operator has forked, and this is the copy
        packed = _packed(instance, outcomes)
        about = (str(time.process_time_ns() - cpu), *_descriptors(frame.number))
        frame_out = encode(
            ANSWER, packed, answers, number=frame.number, deadline=float(resident()), batch=frame.batch, about=about
        )
        channel.sendall(frame_out)
        del frame, outcomes, packed
    _await(instance.close())


def _await(value: Any) -> None:
    """`warm_up` and `close` may be `async def`, also where calls are not."""
    if inspect.isawaitable(value):
        import asyncio  # which a worker does without, as a rule

        async def awaited() -> None:
            await value

        asyncio.run(awaited())


def _call(frame: Frame, control: Control) -> Call:
    request_id, node, arm, traceparent = frame.about
    given_up = control.is_given_up(frame.number)
    call = Call(time.monotonic, frame.deadline, request_id=request_id, node=node, arm=arm, cancelled=given_up)
    call.traceparent = traceparent
    return call


def _columns(values: list[Any], ports: int, batch: int) -> list[Any]:
    return [values[port::ports] for port in range(ports)] if batch else values


def _outcomes(instance: Instance, given: list[Any], call: Call, batch: int) -> list[Any]:
    value = named(instance, given, call)
    if not batch:
        return [instance.check(value)]
    values = each_answer(value, batch, instance.declaration.entry)
    return [_typed(instance, one) if isinstance(one, OperatorError) else _checked(instance, one) for one in values]


def _checked(instance: Instance, value: Any) -> Any:
    try:
        return instance.check(value)
    except OperatorError as error:
        return error


def _packed(instance: Instance, outcomes: list[Any]) -> Packed:
    try:
        return pack(outcomes)
    except Exception as error:  # a message that lacks required fields, or is larger than Protobuf can be
        return pack([_typed(instance, error)] * len(outcomes))


def _typed(instance: Instance, error: BaseException) -> OperatorError:
    if isinstance(error, OperatorError) and (made := plain(error)) is not None:
        return made
    entry = instance.declaration.entry
    if isinstance(error, MemoryError):
        return OperatorError(Code.RESOURCE_EXHAUSTED, f"{entry} ran out of memory")
    _log.error("%s failed", entry, exc_info=error)
    return OperatorError(Code.INTERNAL, f"{entry} failed with {type(error).__name__}")


def _descriptors(number: int) -> tuple[str, ...]:
    """How many descriptors this process has, now and then: counting them takes longer than a call may."""
    if number % _EVERY:
        return ()
    try:
        return (str(len(os.listdir("/proc/self/fd"))),)
    except OSError:
        return ()


def _resident() -> Callable[[], int]:
    """A function that says how many bytes of memory this process holds; 0 where the system does not say."""
    try:
        descriptor = os.open("/proc/self/statm", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return lambda: 0
    return lambda: int(os.pread(descriptor, 64, 0).split()[1]) * _PAGE
