"""Drawn .proto files: plain values that can be changed one by one, and their text."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from hypothesis import strategies as st

__all__ = ["DrawnEnum", "DrawnFile", "DrawnMessage", "added_to", "files", "rebuilt", "text_of"]

SCALARS = ("int32", "int64", "uint32", "sint64", "fixed32", "sfixed64", "bool", "float", "double", "string", "bytes")
LABELS = ("", "optional ", "repeated ")


@dataclass(frozen=True)
class DrawnMessage:
    """Fields by number: label, type, name. Nested messages by name."""

    fields: dict[int, tuple[str, str, str]] = field(default_factory=dict)
    nested: dict[str, "DrawnMessage"] = field(default_factory=dict)


@dataclass(frozen=True)
class DrawnEnum:
    """Names by number; 0 is the first."""

    values: dict[int, str] = field(default_factory=dict)


@dataclass(frozen=True)
class DrawnFile:
    """Messages and enums by name, and the methods of one service: name, request, response."""

    messages: dict[str, DrawnMessage]
    enums: dict[str, DrawnEnum]
    methods: dict[str, tuple[str, str]]


def text_of(file: DrawnFile) -> str:
    """The .proto file."""
    return "\n".join(_lines(file)) + "\n"


def _lines(file: DrawnFile) -> Iterator[str]:
    yield 'syntax = "proto3";\npackage v1;'
    for name, enum in file.enums.items():
        yield f"enum {name} {{"
        yield from (f"  {value} = {number};" for number, value in enum.values.items())
        yield "}"
    for name, message in file.messages.items():
        yield from _message(name, message)
    yield "service S {"
    yield from (f"  rpc {name}({ask}) returns ({answer});" for name, (ask, answer) in file.methods.items())
    yield "}"


def _message(name: str, message: DrawnMessage) -> Iterator[str]:
    yield f"message {name} {{"
    for nested, inner in message.nested.items():
        yield from _message(nested, inner)
    for number, (label, kind, field_name) in message.fields.items():
        yield f"  {'' if kind.startswith('map<') else label}{kind} {field_name} = {number};"
    yield "}"


def _enums(prefix: str) -> st.SearchStrategy[dict[str, DrawnEnum]]:
    def build(numbers: list[list[int]]) -> dict[str, DrawnEnum]:
        return {
            f"{prefix}{index}": DrawnEnum({number: f"{prefix}{index}_{number}" for number in (0, *values)})
            for index, values in enumerate(numbers)
        }

    return st.lists(st.lists(st.integers(1, 40), unique=True, max_size=4), max_size=2).map(build)


@st.composite
def _messages(draw: st.DrawFn, prefix: str, types: tuple[str, ...], depth: int = 1) -> dict[str, DrawnMessage]:
    drawn = {}
    for index in range(draw(st.integers(0, 3))):
        kinds = st.sampled_from((*SCALARS, *types, "map<string, int32>", *(f"map<int64, {one}>" for one in types)))
        numbers = draw(st.lists(st.integers(1, 60), unique=True, max_size=5))
        fields = {number: (draw(st.sampled_from(LABELS)), draw(kinds), f"f_{number}") for number in numbers}
        nested = draw(_messages("Inner", types, depth - 1)) if depth else {}
        drawn[f"{prefix}{index}"] = DrawnMessage(fields, nested)
    return drawn


@st.composite
def files(draw: st.DrawFn, prefix: str = "", types: tuple[str, ...] = ()) -> DrawnFile:
    """A file whose names begin with `prefix`; its fields may also have the `types`."""
    enums = draw(_enums(f"{prefix}E"))
    names = draw(st.integers(1, 3))
    messages = {f"{prefix}M{index}": DrawnMessage() for index in range(names)}
    known = (*types, *enums, *messages)
    for name in messages:
        body = draw(_messages("Body", known))
        messages[name] = body.get("Body0", DrawnMessage())
    requests = st.sampled_from(tuple(messages))
    methods = {f"{prefix}Do{index}": (draw(requests), draw(requests)) for index in range(draw(st.integers(0, 2)))}
    return DrawnFile(messages, enums, methods)


@st.composite
def added_to(draw: st.DrawFn, file: DrawnFile) -> DrawnFile:
    """The file with more in it: fields, nested messages, messages, values, enums and methods."""
    more = draw(files("New", tuple(file.messages)))
    messages = {name: draw(_grown(message, tuple(more.messages))) for name, message in file.messages.items()}
    enums = {
        name: DrawnEnum(
            {**enum.values, **{number: f"{name}_{number}" for number in draw(st.lists(st.integers(50, 60)))}}
        )
        for name, enum in file.enums.items()
    }
    return DrawnFile({**messages, **more.messages}, {**enums, **more.enums}, {**file.methods, **more.methods})


@st.composite
def _grown(draw: st.DrawFn, message: DrawnMessage, types: tuple[str, ...]) -> DrawnMessage:
    kinds = st.sampled_from((*SCALARS, *types))
    numbers = draw(st.lists(st.integers(100, 120), unique=True, max_size=3))
    fields = {number: (draw(st.sampled_from(LABELS)), draw(kinds), f"f_{number}") for number in numbers}
    nested = {name: draw(_grown(inner, types)) for name, inner in message.nested.items()}
    return DrawnMessage({**message.fields, **fields}, {**nested, **draw(_messages("More", types, 0))})


@st.composite
def rebuilt(draw: st.DrawFn, file: DrawnFile) -> DrawnFile:
    """The file with fields, values, types and methods changed and taken away at will."""
    messages = {name: draw(_rebuilt_message(message)) for name, message in file.messages.items()}
    enums = {
        name: DrawnEnum({number: draw(st.sampled_from((value, f"{value}_x"))) for number, value in enum.values.items()
                         if number == 0 or draw(st.booleans())})
        for name, enum in file.enums.items()
    }  # fmt: skip
    methods = {name: types for name, types in file.methods.items() if draw(st.booleans())}
    return replace(file, messages=messages, enums=enums, methods=methods)


@st.composite
def _rebuilt_message(draw: st.DrawFn, message: DrawnMessage) -> DrawnMessage:
    fields = {}
    for number, (label, kind, name) in message.fields.items():
        change = draw(st.sampled_from(("keep", "drop", "name", "type", "label")))
        if change != "drop":
            fields[number] = (
                draw(st.sampled_from(LABELS)) if change == "label" else label,
                draw(st.sampled_from((*SCALARS, "map<string, string>"))) if change == "type" else kind,
                f"{name}_x" if change == "name" else name,
            )
    nested = {name: draw(_rebuilt_message(inner)) for name, inner in message.nested.items() if draw(st.booleans())}
    return DrawnMessage(fields, nested)
