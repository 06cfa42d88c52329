"""Results that may be absent: where a condition asks for their fields without asking first whether they are there.

An absent result is null, and a field of null is an error. CEL's `&&` and `||` absorb an error when the other side
decides, in either order; yet `x.score > 1.0 && x != null` fails when `x` is null and the error comes to a side that
does not decide, and nobody reads it so. Hence a guard has to stand on the left: in `a && b` what holds when `a` does is
known in `b`, in `a || b` what holds when `a` does not, in `a ? b : c` the one or the other.
"""

from collections.abc import Collection, Iterator

from comb_compiler.cel.tree import Call, Expr, Literal, Name, Select, children, dotted, loop_variable
from comb_compiler.graph.conditions.reading import Parsed, Use, is_qualified
from comb_compiler.graph.conditions.types import UNTYPED, Scope
from comb_compiler.graph.conditions.typing import dereferenced

__all__ = ["guaranteed", "unguarded"]

_Names = frozenset[str]
_NONE: _Names = frozenset()


def guaranteed(parsed: Parsed, scope: Scope = UNTYPED) -> frozenset[str]:
    """The variables that are certainly not null when the condition holds."""
    return _Knowledge(parsed, scope).when(parsed.root)[0]


def unguarded(parsed: Parsed, may_be_absent: Collection[str], scope: Scope = UNTYPED) -> tuple[Use, ...]:
    """The places where a field is asked of a variable that may be absent there; on each way the first of a variable."""
    walk = _Walk(frozenset(may_be_absent), _Knowledge(parsed, scope), scope)
    return tuple(walk.expr(parsed.root, _NONE, _NONE))


class _Knowledge:
    def __init__(self, parsed: Parsed, scope: Scope) -> None:
        self._all = frozenset(use.name for use in parsed.uses)
        self._scope = scope

    def when(self, expr: Expr) -> tuple[_Names, _Names]:
        """What is not null when `expr` holds, and when it does not."""
        match expr:
            case Literal(kind="bool", value=value):
                return (_NONE, self._all) if value else (self._all, _NONE)
            case Call(function="!", args=(part,), target=None):
                holds, fails = self.when(part)
                return fails, holds
            case Call(function="&&" | "||" as sign, args=parts, target=None):
                known = [self.when(part) for part in parts]
                holding, failing = [one[0] for one in known], [one[1] for one in known]
                if sign == "&&":
                    return _NONE.union(*holding), self._all.intersection(*failing)
                return self._all.intersection(*holding), _NONE.union(*failing)
            case Call(function="?:", args=(test, yes, no), target=None):
                (holds, fails), *ways = (self.when(part) for part in (test, yes, no))
                there = [(holds | yes) & (fails | no) for yes, no in zip(*ways, strict=True)]
                return there[0], there[1]
            case _:
                return self._of_value(expr)

    def _of_value(self, expr: Expr) -> tuple[_Names, _Names]:
        test = _null_test(expr)
        if test is None:
            names = frozenset(dereferenced(expr, self._scope))
            return names, names
        name = frozenset((test[0],))
        return (_NONE, name) if test[1] else (name, _NONE)


def _null_test(expr: Expr) -> tuple[str, bool] | None:
    """The variable of `x == null` or `x != null`, and whether it holds when the variable is null."""
    if not isinstance(expr, Call) or expr.function not in ("==", "!="):
        return None
    names = [side.name.lstrip(".") for side in expr.args if isinstance(side, Name)]
    nulls = [side for side in expr.args if isinstance(side, Literal) and side.kind == "null"]
    return (names[0], expr.function == "==") if names and nulls else None


class _Walk:
    def __init__(self, absent: _Names, knowledge: _Knowledge, scope: Scope) -> None:
        self._absent = absent
        self._known = knowledge
        self._scope = scope

    def expr(self, expr: Expr, there: _Names, bound: _Names) -> Iterator[Use]:
        match expr:
            case Select():
                yield from self._select(expr, there, bound)
            case Call(function="&&" | "||" as sign, args=parts, target=None):
                for part in parts:
                    yield from self.expr(part, there, bound)
                    holds, fails = self._known.when(part)
                    there = there | (holds if sign == "&&" else fails)
            case Call(function="?:", args=(test, yes, no), target=None):
                holds, fails = self._known.when(test)
                yield from self.expr(test, there, bound)
                yield from self.expr(yes, there | holds, bound)
                yield from self.expr(no, there | fails, bound)
            case Call(target=target) if target is not None and (variable := loop_variable(expr)) is not None:
                yield from self._parts((target,), there, bound)
                there = there | frozenset(dereferenced(target, self._scope))
                yield from self._parts(expr.args[1:], there, bound | {variable})
            case _:
                yield from self._parts(children(expr), there, bound)

    def _select(self, expr: Select, there: _Names, bound: _Names) -> Iterator[Use]:
        path = dotted(expr)
        if path is not None and is_qualified(path, self._scope.schema):
            return
        if not isinstance(expr.operand, Name):
            yield from self.expr(expr.operand, there, bound)
            return
        name = expr.operand.name.lstrip(".")
        if name in self._absent and name not in there | bound:
            yield Use(name, expr.operand.end - len(name), expr.operand.end, path or name)

    def _parts(self, parts: tuple[Expr, ...], there: _Names, bound: _Names) -> Iterator[Use]:
        """Parts that are all evaluated, from left to right: what one asks of a variable, the next may as well."""
        for part in parts:
            yield from self.expr(part, there, bound)
            there = there | frozenset(dereferenced(part, self._scope))
