"""A model version's parameters → the dataclass that an operator declares for them."""

import dataclasses
import types
from collections.abc import Mapping, Sequence
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

__all__ = ["BadParameters", "fit"]


class BadParameters(Exception):
    """The parameters do not fit; `reasons` has a sentence for each that does not."""

    def __init__(self, reasons: tuple[str, ...]) -> None:
        super().__init__("; ".join(reasons))
        self.reasons = reasons


def fit(kind: type, params: Mapping[str, Any]) -> Any:
    """An instance of the dataclass `kind`.

    An integer fits where a float is wanted, a list where a tuple is, and a mapping where another dataclass is; nothing
    else is converted. Raises BadParameters with everything that is wrong.
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
        given[field] = _read(hints[field], value, name, reasons)
    reasons += [f"`{name}` is missing" for name, field in fields.items() if name not in given and _required(field)]
    if reasons:
        raise BadParameters(tuple(reasons))
    return kind(**given)


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(other[:1].upper() + other[1:] for other in others)


def _required(field: "dataclasses.Field[Any]") -> bool:
    return field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING


def _read(kind: Any, value: Any, name: str, reasons: list[str]) -> Any:
    """`value` as a `kind`; what does not fit is added to `reasons`."""
    origin, arguments = get_origin(kind) or kind, get_args(kind)
    if origin in (Union, types.UnionType):
        return _one_of(kind, value, name, reasons)
    if origin is Literal:
        if value not in arguments:
            reasons.append(f"`{name}` is {value!r}, not one of {', '.join(map(repr, arguments))}")
        return value
    if dataclasses.is_dataclass(origin) and isinstance(value, Mapping):
        return _nested(origin, value, name, reasons)
    if origin in (list, Sequence, tuple) and isinstance(value, list | tuple):
        return _row(kind, value, name, reasons)
    if origin in (dict, Mapping) and isinstance(value, Mapping) and arguments:
        return {key: _read(arguments[1], one, f"{name}.{key}", reasons) for key, one in value.items()}
    if not _is(origin, value):
        reasons.append(f"`{name}` is {_named(value)}, not {_kind_name(kind)}")
        return value
    return float(value) if origin is float else value


def _one_of(kind: Any, value: Any, name: str, reasons: list[str]) -> Any:
    for option in get_args(kind):
        missed: list[str] = []
        found = _read(option, value, name, missed)
        if not missed or (dataclasses.is_dataclass(option) and isinstance(value, Mapping)):
            reasons += missed
            return found
    reasons.append(f"`{name}` is {_named(value)}, not {_kind_name(kind)}")
    return value


def _nested(kind: Any, value: Mapping[str, Any], name: str, reasons: list[str]) -> Any:
    try:
        return fit(kind, value)
    except BadParameters as error:
        reasons += [f"in `{name}`, {reason}" for reason in error.reasons]
        return value


def _row(kind: Any, value: Sequence[Any], name: str, reasons: list[str]) -> Any:
    arguments = get_args(kind)
    if (get_origin(kind) or kind) is not tuple:
        return [_read(arguments[0], one, name, reasons) for one in value] if arguments else value
    if arguments[1:] == (...,):
        arguments = (arguments[0],) * len(value)
    if arguments and len(arguments) != len(value):
        reasons.append(f"`{name}` has {len(value)} values, and needs {len(arguments)}")
        return value
    return tuple(map(_read, arguments or (Any,) * len(value), value, (name,) * len(value), (reasons,) * len(value)))


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
