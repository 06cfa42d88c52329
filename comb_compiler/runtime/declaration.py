"""What operator code declares: its ports, its answer, what it is to be given, and how it wants to be run."""

import importlib
import inspect
import re
import types
from collections.abc import Callable, Iterator
from dataclasses import is_dataclass
from typing import Annotated, Any, ForwardRef, NamedTuple, Union, cast, get_args, get_origin

from google.protobuf.message import Message

from comb_compiler.runtime.code import Code
from comb_compiler.runtime.messages import Messages
from comb_compiler.runtime.sdk import Call, Execution, Model, Options, Parcel, Workspace, options_of

__all__ = ["BadOperator", "Declaration", "Shape", "declaration_of", "load_entry"]

_FULL_NAME = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)+")


class BadOperator(Exception):
    """The code cannot be used as an operator; `reasons` has a sentence for each thing that is wrong."""

    def __init__(self, entry: str, reasons: tuple[str, ...]) -> None:
        super().__init__(f"{entry}: {'; '.join(reasons)}")
        self.entry = entry
        self.reasons = reasons


class Shape(NamedTuple):
    """A port or an answer. `kind` is None where the code names the message by its full name only.

    `buffers` are the fields whose bytes travel beside the message, in a Parcel.
    """

    name: str
    full_name: str
    kind: type[Message] | None = None
    optional: bool = False
    buffers: tuple[str, ...] = ()
    is_list: bool = False


class Declaration(NamedTuple):
    """An operator as its code declares it. `given` maps parameters of `__init__` to what they are given.

    `call` is the parameter that takes the Call, `params` the dataclass of the model's parameters, where they are there.
    Those that are in `spare` have a default, for where there is nothing to give.
    """

    entry: str
    target: Callable[..., Any]
    ports: tuple[Shape, ...]
    out: Shape
    options: Options
    is_class: bool
    is_async: bool
    given: dict[str, type]
    params: type | None = None
    call: str | None = None
    spare: frozenset[str] = frozenset()

    @property
    def execution(self) -> Execution:
        """Where it runs."""
        return self.options.execution or ("loop" if self.is_async else "thread")


def load_entry(entry: str, code: Code | None = None) -> Declaration:
    """What `package.module:Name` declares; imports it, from `code` where that has it. Raises BadOperator."""
    module_name, _, name = entry.partition(":")
    if not module_name or not name:
        raise BadOperator(entry, ("an entry point is `package.module:Name`",))
    try:
        module = importlib.import_module(module_name) if code is None else code.load(module_name)
    except SystemExit as error:
        raise BadOperator(entry, (f"importing it ends the process, with {error.code!r}",)) from error
    except Exception as error:  # whatever the user's module does while it is imported
        said = str(error) if code is None else code.said(error)
        raise BadOperator(entry, (f"`{module_name}` cannot be imported: {type(error).__name__}: {said}",)) from error
    target: Any = module
    for part in name.split("."):
        if not hasattr(target, part):
            raise BadOperator(entry, (f"`{module_name}` has no `{name}`",))
        target = getattr(target, part)
    return declaration_of(target, entry)


def declaration_of(target: Any, entry: str = "") -> Declaration:
    """What a class or function declares. Raises BadOperator with everything that is wrong."""
    entry = entry or getattr(target, "__qualname__", str(target))
    reading = _Reading(entry)
    declaration = reading.read(target)
    if reading.reasons or declaration is None:
        raise BadOperator(entry, tuple(reading.reasons))
    return declaration


