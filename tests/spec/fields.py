"""The models beside a file that they describe: what belongs to each of its places."""

from collections.abc import Iterator
from enum import Enum
from types import NoneType, UnionType
from typing import Annotated, Any, NamedTuple, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from comb_compiler.spec.comb import Comb
from comb_compiler.spec.shapes import Overlay, Reader, ShortForm
from tests.spec.texts import Path

__all__ = ["Field", "Kind", "all_fields", "walk"]


class Kind(Enum):
    """What a place takes."""

    MODEL = "model"
    MAPPING = "mapping"
    LIST = "list"
    SCALAR = "scalar"
    ANYTHING = "anything"


class Field(NamedTuple):
    """A place of the file. `type` is without `Optional` and `Annotated`, whose arguments are in `metadata`."""

    path: Path
    kind: Kind
    type: Any
    metadata: tuple[Any, ...]
    name: str
    """The model's field, as `Operator.timeout`; empty for entries of mappings and lists."""
    required: bool
    in_overlay: bool
    key_type: Any = None
    """What the keys of its mapping must be, for an entry of one."""

    @property
    def is_short(self) -> bool:
        """Whether another form is taken than a mapping."""
        return any(isinstance(item, ShortForm) for item in self.metadata)

    @property
    def reader(self) -> Any:
        """The function that reads the written form, which tells types of scalars apart."""
        return next((item.read for item in self.metadata if isinstance(item, Reader)), None)


def walk(model: type[BaseModel], data: Any) -> Iterator[Field]:
    """Every place of `data` that `model` says something about, from the top down."""
    yield from _below(Field((), Kind.MODEL, model, (), "", False, False), data)


def _below(field: Field, data: Any) -> Iterator[Field]:
    if field.path:
        yield field
    if field.kind is Kind.MODEL and isinstance(data, dict):
        for name, info in field.type.model_fields.items():
            key = info.alias or name
            if key in data:
                yield from _below(_of_model(field, name, key, info), data[key])
    elif field.kind is Kind.MAPPING and isinstance(data, dict):
        key_type, value_type = get_args(field.type)
        for key, value in data.items():
            yield from _below(_entry(field, key, value_type, key_type), value)
    elif field.kind is Kind.LIST and isinstance(data, list):
        for index, item in enumerate(data):
            yield from _below(_entry(field, index, get_args(field.type)[0]), item)


def _of_model(owner: Field, name: str, key: str, info: FieldInfo) -> Field:
    kind, metadata = _bare(info.annotation)
    told = f"{owner.type.__name__}.{name}"
    return _field(owner, key, kind, (*info.metadata, *metadata), told, info.is_required())


def _entry(owner: Field, step: str | int, annotation: Any, key_type: Any = None) -> Field:
    kind, metadata = _bare(annotation)
    return _field(owner, step, kind, metadata, "", False)._replace(key_type=key_type)


def _field(owner: Field, step: str | int, kind: Any, metadata: tuple[Any, ...], name: str, required: bool) -> Field:
    path = (*owner.path, step)
    if _is_overlay(metadata):
        return Field(path, Kind.MODEL, Comb, metadata, name, required, True)
    return Field(path, _kind(kind), kind, metadata, name, required and not owner.in_overlay, owner.in_overlay)


_OVERLAY_READER = next(item.read for item in get_args(Overlay) if isinstance(item, Reader))


def _is_overlay(metadata: tuple[Any, ...]) -> bool:
    return any(isinstance(item, Reader) and item.read is _OVERLAY_READER for item in metadata)


def _kind(kind: Any) -> Kind:
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return Kind.MODEL
    if kind is Any:
        return Kind.ANYTHING
    return {dict: Kind.MAPPING, list: Kind.LIST}.get(get_origin(kind), Kind.SCALAR)


def _bare(annotation: Any) -> tuple[Any, tuple[Any, ...]]:
    if get_origin(annotation) is Annotated:
        inner, *metadata = get_args(annotation)
        kind, more = _bare(inner)
        return kind, (*metadata, *more)
    if get_origin(annotation) in (Union, UnionType):
        return _bare(next(option for option in get_args(annotation) if option is not NoneType))
    return annotation, ()


def all_fields(model: type[BaseModel]) -> set[str]:
    """Every field of `model` and of the models below it, as `Operator.timeout`."""
    found: set[str] = set()
    todo: list[Any] = [model]
    seen: set[Any] = set()
    while todo:
        kind, _ = _bare(todo.pop())
        if isinstance(kind, type) and issubclass(kind, BaseModel) and kind not in seen:
            seen.add(kind)
            found |= {f"{kind.__name__}.{name}" for name in kind.model_fields}
            todo += [info.annotation for info in kind.model_fields.values()]
        elif get_origin(kind) in (dict, list):
            todo += get_args(kind)
    return found
