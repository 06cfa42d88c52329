"""Wires of a layout as paths of an SVG: round where a wire turns, with a dot where it branches."""

from collections.abc import Iterator, Sequence

from comb_compiler.graph.drawing.geometry import Segment
from comb_compiler.graph.drawing.markup import middle

__all__ = ["draw_wires"]

_RADIUS = 6
_Point = tuple[int, int, int]
"""A net, a column and a row."""


def draw_wires(segments: Sequence[Segment], marked: str) -> Iterator[str]:
    """The paths of all wires, those that are marked on top, in the class `marked`."""
    meeting: dict[_Point, list[Segment]] = {}
    for segment in segments:
        for point in _ends(segment):
            meeting.setdefault(point, []).append(segment)
    ordered = sorted(segments, key=lambda segment: segment.is_marked)
    for segment in ordered:
        start, end = (_pulled_in(point, segment, meeting) for point in _ends(segment))
        yield f'<path class="{_class(segment, marked)}" d="M{start[0]:g} {start[1]:g} L{end[0]:g} {end[1]:g}"/>'
    for point, found in meeting.items():
        x, y = middle(point[1], point[2])
        if _is_turn(found):
            yield f'<path class="{_class(found[0], marked)}" d="{_bend(point, found)}"/>'
        elif len(found) > 2:
            is_marked = any(segment.is_marked for segment in found)
            yield f'<circle class="joint{f" {marked}" if is_marked else ""}" cx="{x:g}" cy="{y:g}" r="2.8"/>'


def _ends(segment: Segment) -> tuple[_Point, _Point]:
    return (segment.net, segment.column, segment.row), (segment.net, segment.end_column, segment.end_row)


def _class(segment: Segment, marked: str) -> str:
    return "wire" + (f" {marked}" if segment.is_marked else "") + (" dashed" if segment.is_dashed else "")


def _is_turn(found: Sequence[Segment]) -> bool:
    """Whether two segments that look alike meet at a right angle."""
    if len(found) != 2 or found[0][-2:] != found[1][-2:]:
        return False
    return (found[0].row == found[0].end_row) != (found[1].row == found[1].end_row)


def _towards(point: _Point, segment: Segment) -> tuple[float, float]:
    """The place on a segment that is a radius away from its end `point`."""
    x, y = middle(point[1], point[2])
    sign = 1 if (segment.column, segment.row) == point[1:] else -1
    step = min(_RADIUS, _length(segment) / 2) * sign
    return (x + step, y) if segment.row == segment.end_row else (x, y + step)


def _length(segment: Segment) -> float:
    (x, y), (end_x, end_y) = middle(segment.column, segment.row), middle(segment.end_column, segment.end_row)
    return abs(end_x - x) + abs(end_y - y)


def _pulled_in(point: _Point, segment: Segment, meeting: dict[_Point, list[Segment]]) -> tuple[float, float]:
    return _towards(point, segment) if _is_turn(meeting[point]) else middle(point[1], point[2])


def _bend(point: _Point, found: Sequence[Segment]) -> str:
    x, y = middle(point[1], point[2])
    (from_x, from_y), (to_x, to_y) = (_towards(point, segment) for segment in found)
    return f"M{from_x:g} {from_y:g} Q{x:g} {y:g} {to_x:g} {to_y:g}"