class _Reading:
    """Reads one operator, and collects what is wrong."""

    def __init__(self, entry: str) -> None:
        self.entry = entry
        self.reasons: list[str] = []

    def read(self, target: Any) -> Declaration | None:
        is_class = inspect.isclass(target)
        function = self._function(target, is_class)
        if function is None:
            return None
        options = options_of(target)
        calls, ports = [], []
        for name, annotation in self._parameters(function, skip_self=is_class):
            if _without_none(annotation)[0] is Call:
                calls.append(name)
            else:
                ports.append(self._shape(name, annotation, "port"))
        out = self._shape("return", _annotations(function).get("return", inspect.Parameter.empty), "answer")
        if out.optional:
            self.reasons.append("the answer `return` may be None, and an operator always gives one")
        if len(calls) > 1:
            self.reasons.append(f"it takes the Call more than once: see {', '.join(f'`{name}`' for name in calls)}")
        given, params, spare = self._given(target) if is_class else ({}, None, frozenset())
        is_async = inspect.iscoroutinefunction(function)
        self._must_agree(options, is_async, [*ports, out])
        call = calls[0] if calls else None
        shapes = tuple(ports), out
        return Declaration(self.entry, target, *shapes, options, is_class, is_async, given, params, call, spare)

    def _function(self, target: Any, is_class: bool) -> Any:
        function = target.__dict__.get("__call__") or getattr(target, "__call__", None) if is_class else target  # noqa: B004
        if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
            self.reasons.append("it yields, and an operator returns its answer")
            return None
        if is_class and inspect.isabstract(target):
            missing = ", ".join(f"`{name}`" for name in sorted(target.__abstractmethods__))
            self.reasons.append(f"it is abstract, and has no {missing}")
            return None
        if inspect.isfunction(function):
            return function
        self.reasons.append("it is no function, and no class with a `__call__`")
        return None

    def _parameters(self, function: Any, *, skip_self: bool) -> Iterator[tuple[str, Any]]:
        annotations = _annotations(function)
        for parameter in list(inspect.signature(function).parameters.values())[1 if skip_self else 0 :]:
            if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD, parameter.POSITIONAL_ONLY):
                self.reasons.append(f"`{parameter.name}` must be a plain parameter: ports have names")
                continue
            yield parameter.name, annotations.get(parameter.name, parameter.empty)

    def _given(self, target: type) -> tuple[dict[str, type], type | None, frozenset[str]]:
        function = cast(Any, target).__init__
        given: dict[str, type] = {}
        params = None
        if not inspect.isfunction(function):
            return given, params, frozenset()
        required = {p.name for p in inspect.signature(function).parameters.values() if p.default is p.empty}
        for name, declared in self._parameters(function, skip_self=True):
            annotation, _ = _without_none(declared)
            if (get_origin(annotation) or annotation) is Model:
                given[name] = Model
                params = self._params(name, annotation)
            elif annotation in (Messages, Workspace):
                given[name] = annotation
            elif name in required:
                self.reasons.append(f"`{name}` of `__init__` must be a Model, Messages or Workspace, or have a default")
        return given, params, frozenset(given.keys() - required)

    def _params(self, name: str, annotation: Any) -> type | None:
        arguments = get_args(annotation)
        if (
            not arguments
            or arguments[0] is Any
            or get_origin(arguments[0]) is not None
            or not isinstance(arguments[0], type)
        ):
            return None
        if not is_dataclass(arguments[0]):
            self.reasons.append(f"`{name}` is a Model[{arguments[0].__name__}], which is no dataclass")
            return None
        return arguments[0]

    def _shape(self, name: str, annotation: Any, role: str) -> Shape:
        shape = Shape(name, "")
        if get_origin(annotation) is list and get_args(annotation):
            shape, annotation = shape._replace(is_list=True), get_args(annotation)[0]
        annotation, optional = _without_none(annotation)
        shape = shape._replace(optional=optional)
        if get_origin(annotation) is Annotated:
            annotation, *buffers = get_args(annotation)
            shape = shape._replace(buffers=tuple(one for one in buffers if isinstance(one, str)))
        is_parcel = get_origin(annotation) is Parcel
        if is_parcel:
            annotation = get_args(annotation)[0]
        if is_parcel != bool(shape.buffers):
            self.reasons.append(f'`{name}` must be `Annotated[Parcel[…], "field", …]`: a Parcel, and its fields')
        return self._named(shape, annotation, role)

    def _named(self, shape: Shape, annotation: Any, role: str) -> Shape:
        text = annotation.__forward_arg__ if isinstance(annotation, ForwardRef) else annotation
        if isinstance(text, str) and _FULL_NAME.fullmatch(text):
            return shape._replace(full_name=text)
        if isinstance(annotation, type) and issubclass(annotation, Message) and annotation is not Message:
            return shape._replace(full_name=annotation.DESCRIPTOR.full_name, kind=annotation)
        if annotation is inspect.Parameter.empty:
            self.reasons.append(f"the {role} `{shape.name}` has no type")
        else:
            self.reasons.append(f"the {role} `{shape.name}` is `{_kind(annotation)}`, which is no Protobuf message")
        return shape

    def _must_agree(self, options: Options, is_async: bool, shapes: list[Shape]) -> None:
        if is_async and options.execution not in (None, "loop"):
            self.reasons.append(f"an `async def` runs in the loop, not in a {options.execution}")
        wrong = [shape.name for shape in shapes if shape.is_list != options.batch]
        if wrong:
            rule = (
                "takes and returns lists" if options.batch else "takes and returns no lists unless it says batch=True"
            )
            self.reasons.append(f"it {rule}: see {', '.join(f'`{name}`' for name in wrong)}")
        if len(shapes) == 1:
            self.reasons.append("it has no port")


def _without_none(annotation: Any) -> tuple[Any, bool]:
    if get_origin(annotation) not in (Union, types.UnionType):
        return annotation, False
    from comb_compiler.runtime.codes import OperatorError

    options = [one for one in get_args(annotation) if one not in (type(None), OperatorError)]
    return (options[0] if len(options) == 1 else annotation), type(None) in get_args(annotation)


def _kind(annotation: Any) -> str:
    is_class = isinstance(annotation, type) and get_origin(annotation) is None
    return annotation.__qualname__ if is_class else annotation if isinstance(annotation, str) else repr(annotation)


def _annotations(function: Any) -> dict[str, Any]:
    """Annotations, those that are strings evaluated; a string that names nothing in Python stays what it is.

    They mean what they do where the function was written, and not where it was decorated.
    """

    def alone() -> None: ...

    function = inspect.unwrap(function)
    found = {}
    for name, annotation in function.__annotations__.items():
        alone.__annotations__ = {name: annotation}
        try:
            found[name] = inspect.get_annotations(alone, globals=function.__globals__, eval_str=True)[name]
        except (NameError, AttributeError, SyntaxError, TypeError):
            found[name] = annotation
    return found
