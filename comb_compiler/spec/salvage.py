"""What is left of a file when its wrong parts are taken out, so that the rest can still be checked."""

from collections.abc import Sequence
from enum import Enum
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin

from annotated_types import Ge, Gt, MinLen
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from comb_compiler.source import Path
from comb_compiler.spec.shape import Expected, expected_at
from comb_compiler.spec.shapes import JsonSchema

__all__ = ["salvage"]

M = TypeVar("M", bound=BaseModel)
_ROUNDS = 8


def salvage(model: type[M], data: Any, wrong: Sequence[Path]) -> M | None:
    """A model of `data` without what is wrong at `wrong`.

    Entries of mappings and lists go, and so do optional fields. A required field that is wrong takes the entry that it
    belongs to along; where it belongs to none, as `metadata.name`, a stand-in of the right form takes its place.
    """
    for _ in range(_ROUNDS):
        changes = _Changes()
        for place in {_removable(model, data, path) for path in wrong}:
            changes.note(place, _GONE if _may_go(model, place) else _stand_in(expected_at(model, place)))
        data = changes.applied(data)
        try:
            return model.model_validate(data)
        except ValidationError as failure:
            wrong = [error["loc"] for error in failure.errors(include_url=False)]
    return None


def _removable(model: type[BaseModel], data: Any, path: Path) -> Path:
    """The part of the data that has to go for the error at `path`; for a field that must be there, the field."""
    present, value = _present(data, path)
    field = path[: len(present) + 1]
    if isinstance(value, dict) and field[-1:] != ("[key]",) and expected_at(model, field) is not None:
        present = field
    for length in range(len(present), 0, -1):
        if _may_go(model, present[:length]):
            return present[:length]
    return present


def _may_go(model: type[BaseModel], path: Path) -> bool:
    """Whether nobody misses what is at `path`: an entry of a mapping or a list, or a field that is not required."""
    expected = expected_at(model, path)
    return expected is None or expected.field is None or not expected.field.is_required()


def _present(data: Any, path: Path) -> tuple[Path, Any]:
    """The longest part of `path` that is in the data, and what is there."""
    present: Path = ()
    for step in path:
        inside = isinstance(data, dict) and step in data
        if not inside and not (isinstance(data, list) and isinstance(step, int) and step < len(data)):
            break
        data = data[step]
        present = (*present, step)
    return present, data


_GONE = object()
"""What is put in the place of a value that goes."""


class _Changes:
    """What is put in the place of values, by their paths; a change above another wins."""

    def __init__(self) -> None:
        self._here: list[Any] = []
        self._below: dict[str | int, _Changes] = {}

    def note(self, path: Path, value: Any) -> None:
        """Put `value` at `path`."""
        if path:
            self._below.setdefault(path[0], _Changes()).note(path[1:], value)
        else:
            self._here = [value]

    def applied(self, data: Any) -> Any:
        """A copy of `data` with the changes; what is not touched is shared. A root that goes is empty."""
        changed = self._applied(data)
        return {} if changed is _GONE else changed

    def _applied(self, data: Any) -> Any:
        if self._here:
            return self._here[0]
        if isinstance(data, list):
            items = [self._below[i]._applied(item) if i in self._below else item for i, item in enumerate(data)]
            return [item for item in items if item is not _GONE]
        if not isinstance(data, dict):
            return data
        added = {step: None for step in self._below if step not in data}
        entries = {
            key: self._below[key]._applied(value) if key in self._below else value
            for key, value in {**data, **added}.items()
        }
        return {key: value for key, value in entries.items() if value is not _GONE}


def _stand_in(expected: Expected | None) -> Any:
    """A value of the right form, as the field's own examples show it."""
    if expected is None:
        return {}
    field = expected.field
    return _value(expected.type, field.metadata if field else (), field.examples if field else None)


def _value(kind: Any, metadata: Sequence[Any], examples: Sequence[Any] | None = None) -> Any:
    """The first of: an example, what an enumeration begins with, the least number, what a model needs."""
    if examples:
        return examples[0]
    if get_origin(kind) is Annotated:
        inner, *more = get_args(kind)
        return _value(inner, [*metadata, *more])
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return {_key(name, field): _of_field(field) for name, field in kind.model_fields.items() if field.is_required()}
    if get_origin(kind) in (dict, list):
        return _collection(kind, metadata)
    return _scalar(kind, metadata)


def _key(name: str, field: FieldInfo) -> str:
    return field.alias or name


def _of_field(field: FieldInfo) -> Any:
    return _value(field.annotation, field.metadata, field.examples)


def _collection(kind: Any, metadata: Sequence[Any]) -> Any:
    count = next((item.min_length for item in metadata if isinstance(item, MinLen)), 0)
    item = _value(get_args(kind)[-1], ()) if count else None
    return {f"unknown{i}": item for i in range(count)} if get_origin(kind) is dict else [item] * count


def _scalar(kind: Any, metadata: Sequence[Any]) -> Any:
    if get_origin(kind) is Literal:
        return get_args(kind)[0]
    if isinstance(kind, type) and issubclass(kind, Enum):
        return next(iter(kind)).value
    schema = next((item.json_schema for item in metadata if isinstance(item, JsonSchema)), None) or {}
    if schema.get("examples"):
        return schema["examples"][0]
    if kind in (int, float):
        return next((item.ge for item in metadata if isinstance(item, Ge)), None) or (
            1 if any(isinstance(item, Gt) for item in metadata) else 0
        )
    return False if kind is bool else "unknown"
