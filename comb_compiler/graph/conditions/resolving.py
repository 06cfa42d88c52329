"""What is wrong with a condition's names and types, as far as it can be told well without the official checker."""

from collections.abc import Iterator

from comb_compiler.cel import Mistake
from comb_compiler.cel.tokens import TYPES
from comb_compiler.cel.tree import Call, Expr, Name, Select, children, dotted, loop_variable
from comb_compiler.graph.conditions.fitting import comparison, is_comparison, must_be_bool
from comb_compiler.graph.conditions.functions import unknown_function, without_size
from comb_compiler.graph.conditions.holding import item, presence, ways
from comb_compiler.graph.conditions.names import is_value, unknown_field, unknown_name, unknown_qualified
from comb_compiler.graph.conditions.reading import Parsed
from comb_compiler.graph.conditions.types import Scope, Type
from comb_compiler.graph.conditions.typing import Bound, element, type_of

__all__ = ["find_mistakes"]

_LOGIC_OPERANDS = {"&&": None, "||": None, "!": 1, "?:": 1}
"""How many of the operands are conditions themselves; None for all."""
_COUNTED = frozenset(("any", "bytes", "list", "map", "string", "wrapper"))
_TESTED = frozenset(("all", "exists", "exists_one", "filter"))
"""Macros whose last operand is a condition."""


def find_mistakes(parsed: Parsed, scope: Scope) -> tuple[Mistake, ...]:
    """The mistakes, in the text's order; the first of each part, since the next ones follow from it."""
    resolver = _Resolver(parsed.text, scope)
    found = list(resolver.expr(parsed.root, {}))
    if not found:
        found += must_be_bool(parsed.root, parsed.text, type_of(parsed.root, scope))
    return tuple(sorted(found, key=lambda mistake: (mistake.start, mistake.end)))


class _Resolver:
    def __init__(self, text: str, scope: Scope) -> None:
        self._text = text
        self._scope = scope

    def expr(self, expr: Expr, bound: Bound) -> Iterator[Mistake]:
        match expr:
            case Name(name=name):
                bare = name.lstrip(".")
                if bare not in bound and bare not in TYPES and bare not in self._scope.variables:
                    yield unknown_name(expr, self._scope)
            case Select():
                yield from self._select(expr, bound)
            case Call():
                yield from self._call(expr, bound)
            case _:
                yield from self._all(children(expr), bound)

    def _all(self, parts: tuple[Expr, ...], bound: Bound) -> Iterator[Mistake]:
        for part in parts:
            yield from self.expr(part, bound)

    def _select(self, expr: Select, bound: Bound) -> Iterator[Mistake]:
        path = dotted(expr)
        if path is not None and path.split(".")[0] not in bound:
            if is_value(path, self._scope):
                return
            qualified = unknown_qualified(expr, self._scope)
            if qualified is not None:
                yield qualified
                return
        found = list(self.expr(expr.operand, bound))
        yield from found
        if not found:
            mistake = unknown_field(expr, self._type(expr.operand, bound), self._scope, self._text)
            if mistake is not None:
                yield mistake

    def _call(self, call: Call, bound: Bound) -> Iterator[Mistake]:
        unknown = unknown_function(call, self._text)
        if unknown is not None:
            yield unknown
            return
        variable = loop_variable(call)
        if variable is not None and call.target is not None:
            yield from self._loop(call, call.target, variable, bound)
            return
        found = list(self._all(children(call), bound))
        yield from found
        if not found:
            yield from self._operands(call, bound)

    def _loop(self, call: Call, target: Expr, variable: str, bound: Bound) -> Iterator[Mistake]:
        found = list(self.expr(target, bound))
        inside = {**bound, variable: element(self._type(target, bound))}
        for argument in call.args[1:]:
            found += self.expr(argument, inside)
        yield from found
        if not found and call.function in _TESTED:
            yield from must_be_bool(call.args[-1], self._text, self._type(call.args[-1], inside), call.function)

    def _operands(self, call: Call, bound: Bound) -> Iterator[Mistake]:
        if is_comparison(call):
            yield from comparison(call, self._text, self._scope, bound)
        elif call.function == "size" and len(children(call)) == 1:
            kind = self._type(children(call)[0], bound)
            if kind.kind not in _COUNTED:
                yield without_size(call, kind, self._text)
        elif call.function == "[]":
            owner, index = (self._type(one, bound) for one in call.args)
            yield from item(call, self._text, owner, index, self._scope)
        elif call.function == "has" and call.target is None:
            yield from presence(call, self._text)
        elif call.function in _LOGIC_OPERANDS and call.target is None:
            yield from self._logic(call, bound)

    def _logic(self, call: Call, bound: Bound) -> Iterator[Mistake]:
        for argument in call.args[: _LOGIC_OPERANDS[call.function]]:
            yield from must_be_bool(argument, self._text, self._type(argument, bound), call.function)
        if call.function == "?:":
            _, yes, no = (self._type(one, bound) for one in call.args)
            yield from ways(call, yes, no)

    def _type(self, expr: Expr, bound: Bound) -> Type:
        return type_of(expr, self._scope, bound)
