"""A started operator, and its calls in one form whatever the code's own is."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from google.protobuf.message import Message

from comb_compiler.release import Model as ModelVersion
from comb_compiler.runtime.codes import Code, OperatorError
from comb_compiler.runtime.current import CURRENT
from comb_compiler.runtime.declaration import BadOperator, Declaration, Shape
from comb_compiler.runtime.messages import Messages, reread
from comb_compiler.runtime.params import BadParameters, fit
from comb_compiler.runtime.sdk import Call, Model, Parcel, Workspace

__all__ = ["Given", "Instance", "checker", "each_answer", "handed", "named", "packed", "start", "unpacked"]

Check = Callable[[Any], Any]


class Given(NamedTuple):
    """What a comb gives to an operator: a model version with its file, and the directory of its workspace."""

    model: ModelVersion | None = None
    path: Path | None = None
    workspace: Path | None = None


class Instance(NamedTuple):
    """A started operator. `function` takes the ports in the order of `declaration.ports`, and `call` where it has one.

    `natives` are the plan's classes of the ports,
    and `convert` functions for those where the code wants another form; `check` gives an answer back as it must be, or
    raises OperatorError.
    """

    declaration: Declaration
    function: Callable[..., Any]
    natives: tuple[type[Message], ...]
    convert: tuple[Callable[[Any], Any] | None, ...]
    check: Check
    subject: Any

    def warm_up(self) -> Any:
        """What the operator does before its first call. What this gives is to be awaited, where it can be."""
        return self.subject.warm_up() if self.declaration.is_class and hasattr(self.subject, "warm_up") else None

    def close(self) -> Any:
        """What the operator does after its last call. What this gives is to be awaited, where it can be."""
        return self.subject.close() if self.declaration.is_class and hasattr(self.subject, "close") else None


def start(declaration: Declaration, messages: Messages, given: Given) -> Instance:
    """Make an instance, with what it is given and typed parameters. Raises BadOperator when that does not fit.

    What the user's own `__init__` raises is passed on.
    """
    _must_know(declaration, messages)
    subject = declaration.target
    if declaration.is_class:
        subject = declaration.target(**_arguments(declaration, messages, given))
    convert = tuple(_converter(port, messages) for port in declaration.ports)
    natives = tuple(messages[port.full_name] for port in declaration.ports)
    check = checker(declaration.out, messages, declaration.entry)
    return Instance(declaration, subject, natives, convert, check, subject)


def _must_know(declaration: Declaration, messages: Messages) -> None:
    shapes = (*declaration.ports, declaration.out)
    unknown = [shape for shape in shapes if shape.full_name not in messages]
    reasons = [f"`{shape.name}` is a {shape.full_name}, which the comb's .proto files do not have" for shape in unknown]
    for shape in shapes:
        fields = messages[shape.full_name].DESCRIPTOR.fields_by_name if shape.full_name in messages else {}
        wrong = [name for name in shape.buffers if name not in fields or fields[name].type != fields[name].TYPE_BYTES]
        reasons += [f"`{name}` of `{shape.name}` is no field of type bytes" for name in wrong]
    if reasons:
        raise BadOperator(declaration.entry, tuple(reasons))


def _arguments(declaration: Declaration, messages: Messages, given: Given) -> Mapping[str, Any]:
    arguments: dict[str, Any] = {}
    for name, kind in declaration.given.items():
        if name in declaration.spare and (given.model if kind is Model else given.workspace) is None:
            continue
        if kind is Messages:
            arguments[name] = messages
        else:
            arguments[name] = (_workspace if kind is Workspace else _model)(declaration, given)
    return arguments


def _workspace(declaration: Declaration, given: Given) -> Workspace:
    if given.workspace is None:
        raise BadOperator(declaration.entry, ("it needs a workspace, and is given none (`storage.workspace`)",))
    return Workspace(given.workspace)


def _model(declaration: Declaration, given: Given) -> Model[Any]:
    model, path = given.model, given.path
    if model is None or path is None:
        raise BadOperator(declaration.entry, ("it needs a model, and the comb gives it none",))
    params: Any = dict(model.params)
    if declaration.params is not None:
        try:
            params = fit(declaration.params, model.params)
        except BadParameters as error:
            of = f"of {model.name}@{model.version}"
            raise BadOperator(declaration.entry, tuple(f"{reason} {of}" for reason in error.reasons)) from error
    return Model(model.name, model.version, model.format, path, params)


def _converter(shape: Shape, messages: Messages) -> Callable[[Any], Any] | None:
    """How an argument becomes what the code wants; None where it already is."""
    native = messages[shape.full_name]
    again = None if shape.kind in (None, native) else reread(shape.kind or native)
    if shape.buffers:
        return lambda value: value if value is None else _with(packed(value, shape.buffers), again)
    return None if again is None else lambda value: value if value is None else again(value)


def _with(parcel: Parcel[Any], again: Callable[[Any], Message] | None) -> Parcel[Any]:
    return parcel if again is None else Parcel(again(parcel.message), parcel.buffers)


def packed(value: Any, fields: Iterable[str]) -> Parcel[Any]:
    """A message, or a Parcel, as a Parcel of these fields. The message that came is left as it is."""
    if isinstance(value, Parcel):
        if set(value.buffers) == set(fields):
            return value
        value = unpacked(value)
    bare = type(value)()
    bare.CopyFrom(value)
    for name in fields:
        bare.ClearField(name)
    return Parcel(bare, {name: memoryview(getattr(value, name)) for name in fields})


def unpacked(value: Any) -> Any:
    """A Parcel as the message that it stands for; anything else as it is."""
    if not isinstance(value, Parcel):
        return value
    whole = type(value.message)()
    whole.CopyFrom(value.message)
    for name, content in value.buffers.items():
        setattr(whole, name, bytes(content))
    return whole


def handed(instance: Instance, arguments: Iterable[Any]) -> list[Any]:
    """Arguments in the plan's classes → what the operator's code takes."""
    return [
        value if convert is None else convert(value) for value, convert in zip(arguments, instance.convert, strict=True)
    ]


def named(instance: Instance, arguments: Sequence[Any], call: Call) -> Any:
    """Call the operator's own function: each port by name, and the call where it takes one."""
    declaration = instance.declaration
    given = _columns(instance, arguments) if declaration.options.batch else handed(instance, arguments)
    ports = {port.name: value for port, value in zip(declaration.ports, given, strict=True)}
    if declaration.call is not None:
        ports[declaration.call] = call
    CURRENT.set((call.request_id, call.node, call.arm, call.traceparent))
    return instance.function(**ports)


