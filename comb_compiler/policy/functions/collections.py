"""Lists and sets of Kubernetes' CEL: what its lists can do beyond the standard, as far as that is exact here."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

from comb_compiler.policy.functions.declared import ANYTHING, Function, functions
from comb_compiler.policy.functions.values import Lacking

__all__ = ["COLLECTIONS", "equal"]

_Values = list[Any]
_NUMBERS = (int, float)


def equal(one: Any, other: Any) -> bool:
    """Whether two values are equal in CEL: numbers by value, everything else only to its own kind."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, _NUMBERS) and isinstance(other, _NUMBERS):
        return one == other
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(equal(*pair) for pair in zip(one, other, strict=True))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(equal(value, other[key]) for key, value in one.items())
    return type(one) is type(other) and bool(one == other)


def _of_one_kind(values: _Values) -> _Values:
    """Values that are compared alike everywhere: all integers, or all texts."""
    if any(type(one) not in (int, str) for one in values) or len({type(one) for one in values}) > 1:
        raise Lacking("the order of values that are neither all integers nor all texts")
    return values


def _sum(values: _Values) -> int:
    if any(type(one) is not int for one in values):
        raise Lacking("the sum of values that are not all integers")
    total = sum(values)
    if not -(2**63) <= total < 2**63:
        raise ValueError("integer overflow")
    return total


def _is_sorted(values: _Values) -> bool:
    ordered = _of_one_kind(values)
    return all(one <= other for one, other in pairwise(ordered))


def _extreme(name: str, pick: Callable[[_Values], Any]) -> Callable[[_Values], Any]:
    def extreme(values: _Values) -> Any:
        if not values:
            raise ValueError(f"{name} called on empty list")
        return pick(_of_one_kind(values))

    return extreme


def _index_of(values: _Values, wanted: Any) -> int:
    return next((index for index, one in enumerate(values) if equal(one, wanted)), -1)


def _last_index_of(values: _Values, wanted: Any) -> int:
    return next((index for index in reversed(range(len(values))) if equal(values[index], wanted)), -1)


def _distinct(values: _Values) -> _Values:
    kept: _Values = []
    for one in values:
        if not any(equal(one, other) for other in kept):
            kept.append(one)
    return kept


def _slice(values: _Values, start: int, end: int) -> _Values:
    if start < 0 or end < 0 or start > end or end > len(values):
        raise ValueError("cannot slice: an index is out of range")
    return values[start:end]


def _flat(values: _Values) -> _Values:
    return [inner for one in values for inner in (one if isinstance(one, list) else (one,))]


_MOST = 10_000


def _range(count: int) -> _Values:
    if count > _MOST:
        raise Lacking(f"a range of more than {_MOST:,} numbers")
    return list(range(count))


def _contains(one: _Values, other: _Values) -> bool:
    return all(any(equal(wanted, value) for value in one) for wanted in other)


def _text_index(text: str, wanted: str) -> int:
    return text.find(wanted)


def _last_text_index(text: str, wanted: str) -> int:
    return text.rfind(wanted)


def _searches(name: str, in_list: Callable[..., int], in_text: Callable[..., int]) -> list[Function]:
    return [
        *(Function(name, ("list", kind), "int", in_list, True) for kind in ANYTHING),
        Function(name, ("string", "string"), "int", in_text, True),
    ]


COLLECTIONS: tuple[Function, ...] = (
    Function("sum", ("list",), "dyn", _sum, True),
    Function("isSorted", ("list",), "bool", _is_sorted, True),
    Function("min", ("list",), "dyn", _extreme("min", min), True),
    Function("max", ("list",), "dyn", _extreme("max", max), True),
    *_searches("listIndexOf", _index_of, _text_index),
    *_searches("listLastIndexOf", _last_index_of, _last_text_index),
    Function("distinct", ("list",), "list", _distinct, True),
    Function("reverse", ("list",), "list", lambda values: values[::-1], True),
    Function("slice", ("list", "int", "int"), "list", _slice, True),
    Function("flatten", ("list",), "list", _flat, True),
    Function("sort", ("list",), "list", lambda values: sorted(_of_one_kind(values)), True),
    *functions("list", (("lists.range", _range),), "int"),
    *functions(
        "bool",
        (
            ("sets.contains", _contains),
            ("sets.equivalent", lambda one, other: _contains(one, other) and _contains(other, one)),
            ("sets.intersects", lambda one, other: any(equal(a, b) for a in one for b in other)),
        ),
        "list",
        "list",
    ),
)
"""`indexOf` of lists has another name here (`expressions`): the library has it for texts alone, and takes no more."""
