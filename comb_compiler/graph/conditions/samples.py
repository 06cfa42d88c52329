"""Values that stand for all others: one from each region into which comparisons with constants divide a type.

`x > 3` and `x == 5` divide the integers into up to 3, 4, 5, and from 6 on: whatever is true of one value for each, is
true of all of them.
"""

import operator
import struct
from collections.abc import Callable, Iterable, Iterator
from enum import Enum
from math import inf, isnan, nan, nextafter
from typing import Any

from comb_compiler.cel.tree import Value
from comb_compiler.graph.conditions.types import Type

__all__ = ["IS", "TIMES", "Sample", "Special", "compare", "samples_of"]

IS = "is"
"""The sign of what is taken for a condition itself: true where the value is, and an error where it is no bool."""


class Special(Enum):
    """What is no constant: a message, or a value that compares with no constant of ours; and what has no value."""

    THERE = "there"
    FAILS = "fails"


Sample = Value | Special

_SIGNS: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip
_CLOSED_ENUM = 64
TIMES = {
    "timestamp": (-62_135_596_800 * 10**9, 253_402_300_800 * 10**9 - 1),
    "duration": (-315_576_000_000 * 10**9, 315_576_000_000 * 10**9),
}
"""The nanoseconds that Protobuf's times reach from and to."""


def compare(sign: str, sample: Sample, constant: Value) -> bool | None:
    """Whether `sample sign constant` holds; None where evaluating it is an error."""
    if sample is Special.FAILS:
        return None
    if sign == IS:
        return sample if isinstance(sample, bool) else None
    if _kind(sample) != _kind(constant):
        return {"==": False, "!=": True}.get(sign)
    if sample is None and sign not in ("==", "!="):
        return None
    return _SIGNS[sign](sample, constant)


def _kind(value: Sample) -> type:
    """Numbers of all kinds compare; `True` is none."""
    return float if isinstance(value, int | float) and not isinstance(value, bool) else type(value)


def samples_of(
    kind: Type, constants: Iterable[Value], nullable: bool, closed: tuple[int, ...] = ()
) -> tuple[Sample, ...]:
    """A value from each region of a type. `closed` are the numbers of an enum that has no others."""
    found = (*_of(kind, tuple(constants), closed), *((None,) if nullable else ()))
    return tuple({(type(sample), sample): sample for sample in found}.values())


def _of(kind: Type, constants: tuple[Value, ...], closed: tuple[int, ...]) -> Iterator[Sample]:
    match kind.kind:
        case "bool":
            yield from (True, False)
        case "int" | "uint" | "enum":
            yield from closed if 0 < len(closed) <= _CLOSED_ENUM else _integers(constants, *_range(kind))
        case "timestamp" | "duration":
            yield from _integers(constants, *TIMES[kind.kind])
        case "double":
            yield from _doubles(constants, kind.bits)
        case "string":
            yield from _texts("", "\0", constants)
        case "bytes":
            yield from _texts(b"", b"\0", constants)
        case "wrapper":
            yield from (*_of(kind.of[0], constants, closed), None)
        case "message":
            yield Special.THERE
        case _:
            yield from _anything(constants)


def _range(kind: Type) -> tuple[int, int]:
    if kind.kind == "uint":
        return 0, int(2**kind.bits - 1)
    return -int(2 ** (kind.bits - 1)), int(2 ** (kind.bits - 1) - 1)


def _integers(constants: tuple[Value, ...], low: int, high: int) -> Iterator[int]:
    """Each constant, and its neighbours: between two constants one number stands for the others."""
    numbers = [one for one in constants if isinstance(one, int) and not isinstance(one, bool)]
    yield from sorted({near for one in numbers for near in (one - 1, one, one + 1) if low <= near <= high} or {low})


def _doubles(constants: tuple[Value, ...], bits: int) -> Iterator[float]:
    """Each constant that the type can hold, a number between each two of them, infinities and NaN."""
    numbers = sorted({float(one) for one in constants if isinstance(one, float) and not isnan(one)} | {-inf, inf})
    for number, following in zip(numbers, [*numbers[1:], inf], strict=True):
        if bits == 64 or _single(number) == number:
            yield number
        between = number / 2 + following / 2 if number != -inf and following != inf else nextafter(number, following)
        between = between if number < between < following else nextafter(number, following)
        if number < between < following:
            yield between
    yield nan


def _single(number: float) -> float:
    """The number as 32 bits hold it."""
    try:
        (single,) = struct.unpack("f", struct.pack("f", number))
    except OverflowError:
        return inf if number > 0 else -inf
    return float(single)


def _texts(least: Any, next_character: Any, constants: tuple[Value, ...]) -> Iterator[Any]:
    """The least text, each constant, and what comes right after it."""
    texts = {one for one in constants if isinstance(one, type(least))}
    yield from sorted({least} | texts | {one + next_character for one in texts})


def _anything(constants: tuple[Value, ...]) -> Iterator[Sample]:
    """Of every type that a constant has, and something else."""
    yield from (True, False)
    numbers = sorted({one for one in constants if isinstance(one, int | float) and not isinstance(one, bool)})
    yield from numbers
    yield from (one + 1 for one in numbers if isinstance(one, int))
    yield from _doubles(tuple(float(one) for one in numbers), 64)
    yield from _texts("", "\0", constants)
    yield from _texts(b"", b"\0", constants)
    yield from (None, Special.THERE)
