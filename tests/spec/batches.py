"""Several corruptions of one text at once, where none is in the way of another.

A check takes as long for one mistake as for twenty; and that one run shows every mistake is a promise of its own.
"""

from collections.abc import Iterable
from typing import NamedTuple

from tests.spec.corruptions import Corruption
from tests.spec.texts import Path, Range, Text

__all__ = ["Wrong", "batched", "combined", "wrongs"]

_MOST = 24


class _Splice(NamedTuple):
    """What a corruption puts in the place of a range of the original text."""

    start: int
    end: int
    new: str

    @property
    def growth(self) -> int:
        return len(self.new) - (self.end - self.start)


class Wrong(NamedTuple):
    """A corruption of the text at a path, and where the finding must be in the text that has it alone."""

    path: Path
    corruption: Corruption
    splice: _Splice
    place: Range

    @property
    def where(self) -> Range:
        """The place in the original text; where nothing is, next to it."""
        return Range(self.original(self.place.start), self.original(self.place.end))

    def original(self, offset: int) -> int:
        """An offset of the text that has it alone, in the original text."""
        is_behind = offset >= self.splice.start + len(self.splice.new)
        return offset - self.splice.growth if is_behind else min(offset, self.splice.start)

    @property
    def lies_over(self) -> Path:
        """The path in the comb itself where that is one of an overlay."""
        for steps, begin in ((2, ("environments",)), (4, ("experiment", "arms"))):
            if self.path[: len(begin)] == begin and len(self.path) > steps:
                return self.path[steps:]
        return self.path

    @property
    def is_of_value(self) -> bool:
        """Whether all that its mapping sees is another value."""
        return self.corruption.id.startswith("value ")


def wrongs(text: Text, path: Path, corruptions: Iterable[Corruption]) -> list[Wrong]:
    """What `corruptions` of the place at `path` do to `text`."""
    return [
        Wrong(path, one, _difference(text.text, content), place)
        for one, (content, place) in ((one, one.apply(text)) for one in corruptions)
    ]


def batched(found: Iterable[Wrong]) -> list[list[Wrong]]:
    """All of them, in as few batches as it is easy to find; none stands in another's way in its batch."""
    batches: list[list[Wrong]] = []
    open_ones: list[list[Wrong]] = []
    for one in found:
        home = next((batch for batch in open_ones if not any(_in_the_way(one, other) for other in batch)), None)
        if home is None:
            home = []
            batches.append(home)
            open_ones.append(home)
        home.append(one)
        if len(home) == _MOST:
            open_ones.remove(home)
    return batches


def combined(text: Text, batch: Iterable[Wrong]) -> tuple[str, list[Range]]:
    """The text with all of the corruptions, and where the finding of each must be then."""
    batch = list(batch)
    splices = sorted(one.splice for one in batch)
    pieces: list[str] = []
    at = 0
    for splice in splices:
        pieces += [text.text[at : splice.start], splice.new]
        at = splice.end
    places = [Range(_moved(one, one.place.start, splices), _moved(one, one.place.end, splices)) for one in batch]
    return "".join([*pieces, text.text[at:]]), places


def _in_the_way(one: Wrong, other: Wrong) -> bool:
    """Whether two corruptions touch, or one is told by what the other changes: what is around it, or beside it."""
    shorter = min(len(one.path), len(other.path))
    if one.path[:shorter] == other.path[:shorter] or _DECLARES & {one.path, other.path}:
        return True
    if one.path[:-1] == other.path[:-1] and not (one.is_of_value or other.is_of_value):
        return True
    if one.path[0] != other.path[0] and _lies_over(one, other):
        return True
    return _touch(one.splice, other.splice) or _touch(one.splice, other.where) or _touch(one.where, other.splice)


def _lies_over(one: Wrong, other: Wrong) -> bool:
    """Whether one is part of an overlay, and the other spoils what that lies over: its entry, or all of a section."""
    entry, over = one.lies_over[:2], other.lies_over[:2]
    return entry[:1] == over[:1] and (entry == over or min(len(one.lies_over), len(other.lies_over)) <= 2)


def _touch(one: Range | _Splice, other: Range | _Splice) -> bool:
    return one[0] <= other[1] and other[0] <= one[1]


_DECLARES: set[Path] = {("apiVersion",), ("kind",)}


def _moved(one: Wrong, offset: int, splices: Iterable[_Splice]) -> int:
    """An offset in the text that has `one` alone, in the text that has all of `splices`."""
    before = (splice for splice in splices if splice != one.splice and splice.end <= one.original(offset))
    return offset + sum(splice.growth for splice in before)


def _difference(old: str, new: str) -> _Splice:
    shared = _shared(old, new)
    rest = _shared(old[shared:][::-1], new[shared:][::-1])
    return _Splice(shared, len(old) - rest, new[shared : len(new) - rest])


def _shared(old: str, new: str) -> int:
    """How many code points both begin with, by halves."""
    least, most = 0, min(len(old), len(new))
    while least < most:
        middle = (least + most + 1) // 2
        if old[least:middle] == new[least:middle]:
            least = middle
        else:
            most = middle - 1
    return least
