"""Wires between two layers → horizontal tracks, such that no two wires lie on one another.

Channel routing: a wire comes from the top, runs along a track, and goes down to each of its ends. Tracks are filled
from the top by the left-edge algorithm under vertical constraints (Hashimoto and Stevens 1971); where these go in a
circle, a wire changes its track (a dogleg, Deutsch 1976).
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations
from typing import NamedTuple

__all__ = ["Trunk", "assign_tracks"]

_MOST_COMPARED = 200


class Trunk(NamedTuple):
    """A wire in a channel: the column that it comes from, those that it goes to, and its track, from 0 at the top.

    A straight one has no track. `continues`: its end is where another trunk of the same wire begins, on a lower track.
    """

    wire: int
    top: int
    bottoms: tuple[int, ...]
    track: int | None = None
    continues: bool = False
    continued: bool = False

    @property
    def is_straight(self) -> bool:
        """Whether it needs no track."""
        return self.bottoms == (self.top,)

    @property
    def extent(self) -> tuple[int, int]:
        """The leftmost and the rightmost column."""
        return min(self.top, *self.bottoms), max(self.top, *self.bottoms)


def assign_tracks(trunks: Iterable[Trunk]) -> list[Trunk]:
    """The trunks with their tracks. Tops differ from each other, and so do bottoms."""
    given = list(trunks)
    done = [trunk for trunk in given if trunk.is_straight]
    waiting = [trunk for trunk in given if not trunk.is_straight]
    taken = {column for trunk in given for column in (trunk.top, *trunk.bottoms)}
    better_above = _crossing_less(waiting)
    track = 0
    while waiting:
        free = _free(waiting)
        if not free:
            waiting = _with_dogleg(waiting, taken)
            continue
        wires = {trunk.wire for trunk in waiting}
        fewest = min(len(better_above[trunk.wire] & wires) for trunk in free)
        chosen = list(_left_edge([trunk for trunk in free if len(better_above[trunk.wire] & wires) == fewest]))
        done += [trunk._replace(track=track) for trunk in chosen]
        waiting = [trunk for trunk in waiting if trunk not in chosen]
        track += 1
    return done


def _crossing_less(trunks: Sequence[Trunk]) -> dict[int, set[int]]:
    """By wire those which, on a track above it, cross it less often than below it; nothing where there are many."""
    above: dict[int, set[int]] = {trunk.wire: set() for trunk in trunks}
    if len(trunks) <= _MOST_COMPARED:
        for one, other in combinations(trunks, 2):
            difference = _crossings(one, other) - _crossings(other, one)
            if difference < 0:
                above[other.wire].add(one.wire)
            elif difference > 0:
                above[one.wire].add(other.wire)
    return above


def _crossings(upper: Trunk, lower: Trunk) -> int:
    (left, right), (low_left, low_right) = upper.extent, lower.extent
    return (left < lower.top < right) + sum(low_left < column < low_right for column in upper.bottoms)


def _free(waiting: Sequence[Trunk]) -> list[Trunk]:
    """Those above which no other has to be: one that comes from a column to which they go, or their own first part."""
    tops = {trunk.top: trunk for trunk in waiting if not trunk.continued}
    first_parts = {trunk.bottoms[0] for trunk in waiting if trunk.continues}
    return [
        trunk
        for trunk in waiting
        if all(tops.get(column, trunk) is trunk for column in trunk.bottoms)
        and not (trunk.continued and trunk.top in first_parts)
    ]


def _left_edge(free: Sequence[Trunk]) -> Iterator[Trunk]:
    """From the left, those that fit on one track."""
    end = -2
    for trunk in sorted(free, key=lambda one: one.extent):
        left, right = trunk.extent
        if left > end + 1:
            yield trunk
            end = right


def _with_dogleg(waiting: Sequence[Trunk], taken: set[int]) -> list[Trunk]:
    """The first for which others may wait, in two parts by a column that nobody uses: the upper waits for none."""
    number = next(number for number, trunk in enumerate(waiting) if not trunk.continued)
    trunk = waiting[number]
    column = _nearest_free(trunk.top, taken)
    taken.add(column)
    upper = trunk._replace(bottoms=(column,), continues=True)
    return [*waiting[:number], upper, trunk._replace(top=column, continued=True), *waiting[number + 1 :]]


def _nearest_free(wanted: int, taken: set[int]) -> int:
    step = 1
    while True:
        for column in (wanted + step, wanted - step):
            if column >= 0 and column not in taken:
                return column
        step += 1
