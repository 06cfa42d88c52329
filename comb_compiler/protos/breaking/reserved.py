"""What `reserved` and `extensions` say: ranges of field and value numbers, and names."""

from bisect import bisect_left
from collections.abc import Iterable, Sequence

from comb_compiler.protos.breaking.features import has_edition
from comb_compiler.protos.model import Enum, Message, ProtoFile, Range

__all__ = ["ENUM_MAX", "MESSAGE_MAX", "collapse", "covers", "freed", "missing", "reserve", "show"]

MESSAGE_MAX = 2**29 - 1
ENUM_MAX = 2**31 - 1


def collapse(ranges: Iterable[Range]) -> tuple[Range, ...]:
    """The same numbers in rising ranges that neither overlap nor touch."""
    collapsed: list[Range] = []
    for one in sorted(ranges):
        if collapsed and one.start <= collapsed[-1].end + 1:
            collapsed[-1] = Range(collapsed[-1].start, max(collapsed[-1].end, one.end))
        else:
            collapsed.append(one)
    return tuple(collapsed)


def covers(collapsed: Sequence[Range], number: int) -> bool:
    """Whether a number lies in one of the ranges, which `collapse` made."""
    index = bisect_left(collapsed, number, key=lambda one: one.end)
    return index < len(collapsed) and collapsed[index].start <= number


def missing(old: Iterable[Range], new: Iterable[Range]) -> tuple[Range, ...]:
    """The numbers of `old` that are not in `new`."""
    kept = collapse(new)
    found: list[Range] = []
    for first, end in collapse(old):
        start = first
        for index in range(bisect_left(kept, start, key=lambda one: one.end), len(kept)):
            if kept[index].start > end:
                break
            if kept[index].start > start:
                found.append(Range(start, kept[index].start - 1))
            start = kept[index].end + 1
        if start <= end:
            found.append(Range(start, end))
    return tuple(found)


def show(one: Range, largest: int) -> str:
    """`7`, `7 to 9` or `7 to max`, as a .proto file has it."""
    if one.start == one.end:
        return str(one.start)
    return f"{one.start} to {'max' if one.end == largest else one.end}"


def freed(old: Message | Enum, new: Message | Enum, file: ProtoFile, largest: int) -> str:
    """What `old` reserves and `new` does not, listed as in a .proto file; empty where there is none."""
    numbers = missing(old.reserved_numbers, new.reserved_numbers)
    kept = set(new.reserved_names)
    names = [name for name in old.reserved_names if name not in kept]
    return ", ".join(f"`{one}`" for one in (*(show(one, largest) for one in numbers), *_written(names, file)))


def reserve(number: int, names: Iterable[str], file: ProtoFile) -> str:
    """The statements that reserve a number and names, as the syntax of `file` has them."""
    return f"`reserved {number}; reserved {', '.join(_written(names, file))};`"


def _written(names: Iterable[str], file: ProtoFile) -> Iterable[str]:
    return names if has_edition(file) else (f'"{name}"' for name in names)
