"""What people and rules say of a record, together."""

from collections.abc import Iterable, Iterator

from comb_compiler.samples.record_pb2 import Mark

__all__ = ["conflicts", "standing"]

_OPPOSED = (frozenset(("standard", "error")),)


def standing(marks: Iterable[Mark]) -> list[Mark]:
    """The marks that were not withdrawn: of each mark by each one, what they said last."""
    last: dict[tuple[str, str], Mark] = {}
    for one in marks:
        key = (one.mark, one.by)
        if key not in last or last[key].time <= one.time:
            last[key] = one
    return [one for one in last.values() if not one.withdrawn]


def conflicts(marks: Iterable[Mark]) -> Iterator[str]:
    """In words, where marks cannot all be true: standard and error at once, or two answers that are expected."""
    left = standing(marks)
    by_mark: dict[str, list[Mark]] = {}
    for one in left:
        by_mark.setdefault(one.mark, []).append(one)
    for pair in _OPPOSED:
        if pair <= by_mark.keys():
            sides = [f"{_people(by_mark[name])} says {name}" for name in sorted(pair)]
            yield " and ".join(sides)
    wanted: dict[tuple[str, str], list[Mark]] = {}
    for one in left:
        if one.expected or one.error:
            wanted.setdefault((one.expected, one.error), []).append(one)
    if len(wanted) > 1:
        yield " and ".join(f"{_people(ones)} expects {_wanted(key)}" for key, ones in wanted.items())


def _people(marks: Iterable[Mark]) -> str:
    return ", ".join(dict.fromkeys(one.by for one in marks))


def _wanted(key: tuple[str, str]) -> str:
    expected, error = key
    return error or (expected if len(expected) <= 60 else f"{expected[:59]}…")
