"""Two lists and what is the same as what → the items of either that have no partner."""

from collections.abc import Callable, Hashable, Sequence
from typing import TypeVar

__all__ = ["unpaired"]

T = TypeVar("T")
_MOST = 200_000
"""Comparisons, after which whoever is left has no partner."""


def unpaired(
    before: Sequence[T], after: Sequence[T], identity: Callable[[T], Hashable], is_same: Callable[[int, int], bool]
) -> tuple[list[T], list[T]]:
    """What of either list is alone once as many pairs as can be are made.

    Of identical items first; then of those that `is_same` says, which is given an index of each list, by augmenting
    paths (Kuhn, "The Hungarian method for the assignment problem", 1955): who takes the first that fits may take
    another's only partner.
    """
    pairs = _Pairs(before, after, identity, is_same)
    pairs.augment()
    left, right = set(pairs.held), set(pairs.partner)
    return (
        [one for index, one in enumerate(before) if index not in left],
        [one for index, one in enumerate(after) if index not in right],
    )


class _Pairs:
    """`partner` of an index of the second list, and what `held` is by one of the first."""

    def __init__(
        self,
        before: Sequence[T],
        after: Sequence[T],
        identity: Callable[[T], Hashable],
        is_same: Callable[[int, int], bool],
    ) -> None:
        self._sizes = len(before), len(after)
        self._is_same = is_same
        self._known: dict[tuple[int, int], bool] = {}
        self.partner: dict[int, int] = {}
        self.held: dict[int, int] = {}
        there: dict[Hashable, list[int]] = {}
        for index in reversed(range(len(after))):
            there.setdefault(identity(after[index]), []).append(index)
        for index, item in enumerate(before):
            found = there.get(identity(item))
            if found:
                self._pair(index, found.pop())

    def augment(self) -> None:
        """Find a partner for whoever can have one."""
        for one in range(self._sizes[0]):
            if one not in self.held and len(self.partner) < self._sizes[1] and len(self._known) < _MOST:
                self._place(one)

    def _place(self, one: int) -> None:
        """Find a partner for one; those who have to move for it are asked in turn, each place once."""
        came_from: dict[int, int] = {}
        waiting = [one]
        while waiting:
            asking = waiting.pop()
            for place in range(self._sizes[1]):
                if place in came_from or not self._fits(asking, place):
                    continue
                came_from[place] = asking
                if place not in self.partner:
                    self._move(place, came_from, one)
                    return
                waiting.append(self.partner[place])

    def _move(self, free: int, came_from: dict[int, int], first: int) -> None:
        place = free
        while (one := came_from[place]) != first:
            place, left = self.held[one], place
            self._pair(one, left)
        self._pair(first, place)

    def _pair(self, one: int, place: int) -> None:
        self.partner[place], self.held[one] = one, place

    def _fits(self, one: int, place: int) -> bool:
        if (one, place) not in self._known:
            self._known[one, place] = self._is_same(one, place)
        return self._known[one, place]
