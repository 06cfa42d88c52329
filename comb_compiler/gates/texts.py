"""How far two texts are apart."""

__all__ = ["edits"]


def edits(before: str | bytes, after: str | bytes, most: int) -> int:
    """How many characters are inserted, removed or replaced from one to the other; more than `most` where it is more.

    Levenshtein's distance, of which only the band of width 2 * `most` + 1 is filled (Ukkonen, "Algorithms for
    Approximate String Matching", 1985): it takes time by the length times `most`.
    """
    if len(before) > len(after):
        before, after = after, before
    if len(after) - len(before) > most:
        return most + 1
    row = list(range(len(before) + 1))
    for line, character in enumerate(after, 1):
        first, last = max(1, line - most), min(len(before), line + most)
        fresh = [most + 1] * (len(before) + 1)
        fresh[first - 1] = line if first == 1 else most + 1
        for column in range(first, last + 1):
            kept = row[column - 1] + (before[column - 1] != character)
            fresh[column] = min(kept, row[column] + 1, fresh[column - 1] + 1)
        if min(fresh[first - 1 : last + 1]) > most:
            return most + 1
        row = fresh
    return row[-1]
