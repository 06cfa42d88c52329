"""A model version's parameters → the dataclass that an operator declares for them."""

import dataclasses
import types
from collections.abc import Iterator, Mapping
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

__all__ = ["BadParameters", "fit"]


class BadParameters(Exception):
    """The parameters do not fit; `reasons` has a sentence for each that does not."""

    def __init__(self, reasons: tuple[str, ...]) -> None:
        super().__init__("; ".join(reasons))
        self.reasons = reasons


def fit(kind: type, params: Mapping[str, Any]) -> Any:
    """An instance of the dataclass `kind`. An integer fits where a float is wanted; nothing else is converted.

    Raises BadParameters with everything that is wrong.
    """
    fields = {field.name: field for field in dataclasses.fields(kind) if field.init}
    names = {**{_camel(name): name for name in fields}, **{name: name for name in fields}}
    hints = get_type_hints(kind)
    reasons = [f"`{name}` is no parameter of {kind.__name__}" for name in params if name not in names]
    given: dict[str, Any] = {}
    for name, value in params.items():
        field = names.get(name)
        if field is None:
            continue
        if field in given:
            reasons.append(f"`{field}` is there twice")
        given[field] = _value(hints[field], value)
        reasons += [f"`{name}` {problem}" for problem in _problems(hints[field], value)]
    reasons += [f"`{name}` is missing" for name, field in fields.items() if name not in given and _required(field)]
    if reasons:
        raise BadParameters(tuple(reasons))
    return kind(**given)


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(other[:1].upper() + other[1:] for other in others)


def _required(field: "dataclasses.Field[Any]") -> bool:
    return field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING


def _value(kind: Any, value: Any) -> Any:
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    return tuple(value) if get_origin(kind) is tuple and isinstance(value, list) else value


def _problems(kind: Any, value: Any) -> Iterator[str]:
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        if all(any(_problems(option, value)) for option in get_args(kind)):
            yield f"is {_named(value)}, not {_kind_name(kind)}"
    elif origin is Literal:
        if value not in get_args(kind):
            yield f"is {value!r}, not one of {', '.join(map(repr, get_args(kind)))}"
    elif origin in (list, tuple) and isinstance(value, list | tuple):
        for one in value:
            yield from _problems(get_args(kind)[0], one)
    elif not _is(origin or kind, value):
        yield f"is {_named(value)}, not {_kind_name(kind)}"


def _is(kind: Any, value: Any) -> bool:
    if kind is Any:
        return True
    if kind is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if not isinstance(kind, type):
        return True
    return isinstance(value, kind) and (kind is bool or not isinstance(value, bool))


def _named(value: Any) -> str:
    return f"{value!r} ({type(value).__name__})"


def _kind_name(kind: Any) -> str:
    return kind.__name__ if isinstance(kind, type) and get_origin(kind) is None else str(kind)
