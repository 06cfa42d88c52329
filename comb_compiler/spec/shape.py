"""What a model expects at a place: asked of what overlays touch, and of what is wrong."""

from collections.abc import Mapping
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from comb_compiler.source import Path
from comb_compiler.spec.shapes import ShortForm

__all__ = ["ANY", "Expected", "choices", "expected_at", "field_names", "homes"]

ANY = "…"
"""Stands in a path for whatever name an entry has."""

_DEPTH = 3


class Expected(NamedTuple):
    """The type at a place, without `Annotated` and `None`; the field that declares it; the key of its short form."""

    type: Any
    field: FieldInfo | None = None
    short_form: str = ""


def expected_at(model: type[BaseModel], path: Path) -> Expected | None:
    """What `model` expects at `path`, or None where it expects nothing in particular."""
    expected: Expected | None = Expected(model)
    for step in path:
        if expected is None:
            return None
        expected = _below(expected.type, step)
    return expected


def field_names(model: Any) -> tuple[str, ...]:
    """The keys of a model, as they are written; none for anything else."""
    return tuple(_fields(model)) if isinstance(model, type) and issubclass(model, BaseModel) else ()


def homes(model: type[BaseModel], owner: Path, word: str) -> list[Path]:
    """Where a field named `word` belongs that does not belong to `owner`: below it, the nearest first, or above it."""
    below = expected_at(model, owner)
    found = _descendants(below.type, word, _DEPTH) if below else []
    above = [owner[:length] for length in range(len(owner) - 1, -1, -1) if _has(model, owner[:length], word)]
    return [(*owner, *path) for path in sorted(found, key=len)] + above[:1]


def _has(model: type[BaseModel], path: Path, word: str) -> bool:
    expected = expected_at(model, path)
    return expected is not None and word in field_names(expected.type)


def _descendants(kind: Any, word: str, depth: int) -> list[Path]:
    """Paths of fields below a model whose own model has a field `word`."""
    found: list[Path] = []
    for name in field_names(kind) if depth else ():
        below = _below(kind, name)
        path: Path = (name,)
        if below is not None and get_origin(below.type) is dict:
            below, path = _below(below.type, ANY), (name, ANY)
        if below is not None and below.type is not kind:
            if word in field_names(below.type):
                found.append(path)
            found += [(*path, *further) for further in _descendants(below.type, word, depth - 1)]
    return found


def choices(expected: Any) -> tuple[str, ...]:
    """The words that an enumeration or a literal allows."""
    if isinstance(expected, type) and issubclass(expected, Enum):
        return tuple(str(member.value) for member in expected)
    if get_origin(expected) is Literal:
        return tuple(str(argument) for argument in get_args(expected))
    return ()


def _below(kind: Any, step: str | int) -> Expected | None:
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return _fields(kind).get(str(step))
    return _item(kind, isinstance(step, int))


@cache
def _item(kind: Any, is_numbered: bool) -> Expected | None:
    """What a mapping by names expects below each of them, or a list."""
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is dict and len(arguments) == 2:
        return _plain(arguments[1])
    return _plain(arguments[0]) if origin is list and is_numbered else None


@cache
def _fields(model: type[BaseModel]) -> Mapping[str, Expected]:
    """What a model expects below it, by the keys as they are written."""
    fields = model.model_fields.items()
    return {field.alias or name: _plain(field.annotation, field) for name, field in fields}


def _plain(annotation: Any, field: FieldInfo | None = None) -> Expected:
    short = next((m.key for m in (field.metadata if field else ()) if isinstance(m, ShortForm)), "")
    while True:
        if get_origin(annotation) is Annotated:
            annotation, *metadata = get_args(annotation)
            short = short or next((m.key for m in metadata if isinstance(m, ShortForm)), "")
        elif get_origin(annotation) in (Union, UnionType):
            annotation = next(option for option in get_args(annotation) if option is not NoneType)
        else:
            return Expected(annotation, field, short)
