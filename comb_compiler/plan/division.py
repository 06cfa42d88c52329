"""How many instances each class of device gets: the best first, as far as there is room."""

from collections.abc import Sequence
from typing import NamedTuple

from comb_compiler.plan.model import Replicas

__all__ = ["Room", "divide"]


class Room(NamedTuple):
    """How many instances a class of device holds: beside what has its place already, and on empty nodes."""

    free: int
    empty: int


def divide(least: int, most: int, rooms: Sequence[Room], *, from_zero: bool) -> list[Replicas | None]:
    """Part `least` to `most` instances over classes of device, the best first; None for a class that gets none.

    The fewest go where there is room beside the others, the most where there could be. What fits nowhere is asked of
    the best class: whether it fits is another question. A class that may grow and need not be there keeps one instance,
    unless what scales it can start from none (`from_zero`), and is left out where there is no room for that one.
    """
    leasts = _filled(least, [room.free for room in rooms])
    mosts = _filled(most, [room.empty for room in rooms])
    return [
        _bounds(low, max(low, high), room, from_zero=from_zero)
        for low, high, room in zip(leasts, mosts, rooms, strict=True)
    ]


def _bounds(low: int, high: int, room: Room, *, from_zero: bool) -> Replicas | None:
    if not high or (not low and not from_zero and not room.free):
        return None
    return Replicas(low if low or from_zero else 1, high)


def _filled(count: int, spaces: Sequence[int]) -> list[int]:
    given = []
    for space in spaces:
        given.append(min(count, space))
        count -= given[-1]
    given[0] += count
    return given
