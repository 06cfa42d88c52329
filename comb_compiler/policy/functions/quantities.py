"""`quantity(…)` of Kubernetes' CEL."""

from collections.abc import Callable
from typing import Any

from comb_compiler.policy.functions.declared import Function, functions, methods
from comb_compiler.policy.functions.quantity import Quantity, parse_quantity
from comb_compiler.policy.functions.values import Lacking, made, text_of

__all__ = ["QUANTITIES", "is_quantity"]

_UNREDUCED = "whether a quantity is a whole number, of one that Kubernetes keeps as a fraction"
_MOST_EXACT = 2**53


def _quantity(text: str) -> Any:
    return _value(parse_quantity(text))


def is_quantity(text: str) -> bool:
    """Whether a text is a quantity."""
    try:
        parse_quantity(text)
    except ValueError:
        return False
    return True


def _value(quantity: Quantity) -> Any:
    return made("Quantity", str(quantity.nanos))


def _read(value: Any) -> Quantity:
    return Quantity(int(text_of(value)))


def _compared(one: Any, other: Any) -> int:
    first, second = _read(one).nanos, _read(other).nanos
    return (first > second) - (first < second)


def _sum(sign: int) -> Callable[[Any, Any], Any]:
    return lambda one, other: _value(Quantity(_read(one).nanos + sign * _read(other).nanos))


def _sum_with_int(sign: int) -> Callable[[Any, int], Any]:
    return lambda one, number: _value(Quantity(_read(one).nanos + sign * number * 10**9))


def _float(value: Any) -> float:
    quantity = _read(value)
    if not quantity.is_whole or abs(quantity.whole) > _MOST_EXACT:
        raise Lacking("the approximate float of a fraction")
    return float(quantity.whole)


def _integer(text: str) -> int:
    """As `quantity(text).asInteger()`."""
    quantity = parse_quantity(text)
    if not quantity.is_reduced:
        raise Lacking(_UNREDUCED)
    if not quantity.is_whole:
        raise ValueError("cannot convert value to integer")
    return quantity.whole


def _is_integer(text: str) -> bool:
    """As `quantity(text).isInteger()`."""
    quantity = parse_quantity(text)
    if not quantity.is_reduced:
        raise Lacking(_UNREDUCED)
    return quantity.is_whole


QUANTITIES: tuple[Function, ...] = (
    *functions("Quantity", (("quantity", _quantity),), "string"),
    *functions("bool", (("isQuantity", is_quantity),), "string"),
    *functions("int", (("sign", lambda one: _compared(one, made("Quantity", "0"))),), "Quantity"),
    *methods(
        "Quantity",
        "bool",
        (
            ("isGreaterThan", lambda one, other: _compared(one, other) > 0),
            ("isLessThan", lambda one, other: _compared(one, other) < 0),
        ),
        "Quantity",
    ),
    *methods("Quantity", "int", (("compareTo", _compared),), "Quantity"),
    *methods("Quantity", "double", (("asApproximateFloat", _float),)),
    *methods("Quantity", "Quantity", (("add", _sum(1)), ("sub", _sum(-1))), "Quantity"),
    *methods("Quantity", "Quantity", (("add", _sum_with_int(1)), ("sub", _sum_with_int(-1))), "int"),
    *functions("int", (("quantityAsInteger", _integer),), "string"),
    *functions("bool", (("quantityIsInteger", _is_integer),), "string"),
)
"""Whole numbers are asked of a quantity's text (`expressions`): two quantities that are equal may differ in that."""