def _columns(instance: Instance, columns: Sequence[Any]) -> list[Any]:
    pairs = zip(columns, instance.convert, strict=True)
    return [column if convert is None else [convert(one) for one in column] for column, convert in pairs]


def each_answer(value: Any, wanted: int, who: str) -> list[Any]:
    """What a batch operator returned, as the answers of its `wanted` calls. Raises OperatorError (INTERNAL)."""
    if isinstance(value, list) and len(value) == wanted:
        return value
    what = f"{len(value)} answers" if isinstance(value, list) else f"a {type(value).__name__}"
    raise OperatorError(Code.INTERNAL, f"{who} returned {what} for {wanted} calls")


def checker(shape: Shape, messages: Messages, who: str) -> Check:
    """A function that gives an answer back in the plan's class, or raises OperatorError (INTERNAL)."""
    native = messages[shape.full_name]
    again = reread(native)

    def check(value: Any) -> Any:
        if type(value) is native:
            return value
        if isinstance(value, Parcel) and set(value.buffers) == set(shape.buffers):
            return Parcel(check(value.message), value.buffers)
        if isinstance(value, Message) and value.DESCRIPTOR.full_name == shape.full_name:
            return again(value)
        what = "nothing" if value is None else f"a {type(value).__name__}"
        raise OperatorError(Code.INTERNAL, f"{who} returned {what}, not a {shape.full_name}")

    return check
