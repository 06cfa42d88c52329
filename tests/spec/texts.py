"""Texts whose values can be exchanged, with the places of all: told by PyYAML, and so independently of our reader.

Offsets count code points from 0 and are half-open, as slices are.
"""

import json
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

import yaml

__all__ = ["Path", "Range", "Spot", "Text", "block", "flow", "marked"]

Path = tuple[str | int, ...]


class Range(NamedTuple):
    """A half-open range of a text."""

    start: int
    end: int


class Spot(NamedTuple):
    """A value, and its key where it has one; `in_flow` says whether it stands between brackets."""

    value: Range
    key: Range | None
    in_flow: bool


class Text(NamedTuple):
    """A text and the places of its values by their paths, in the order of the text."""

    text: str
    spots: Mapping[Path, Spot]

    def replaced(self, path: Path, new: str) -> tuple[str, Range]:
        """The text with `new` as the value at `path`, and where that stands."""
        return _spliced(self.text, self.spots[path].value, new)

    def renamed(self, path: Path, new: str) -> tuple[str, Range]:
        """The text with `new` as the key of `path`, and where that stands."""
        key = self.spots[path].key
        assert key is not None
        return _spliced(self.text, key, new)

    def preceded(self, path: Path, entry: str) -> tuple[str, Range]:
        """The text with another entry before that of `path`, and where the key of `path` stands then."""
        spot = self.spots[path]
        assert spot.key is not None
        column = spot.key.start - (self.text.rfind("\n", 0, spot.key.start) + 1)
        inserted = entry + (", " if spot.in_flow else "\n" + " " * column)
        text, _ = _spliced(self.text, Range(spot.key.start, spot.key.start), inserted)
        return text, Range(spot.key.start + len(inserted), spot.key.end + len(inserted))

    def entry(self, path: Path) -> str:
        """The key and the value of `path` as they are written."""
        spot = self.spots[path]
        assert spot.key is not None
        return self.text[spot.key.start : spot.value.end]

    def removed(self, path: Path) -> str:
        """The text without the entry of `path`."""
        spot, beside = self.spots[path], [other for other in self.spots if other[:-1] == path[:-1]]
        assert spot.key is not None
        if len(beside) == 1:
            return self.replaced(path[:-1], "{}")[0]
        at = beside.index(path)
        if at + 1 < len(beside):
            after = self.spots[beside[at + 1]].key
            assert after is not None
            return self.text[: spot.key.start] + self.text[after.start :]
        return self.text[: self.spots[beside[at - 1]].value.end] + self.text[spot.value.end :]


def _spliced(text: str, place: Range, new: str) -> tuple[str, Range]:
    return text[: place.start] + new + text[place.end :], Range(place.start, place.start + len(new))


def marked(text: str) -> Text:
    """`text` with the places that PyYAML finds."""
    spots: dict[Path, Spot] = {}
    _walk(yaml.compose(text), (), None, False, spots)
    return Text(text, spots)


def _walk(node: Any, path: Path, key: Range | None, in_flow: bool, spots: dict[Path, Spot]) -> int:
    """Enter `node` and all below it; where it ends: a block collection with its last value, not where PyYAML says."""
    start, end = node.start_mark.index, node.end_mark.index
    spots[path] = Spot(Range(start, end), key, in_flow)
    flow_style = bool(getattr(node, "flow_style", False))
    ends = []
    if isinstance(node, yaml.MappingNode):
        for name, value in node.value:
            place = Range(name.start_mark.index, name.end_mark.index)
            ends.append(_walk(value, (*path, name.value), place, flow_style, spots))
    elif isinstance(node, yaml.SequenceNode):
        ends = [_walk(item, (*path, i), None, flow_style, spots) for i, item in enumerate(node.value)]
    if ends and not flow_style:
        end = ends[-1]
        spots[path] = Spot(Range(start, end), key, in_flow)
    return int(end)


_BARE = re.compile(r"[A-Za-z0-9$][-\w./@%$]*(?: [A-Za-z0-9][-\w./@%]*)*")


def _scalar(value: Any) -> str:
    if not isinstance(value, str):
        return json.dumps(value)
    bare = _BARE.fullmatch(value) and yaml.safe_load(value) == value
    return value if bare else json.dumps(value, ensure_ascii=False)


def flow(value: Any) -> str:
    """`value` in one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_scalar(key)}: {flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(flow, value)) + "]"
    return _scalar(value)


def block(value: Any, indent: int = 0) -> str:
    """`value` in block style down to the scalars, after the `:` or `-` that it belongs to."""
    margin = "\n" + " " * indent
    if isinstance(value, dict) and value:
        return "".join(f"{margin}{_scalar(key)}:{block(item, indent + 2)}" for key, item in value.items())
    if isinstance(value, list) and value:
        return "".join(f"{margin}-{_item(item, indent + 2)}" for item in value)
    return f" {flow(value)}"


def _item(value: Any, indent: int) -> str:
    """An item of a list, whose first key stands beside its dash."""
    text = block(value, indent)
    return " " + text.lstrip("\n ") if isinstance(value, dict) and value else text
