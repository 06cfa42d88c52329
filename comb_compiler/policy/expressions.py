"""What an expression says, before anything evaluates it: the fields that it names, and what nothing here can evaluate.

CEL's optional fields (`.?a`, `[?a]`) are read as the fields that they are.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from comb_compiler.cel import Mistake, read
from comb_compiler.cel.tree import Call, Expr, ListOf, Literal, Name, Select, dotted, loop_variable, walk

__all__ = ["BOUND", "Expression", "Problem", "read_expression"]

BOUND = "comb_variable_"
"""What the name of a variable begins with where it is bound within an expression, in place of `variables.`."""

_LACKING = {
    "sortBy": "`sortBy`",
    "first": "`first` of a list",
    "last": "`last` of a list",
    "transformList": "a loop over two variables",
    "transformMap": "a loop over two variables",
    "transformMapEntry": "a loop over two variables",
    "existsOne": "a loop over two variables",
    "validate": "formats",
    "includes": "`includes`",
    "asInteger": "`asInteger` of more than `quantity(text)`",
    "isInteger": "`isInteger` of more than `quantity(text)`",
}
_RENAMED = {"indexOf": "listIndexOf", "lastIndexOf": "listLastIndexOf"}
_WHOLE = {"asInteger": "quantityAsInteger", "isInteger": "quantityIsInteger"}
_VERSIONS = {
    "compareTo": "semverCompareTo",
    "isGreaterThan": "semverIsGreaterThan",
    "isLessThan": "semverIsLessThan",
}
_TWO_VARIABLES = frozenset(("all", "exists", "exists_one"))
_OPTIONAL = re.compile(r"(?<=[.\[{,])(\s*)\?")


class Problem(NamedTuple):
    """What is wrong with an expression, and where in its text. `is_lacking`: it is right, but not evaluated here."""

    message: str
    start: int = 0
    end: int = 0
    is_lacking: bool = False


class Expression(NamedTuple):
    """An expression as it was written, as the library takes it, and every chain of fields that it names.

    `fields` are the longest chains, such as `object.spec.replicas`, in the text's order. `bound` is `evaluated`, with
    its variables named by `BOUND`.
    """

    text: str
    evaluated: str
    fields: tuple[tuple[str, ...], ...]
    bound: str
    tree: Expr

    def below(self, root: str) -> Iterator[tuple[str, ...]]:
        """The chains that begin with a name, without it."""
        return (chain[1:] for chain in self.fields if chain[0] == root and len(chain) > 1)


def read_expression(text: str, roots: frozenset[str]) -> Expression | Problem:
    """The expression, or what is wrong with it. `roots` are the names of what it is evaluated over."""
    tree = read(_OPTIONAL.sub(r"\1 ", text))
    if isinstance(tree, Mistake):
        if tree.message.startswith("this condition"):
            return Problem(tree.message.replace("this condition", "this expression: it", 1), is_lacking=True)
        return Problem(tree.message, tree.start, tree.end)
    edits: list[tuple[int, int, str]] = []
    free = {
        id(argument)
        for one in walk(tree)
        if isinstance(one, Call) and one.function == "format"
        for argument in one.args
    }
    for one in walk(tree):
        found = _problem(one, roots) if id(one) not in free else []
        if isinstance(found, Problem):
            return found
        edits += found
    renamed = [edit for one in walk(tree) for edit in _bound(one)]
    return Expression(text, _edited(text, edits), tuple(_chains(tree)), _edited(text, [*edits, *renamed]), tree)


def _edited(text: str, edits: list[tuple[int, int, str]]) -> str:
    for start, end, new in sorted(edits, reverse=True):
        text = text[:start] + new + text[end:]
    return text


def _bound(expr: Expr) -> Iterator[tuple[int, int, str]]:
    if isinstance(expr, Select) and isinstance(expr.operand, Name) and expr.operand.name == "variables":
        yield expr.start, expr.end, BOUND + expr.field


def _problem(expr: Expr, roots: frozenset[str]) -> Problem | list[tuple[int, int, str]]:
    """What is wrong with one node, or what is written for the library instead."""
    if isinstance(expr, ListOf):
        kinds = {item.kind for item in expr.items if isinstance(item, Literal)}
        mixed = " and ".join(sorted(kinds))
        if len(kinds) > 1:
            return Problem(f"a list holds {mixed}: its items are of one kind", expr.start, expr.end)
    if isinstance(expr, Name) and expr.name == "authorizer":
        return Problem("the authorizer, which only a cluster has", expr.start, expr.end, is_lacking=True)
    if isinstance(expr, Call):
        return _call(expr, roots)
    return []


def _call(call: Call, roots: frozenset[str]) -> Problem | list[tuple[int, int, str]]:
    variable = loop_variable(call)
    if variable in roots:
        return Problem(f"a loop whose variable is named `{variable}`, as what it is evaluated over", *call.at, True)
    if call.target is None:
        return []
    if call.function in _TWO_VARIABLES and len(call.args) == 3:
        return Problem("a loop over two variables", *call.at, is_lacking=True)
    if call.function in _VERSIONS and isinstance(call.target, Call) and call.target.function == "semver":
        return [(*call.at, _VERSIONS[call.function])]
    if call.function in _WHOLE and not call.args and _is_quantity(call.target):
        inner = call.target
        assert isinstance(inner, Call)
        return [(*inner.at, _WHOLE[call.function]), (inner.end, call.end, "")]
    if call.function in _LACKING and not _is_field_of_map(call):
        return Problem(_LACKING[call.function], *call.at, is_lacking=True)
    if dotted(call.target) == "format":
        return Problem("formats", *call.at, is_lacking=True)
    if call.function in _RENAMED and len(call.args) == 1:
        return [(*call.at, _RENAMED[call.function])]
    return []


def _is_field_of_map(call: Call) -> bool:
    """Whether it is no call of what is lacking, but one that the library refuses by itself."""
    return call.function in ("first", "last") and bool(call.args)


def _is_quantity(expr: Expr) -> bool:
    return isinstance(expr, Call) and expr.function == "quantity" and expr.target is None and len(expr.args) == 1


def _chains(tree: Expr) -> Iterator[tuple[str, ...]]:
    """The longest chains of fields, each begun by a name."""
    inner: set[int] = set()
    for one in walk(tree):
        if isinstance(one, Select | Name | Call) and id(one) not in inner:
            chain = _chain(one, inner)
            if chain:
                yield chain


def _chain(expr: Expr, inner: set[int]) -> tuple[str, ...]:
    steps: list[str] = []
    while True:
        inner.add(id(expr))
        if isinstance(expr, Select):
            steps.append(expr.field)
            expr = expr.operand
        elif (key := _key(expr)) is not None and isinstance(expr, Call):
            steps.append(key)
            expr = expr.args[0]
        else:
            break
    return (expr.name.lstrip("."), *reversed(steps)) if isinstance(expr, Name) else ()


def _key(expr: Expr) -> str | None:
    """`x` of `map["x"]`."""
    if not isinstance(expr, Call) or expr.function != "[]" or not isinstance(expr.args[1], Literal):
        return None
    return str(expr.args[1].value) if expr.args[1].kind == "string" else None
