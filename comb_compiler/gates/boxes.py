"""Boxes, in whichever form messages have them, and how much two of them overlap.

A box is four numbers (left, top, right, bottom), or a message: with such fields (`left`, `top`, `right`, `bottom`;
`x_min` …; `x1`, `y1`, `x2`, `y2`), with `x`, `y`, `width`, `height`, or of corners: a list of points with `x` and `y`,
or fields that are each such a point, in their order. Corners are those of a convex outline.
"""

from collections.abc import Sequence
from typing import Any

from google.protobuf.descriptor import FieldDescriptor

__all__ = ["Point", "corners", "is_box", "overlap", "paired"]

Point = tuple[float, float]

_EDGES = (
    ("left", "top", "right", "bottom"),
    ("x_min", "y_min", "x_max", "y_max"),
    ("xmin", "ymin", "xmax", "ymax"),
    ("x1", "y1", "x2", "y2"),
)
_SIZES = (("x", "y", "width", "height"), ("left", "top", "width", "height"), ("x", "y", "w", "h"))
_FEWEST_CORNERS = 3
_MOST = 200_000
"""Pairs of boxes that are looked at: a second or two."""
_DIGITS = 6
"""Of a share: coordinates of 32 bits have no more, and 0.8 should be 0.8."""


def is_box(descriptor: Any) -> bool:
    """Whether messages of a type are boxes."""
    return _form(descriptor) is not None


def overlap(before: Any, after: Any) -> float:
    """What two boxes have in common, as a share of what they cover together; 1 for two that are the same."""
    return _overlap(corners(before), corners(after))


def _overlap(one: list[Point], other: list[Point]) -> float:
    if one == other:
        return 1.0
    common = _area(_clipped(one, other))
    together = _area(one) + _area(other) - common
    return round(common / together, _DIGITS) if together > 0 else 0.0


def paired(before: Sequence[Any], after: Sequence[Any], share: float) -> tuple[list[Any], list[Any]]:
    """The boxes of either list that have no partner: pairs are made of those that overlap most, at least by `share`.

    As in the evaluation of detectors (Everingham et al., "The PASCAL Visual Object Classes Challenge", 2010), each box
    has one partner at most. After so many pairs that were looked at, who is left has a partner where
    the two are the same.
    """
    found, left_over = [], _MOST
    outlines, others = ([(corners(one), _extent(corners(one))) for one in side] for side in (before, after))
    for first, (one, its) in enumerate(outlines):
        for second, (other, theirs) in enumerate(others):
            if one == other:
                found.append((-1.0, first, second))
            elif left_over and (share <= 0 or _may_touch(its, theirs)):
                left_over -= 1
                common = _overlap(one, other)
                if common >= share:
                    found.append((-common, first, second))
    left, right = set(range(len(before))), set(range(len(after)))
    for _, first, second in sorted(found):
        if first in left and second in right:
            left.remove(first)
            right.remove(second)
    return [before[index] for index in sorted(left)], [after[index] for index in sorted(right)]


def corners(box: Any) -> list[Point]:
    """A box's corners, in their order around it. Raises ValueError for what is none."""
    if isinstance(box, Sequence) or not hasattr(box, "DESCRIPTOR"):
        return _rectangle(*(float(one) for one in box))
    found = _form(box.DESCRIPTOR)
    if found is None:
        raise ValueError(f"{box.DESCRIPTOR.full_name} is no box")
    kind, names = found
    values = [getattr(box, name) for name in names]
    if kind == "edges":
        return _rectangle(*values)
    if kind == "sizes":
        x, y, width, height = values
        return _rectangle(x, y, x + width, y + height)
    points = values[0] if kind == "list" else values
    return [(float(point.x), float(point.y)) for point in points]


def _extent(outline: Sequence[Point]) -> tuple[float, float, float, float]:
    """The least and the greatest of either coordinate."""
    xs, ys = [x for x, _ in outline], [y for _, y in outline]
    return min(xs, default=0.0), min(ys, default=0.0), max(xs, default=0.0), max(ys, default=0.0)


def _may_touch(one: tuple[float, float, float, float], other: tuple[float, float, float, float]) -> bool:
    """Whether two extents have anything in common, as far as one can tell where a coordinate is no number."""
    return not (one[0] > other[2] or other[0] > one[2] or one[1] > other[3] or other[1] > one[3])


def _form(descriptor: Any) -> tuple[str, tuple[str, ...]] | None:
    """How messages of a type are boxes, and by which fields."""
    fields = {field.name: field for field in descriptor.fields}
    for kind, forms in (("edges", _EDGES), ("sizes", _SIZES)):
        for names in forms:
            if all(name in fields and _is_number(fields[name]) for name in names):
                return kind, names
    lists = tuple(name for name, field in fields.items() if field.is_repeated and _is_point(field))
    if len(lists) == 1:
        return "list", lists
    points = tuple(name for name, field in fields.items() if not field.is_repeated and _is_point(field))
    return ("points", points) if len(points) >= _FEWEST_CORNERS else None


def _is_number(field: Any) -> bool:
    return not field.is_repeated and field.cpp_type not in _NO_NUMBERS


_NO_NUMBERS = (
    FieldDescriptor.CPPTYPE_BOOL,
    FieldDescriptor.CPPTYPE_ENUM,
    FieldDescriptor.CPPTYPE_STRING,
    FieldDescriptor.CPPTYPE_MESSAGE,
)


def _is_point(field: Any) -> bool:
    if field.type != FieldDescriptor.TYPE_MESSAGE:
        return False
    fields = {one.name: one for one in field.message_type.fields}
    return all(name in fields and _is_number(fields[name]) for name in ("x", "y"))


def _rectangle(left: float, top: float, right: float, bottom: float) -> list[Point]:
    return [(left, top), (right, top), (right, bottom), (left, bottom)]


def _area(outline: Sequence[Point]) -> float:
    return abs(_signed(outline)) / 2


def _clipped(outline: list[Point], by: list[Point]) -> list[Point]:
    """What of an outline is within a convex one: Sutherland and Hodgman, "Reentrant Polygon Clipping", 1974."""
    turn = 1 if _signed(by) >= 0 else -1
    found = outline
    for start, end in zip(by, [*by[1:], *by[:1]], strict=True):
        if not found:
            return []
        sides = [turn * _side(start, end, point) for point in found]
        kept: list[Point] = []
        for index, point in enumerate(found):
            before, its, side = found[index - 1], sides[index - 1], sides[index]
            if (its < 0) != (side < 0):
                kept.append(_between(before, point, its / (its - side)))
            if side >= 0:
                kept.append(point)
        found = kept
    return found


def _signed(outline: Sequence[Point]) -> float:
    """Twice the area, by the shoelace formula; its sign says which way the outline turns."""
    turned = zip(outline, [*outline[1:], *outline[:1]], strict=True)
    return sum(x * v - u * y for (x, y), (u, v) in turned)


def _side(start: Point, end: Point, point: Point) -> float:
    return (end[0] - start[0]) * (point[1] - start[1]) - (end[1] - start[1]) * (point[0] - start[0])


def _between(one: Point, other: Point, share: float) -> Point:
    return one[0] + share * (other[0] - one[0]), one[1] + share * (other[1] - one[1])
