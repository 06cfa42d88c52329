"""A message → a row of figures whose distributions are watched, compiled once for each type of message.

    boxes.size          how many items a repeated field has
    boxes.score         a number; below a repeated field, the mean over its items; true is 1, false is 0
    text.size           the length of a text or of bytes
    image.mean          the mean byte
    angle               an enum, by name; below a repeated field, the first item's
    crop.present        1 where a field that may be absent is there; below a repeated field, the share
    scores.size, scores.mean, scores.flat     of numbers in a row; `flat` is 1 where all of them are equal

No text is kept, only lengths: figures are shown and saved, and a text may be anybody's name.
"""

from collections.abc import Callable, Iterator, Sequence
from math import isfinite
from typing import Any, NamedTuple

__all__ = ["Feature", "Features", "compile_features"]

Value = float | str | None
"""None where there is nothing to see: no item, or a number that is not finite."""

_MOST_FEATURES = 64
_DEEPEST = 5
_MOST_ITEMS = 64
"""Of a repeated field; of more, as many are looked at, evenly spread."""
_MOST_NUMBERS = 256
"""Of numbers or bytes in a row."""
_FEWEST_NUMBERS = 8
"""In a row of fewer it says little that all of them are equal."""

Row = list[Any]
_Leaf = Callable[[Row], Value]


class Feature(NamedTuple):
    """A figure. Its values are numbers, or names where it `is_category`.

    One that `is_tensor` is a digest that tells whether a row of numbers is the same again and again.
    """

    name: str
    is_category: bool = False
    is_tensor: bool = False


class _Group(NamedTuple):
    """The leaves of a message, and the messages in it; `step` leads to it from those that hold it."""

    step: Callable[[Row], Row]
    leaves: list[_Leaf]
    groups: "list[_Group]"


class Features(NamedTuple):
    """The features of a type of message, in an order of their own. `is_whole` says that none were left out."""

    features: tuple[Feature, ...]
    root: _Group
    is_whole: bool

    def read(self, message: Any) -> list[Value]:
        """The values of a message, one for each feature."""
        return list(_values(self.root, [message]))


def _values(group: _Group, parents: Row) -> Iterator[Value]:
    for leaf in group.leaves:
        yield leaf(parents)
    for inner in group.groups:
        yield from _values(inner, inner.step(parents))


def compile_features(descriptor: Any) -> Features:
    """The features of messages with this descriptor: at most 64, five levels deep. Maps are only counted."""
    builder = _Builder()
    root = builder.group(descriptor, "", lambda parents: parents, 1)
    return Features(tuple(builder.features), root, builder.is_whole)


class _Builder:
    def __init__(self) -> None:
        self.features: list[Feature] = []
        self.is_whole = True

    def group(self, descriptor: Any, path: str, step: Callable[[Row], Row], depth: int) -> _Group:
        group = _Group(step, [], [])
        for field in descriptor.fields:
            self._leaves(group, field, path + field.name)
        for field in descriptor.fields:
            if field.message_type is not None and not _is_closed(field):
                if depth == _DEEPEST:
                    self.is_whole = False
                    continue
                inner = self.group(field.message_type, f"{path}{field.name}.", _step(field), depth + 1)
                if inner.leaves or inner.groups:
                    group.groups.append(inner)
        return group

    def _leaves(self, group: _Group, field: Any, name: str) -> None:
        for feature, leaf in _leaves_of(field, name):
            if len(self.features) == _MOST_FEATURES:
                self.is_whole = False
                return
            self.features.append(feature)
            group.leaves.append(leaf)


def _is_closed(field: Any) -> bool:
    """A field whose inside is not looked at: a map, or a point in time, which always drifts."""
    kind = field.message_type
    return bool(kind.GetOptions().map_entry) or kind.full_name == "google.protobuf.Timestamp"


def _step(field: Any) -> Callable[[Row], Row]:
    name = field.name
    if field.is_repeated:
        return lambda parents: _spread(
            [one for parent in parents for one in _spread(getattr(parent, name), _MOST_ITEMS)], _MOST_ITEMS
        )
    return lambda parents: [getattr(parent, name) for parent in parents if parent.HasField(name)]


def _leaves_of(field: Any, name: str) -> Iterator[tuple[Feature, _Leaf]]:
    if field.is_repeated:
        yield Feature(f"{name}.size"), _mean(field, len)
        if field.cpp_type in _NUMBERS:
            yield Feature(f"{name}.mean"), _first(field, _mean_number)
            yield Feature(f"{name}.flat"), _first(field, _flat)
            yield Feature(name, is_tensor=True), _first(field, _digest)
        return
    if field.has_presence:
        yield Feature(f"{name}.present"), _present(field.name)
    if field.cpp_type in _NUMBERS:
        yield Feature(name), _mean(field, float)
    elif field.cpp_type == field.CPPTYPE_ENUM:
        names = {value.number: value.name for value in field.enum_type.values}
        yield Feature(name, is_category=True), _first(field, lambda number: names.get(number, str(number)))
    elif field.cpp_type == field.CPPTYPE_STRING:  # bytes too
        yield Feature(f"{name}.size"), _mean(field, len)
        if field.type == field.TYPE_BYTES:
            yield Feature(f"{name}.mean"), _mean(field, _mean_byte)


_NUMBERS = frozenset(range(1, 8))
"""CPPTYPE_INT32, INT64, UINT32, UINT64, DOUBLE, FLOAT and BOOL."""


def _present(name: str) -> _Leaf:
    return lambda parents: sum(one.HasField(name) for one in parents) / len(parents) if parents else None


def _mean(field: Any, number: Callable[[Any], float]) -> _Leaf:
    """The mean over the messages that have the field."""
    name, has_presence = field.name, field.has_presence and not field.is_repeated

    def leaf(parents: Row) -> Value:
        values = [number(getattr(one, name)) for one in parents if not has_presence or one.HasField(name)]
        mean = sum(values) / len(values) if values else None
        return mean if mean is not None and isfinite(mean) else None

    return leaf


def _first(field: Any, value: Callable[[Any], Value]) -> _Leaf:
    name, has_presence = field.name, field.has_presence and not field.is_repeated

    def leaf(parents: Row) -> Value:
        for one in parents:
            if not has_presence or one.HasField(name):
                return value(getattr(one, name))
        return None

    return leaf


def _spread(row: Sequence[Any], most: int) -> Any:
    return row if len(row) <= most else row[:: -(-len(row) // most)]


def _mean_byte(content: bytes) -> float:
    some = _spread(content, _MOST_NUMBERS)
    return sum(some) / len(some) if some else 0.0


def _mean_number(row: Any) -> Value:
    some = _spread(row, _MOST_NUMBERS)
    mean = sum(some) / len(some) if some else None
    return mean if mean is not None and isfinite(mean) else None


def _flat(row: Any) -> Value:
    some = _spread(row, _MOST_NUMBERS)
    return None if len(some) < _FEWEST_NUMBERS else float(min(some) == max(some))


def _digest(row: Any) -> Value:
    some = _spread(row, _MOST_NUMBERS)
    return None if len(some) < _FEWEST_NUMBERS else str(hash((len(row), *some)))
