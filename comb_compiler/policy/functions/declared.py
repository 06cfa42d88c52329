"""How a function of a language of policies is declared, whatever evaluates it."""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

__all__ = ["ANYTHING", "Function", "functions", "methods"]

ANYTHING = ("bool", "double", "int", "list", "map", "null", "string")
"""What values of JSON can be."""


class Function(NamedTuple):
    """One overload. Types are `bool`, `int`, `double`, `string`, `list`, `map`, `null`, `dyn`, or Kubernetes' own.

    `made` gets plain values; what it raises is CEL's error, and `Lacking` is what nobody may take for an answer.
    """

    name: str
    parameters: tuple[str, ...]
    result: str
    made: Callable[..., Any]
    is_method: bool


def methods(on: str, result: str, made: Iterable[tuple[str, Callable[..., Any]]], *others: str) -> list[Function]:
    """Methods on one type that give the same type."""
    return [Function(name, (on, *others), result, function, True) for name, function in made]


def functions(result: str, made: Iterable[tuple[str, Callable[..., Any]]], *parameters: str) -> list[Function]:
    """Functions that take and give the same types."""
    return [Function(name, parameters, result, function, False) for name, function in made]
