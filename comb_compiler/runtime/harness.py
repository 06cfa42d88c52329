"""Try an operator in three lines, as the engine would run it:

with harness("operators.text:Detect", model="models/det.onnx", params={"longSide": 960}) as detect:
    boxes = detect(frame=Frame(image=picture))
    assert len(boxes.boxes) == 3
"""

import inspect
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from google.protobuf.descriptor_pool import Default
from google.protobuf.message import Message

from comb_compiler.release import Model as ModelVersion
from comb_compiler.runtime.codes import OperatorError
from comb_compiler.runtime.declaration import Shape, declaration_of, load_entry
from comb_compiler.runtime.instance import Given, Instance, handed, start
from comb_compiler.runtime.messages import Messages, open_messages
from comb_compiler.runtime.sdk import Call, Parcel

__all__ = ["harness"]


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
) -> Iterator[Callable[..., Any]]:
    """A started, warmed-up operator as a plain function of its ports, which are checked as the engine checks them.

    `operator` is an entry point, a class or a function; `model` is the path of the model's file, `workspace` that of
    the directory for an operator that asks for a Workspace. Message classes are
    those that the code names; `descriptors` is the FileDescriptorSet for code that names messages by their full name.
    A batch operator is called as one call, and gets lists of one. Raises BadOperator for code or parameters that do
    not fit, and OperatorError as the engine would see it; any other exception of the operator is passed on.
    """
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
    from asyncio import Runner  # a worker process, which imports this package too, does without

    with Runner() as runner:
        instance.warm_up()
        try:
            yield lambda **ports: runner.run(_answer(instance, ports, timeout))
        finally:
            instance.close()


def _messages(descriptors: bytes | None, kinds: list[type[Message]]) -> Messages:
    if descriptors is not None:
        return open_messages(descriptors, kinds)
    return Messages(kinds[0].DESCRIPTOR.file.pool if kinds else Default())


async def _answer(instance: Instance, ports: Mapping[str, Any], within: float) -> Any:
    declaration = instance.declaration
    arguments = handed(instance, _arguments(declaration.ports, ports))
    if declaration.options.batch:
        arguments = [[one] for one in arguments]
    given = dict(zip((port.name for port in declaration.ports), arguments, strict=True))
    if declaration.call is not None:
        given[declaration.call] = Call(time.monotonic, time.monotonic() + within)
    value = instance.function(**given)
    if inspect.isawaitable(value):
        from asyncio import wait_for

        value = await wait_for(value, within)
    if declaration.options.batch:
        (value,) = value
    if isinstance(value, OperatorError):
        raise value
    return instance.check(value)


def _arguments(shapes: tuple[Shape, ...], ports: Mapping[str, Any]) -> list[Any]:
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
    return [ports.get(shape.name) for shape in shapes]
