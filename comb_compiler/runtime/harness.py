"""Try an operator in three lines, as the engine would run it:

with harness("operators.text:Detect", model="models/det.onnx", params={"longSide": 960}) as detect:
    boxes = detect(frame=Frame(image=picture))
    assert len(boxes.boxes) == 3
"""

import inspect
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from google.protobuf.descriptor_pool import Default
from google.protobuf.message import Message

from comb_compiler.release import Model as ModelVersion
from comb_compiler.runtime.codes import Code, OperatorError
from comb_compiler.runtime.declaration import BadOperator, declaration_of, load_entry
from comb_compiler.runtime.instance import Given, Instance, each_answer, handed, start
from comb_compiler.runtime.messages import Messages, open_messages, reread
from comb_compiler.runtime.sdk import Call, Parcel

__all__ = ["Harnessed", "harness"]


class Harnessed:
    """A started operator, called with its ports; `messages` has the classes of their messages, by full name."""

    def __init__(self, messages: Messages, answer: Callable[[Mapping[str, Any]], Any]) -> None:
        self.messages = messages
        self._answer = answer

    def __call__(self, **ports: Any) -> Any:
        return self._answer(ports)


@contextmanager
def harness(
    operator: str | Callable[..., Any],
    *,
    model: str | Path | None = None,
    params: Mapping[str, Any] | None = None,
    version: str = "test",
    descriptors: bytes | None = None,
    workspace: str | Path | None = None,
    timeout: float = 60.0,
) -> Iterator[Harnessed]:
    """A started, warmed-up operator as a plain function of its ports, which are checked as the engine checks them.

    `operator` is an entry point, a class or a function; `model` is the path of the model's file, `workspace` that of
    the directory for an operator that asks for a Workspace. Message classes are those that the code names; for code
    that names messages by their full name `descriptors` is the FileDescriptorSet, and what is given has their classes:
    `detect(frame=detect.messages["moderation.v1.Frame"](image=picture))`. A batch operator is called as one call, and
    gets lists of one. Raises BadOperator for code or parameters that do not fit, or that changes what it is given, and
    OperatorError as the engine would see it; any other exception of the operator is passed on. It runs an event loop of
    its own, so it raises RuntimeError where one is running.
    """
    from asyncio import Runner, _get_running_loop  # a worker process, which imports this package too, does without

    if _get_running_loop() is not None:
        raise RuntimeError("the harness runs a loop of its own: use it in a plain `def`, not in an `async def`")
    declaration = load_entry(operator) if isinstance(operator, str) else declaration_of(operator)
    shapes = (*declaration.ports, declaration.out)
    kinds = [shape.kind for shape in shapes if shape.kind is not None]
    messages = _messages(descriptors, kinds)
    given = Given(workspace=None if workspace is None else Path(workspace))
    if model is not None or params is not None:
        given = given._replace(
            model=ModelVersion("model", version, "", "", "", dict(params or {})), path=Path(model or "")
        )
    instance = start(declaration, messages, given)
    with Runner() as runner:
        runner.run(_awaited(instance.warm_up))
        try:
            yield Harnessed(messages, lambda ports: runner.run(_answer(instance, ports, timeout)))
        finally:
            runner.run(_awaited(instance.close))


async def _awaited(function: Callable[[], Any]) -> None:
    value = function()
    if inspect.isawaitable(value):
        await value


def _messages(descriptors: bytes | None, kinds: list[type[Message]]) -> Messages:
    if descriptors is not None:
        return open_messages(descriptors, kinds)
    return Messages(kinds[0].DESCRIPTOR.file.pool if kinds else Default())


async def _answer(instance: Instance, ports: Mapping[str, Any], within: float) -> Any:
    declaration = instance.declaration
    arguments = handed(instance, _arguments(instance, ports))
    before = [_content(one) for one in arguments]
    columns = [[one] for one in arguments] if declaration.options.batch else arguments
    given = dict(zip((port.name for port in declaration.ports), columns, strict=True))
    if declaration.call is not None:
        given[declaration.call] = Call(time.monotonic, time.monotonic() + within)
    value = instance.function(**given)
    if inspect.isawaitable(value):
        value = await _within(value, within, declaration.entry)
    changed = [port.name for port, *was in zip(declaration.ports, arguments, before, strict=True) if _differs(*was)]
    if changed:
        names = ", ".join(f"`{name}`" for name in changed)
        raise BadOperator(declaration.entry, (f"it changes {names}, which other operators may be given too",))
    if declaration.options.batch:
        (value,) = each_answer(value, 1, declaration.entry)
    if isinstance(value, OperatorError):
        raise value
    return instance.check(value)


async def _within(value: Awaitable[Any], seconds: float, entry: str) -> Any:
    from asyncio import timeout

    try:
        async with timeout(seconds) as bound:
            return await value
    except TimeoutError as error:
        if not bound.expired():
            raise
        said = f"`{entry}` has not answered within {seconds:g} s"
        raise OperatorError(Code.DEADLINE_EXCEEDED, said) from error


def _content(argument: Any) -> bytes:
    message = argument.message if isinstance(argument, Parcel) else argument
    return b"" if message is None else bytes(message.SerializePartialToString(deterministic=True))


def _differs(argument: Any, before: bytes) -> bool:
    return _content(argument) != before


def _arguments(instance: Instance, ports: Mapping[str, Any]) -> list[Any]:
    shapes = instance.declaration.ports
    unknown = [name for name in ports if name not in {shape.name for shape in shapes}]
    missing = [shape.name for shape in shapes if shape.name not in ports and not shape.optional]
    if unknown or missing:
        wrong = [*(f"`{name}` is no port" for name in unknown), *(f"`{name}` is missing" for name in missing)]
        raise TypeError("; ".join(wrong))
    for shape in shapes:
        value = ports.get(shape.name)
        message = value.message if isinstance(value, Parcel) else value
        if message is None or (isinstance(message, Message) and message.DESCRIPTOR.full_name == shape.full_name):
            continue
        raise TypeError(f"`{shape.name}` takes a {shape.full_name}, not a {type(message).__name__}")
    return [_native(ports.get(shape.name), kind) for shape, kind in zip(shapes, instance.natives, strict=True)]


def _native(value: Any, kind: type[Message]) -> Any:
    """A message of another pool is read again, as the engine does."""
    if isinstance(value, Parcel):
        return Parcel(_native(value.message, kind), value.buffers)
    return value if value is None or type(value) is kind else reread(kind)(value)
