"""How far two texts are apart."""

__all__ = ["edits"]

_MOST = 50_000
"""Characters of a text that is compared, beside what both begin and end with: a second or two."""


def edits(before: str | bytes, after: str | bytes, most: int) -> int:
    """How many characters are inserted, removed or replaced from one to the other; more than `most` where it is more.

    Levenshtein's distance, a column of its table at a time as bits of a number (Myers, "A Fast Bit-Vector Algorithm for
    Approximate String Matching Based on Dynamic Programming", 1999; for whole texts: Hyyrö, "A Bit-Vector Algorithm for
    Computing Levenshtein and Damerau Edit Distances", 2003). Texts that are too long for that are further apart.
    """
    before, after = _without_common_ends(before, after)
    if abs(len(after) - len(before)) > most or max(len(before), len(after)) > _MOST:
        return most + 1
    return _distance(before, after, most)


def _without_common_ends(before: str | bytes, after: str | bytes) -> tuple[str | bytes, str | bytes]:
    shorter = min(len(before), len(after))
    start = next((index for index in range(shorter) if before[index] != after[index]), shorter)
    before, after = before[start:], after[start:]
    shorter -= start
    end = next((index for index in range(shorter) if before[-1 - index] != after[-1 - index]), shorter)
    return before[: len(before) - end], after[: len(after) - end]


def _distance(before: str | bytes, after: str | bytes, most: int) -> int:
    if not before or not after:
        return max(len(before), len(after))
    places: dict[object, int] = {}
    for index, character in enumerate(before):
        places[character] = places.get(character, 0) | 1 << index
    whole, last = (1 << len(before)) - 1, 1 << (len(before) - 1)
    more, less, distance = whole, 0, len(before)  # by which the rows of a column differ: +1, -1
    for done, character in enumerate(after, 1):
        same = places.get(character, 0)
        diagonal = (((same & more) + more) ^ more) | same | less
        right, left = less | ~(diagonal | more), more & diagonal
        distance += bool(right & last) - bool(left & last)
        if distance - (len(after) - done) > most:
            return most + 1
        right = right << 1 | 1
        more, less = (left << 1 | ~(diagonal | right)) & whole, right & diagonal & whole
    return distance
