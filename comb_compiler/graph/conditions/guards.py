"""Results that may be absent: where a condition asks for their fields without asking first whether they are there.

An absent result is null, and a field of null is an error. CEL's `&&` and `||` absorb an error when the other side
decides, in either order; yet `x.score > 1.0 && x != null` fails when `x` is null and the error comes to a side that
does not decide, and nobody reads it so. Hence a guard has to stand on the left: in `a && b` what holds when `a` does is
known in `b`, in `a || b` what holds when `a` does not, in `a ? b : c` the one or the other.
"""

from collections.abc import Collection, Iterator

from comb_compiler.graph.conditions.reading import Parsed, Use
from comb_compiler.graph.conditions.tree import Call, Expr, Literal, Name, Select, children, dotted, loop_variable
from comb_compiler.graph.conditions.types import UNTYPED, Scope
from comb_compiler.graph.conditions.typing import dereferenced

__all__ = ["guaranteed", "unguarded"]

_Names = frozenset[str]
_NONE: _Names = frozenset()


def guaranteed(parsed: Parsed, scope: Scope = UNTYPED) -> frozenset[str]:
    """The variables that are certainly not null when the condition holds."""
    return _known(parsed.root, scope)[0]


def unguarded(parsed: Parsed, may_be_absent: Collection[str], scope: Scope = UNTYPED) -> tuple[Use, ...]:
    """The places where a field is asked of a variable that may be absent there; on each way the first of a variable."""
    return tuple(_Walk(frozenset(may_be_absent), scope).expr(parsed.root, _NONE, _NONE))


def _known(expr: Expr, scope: Scope) -> tuple[_Names, _Names]:
    """What is not null when `expr` holds, and when it does not."""
    match expr:
        case Call(function="!", args=(part,), target=None):
            holds, fails = _known(part, scope)
            return fails, holds
        case Call(function="&&" | "||" as sign, args=parts, target=None):
            known = [_known(part, scope) for part in parts]
            every, some = [one[0] for one in known], [one[1] for one in known]
            if sign == "&&":
                return _NONE.union(*every), some[0].intersection(*some)
            return every[0].intersection(*every), _NONE.union(*some)
        case Call(function="?:", args=(test, yes, no), target=None):
            tests, then, otherwise = (_known(part, scope) for part in (test, yes, no))
            return (tests[0] | then[0]) & (tests[1] | otherwise[0]), (tests[0] | then[1]) & (tests[1] | otherwise[1])
    sides = _null_test(expr)
    if sides is not None:
        name, holds_when_null = sides
        return (_NONE, frozenset((name,))) if holds_when_null else (frozenset((name,)), _NONE)
    names = frozenset(dereferenced(expr, scope))
    return names, names


def _null_test(expr: Expr) -> tuple[str, bool] | None:
    """The variable of `x == null` or `x != null`, and whether it holds when the variable is null."""
    if not isinstance(expr, Call) or expr.function not in ("==", "!="):
        return None
    names = [side.name.lstrip(".") for side in expr.args if isinstance(side, Name)]
    nulls = [side for side in expr.args if isinstance(side, Literal) and side.kind == "null"]
    return (names[0], expr.function == "==") if names and nulls else None


class _Walk:
    def __init__(self, absent: _Names, scope: Scope) -> None:
        self._absent = absent
        self._scope = scope

    def expr(self, expr: Expr, there: _Names, bound: _Names) -> Iterator[Use]:
        match expr:
            case Select(operand=Name(name=name) as operand):
                bare = name.lstrip(".")
                if bare in self._absent and bare not in there | bound and dereferenced(expr, self._scope):
                    yield Use(bare, operand.end - len(bare), operand.end, dotted(expr) or bare)
            case Call(function="&&" | "||" as sign, args=parts, target=None):
                yield from self._row(sign, parts, there, bound)
            case Call(function="?:", args=(test, yes, no), target=None):
                holds, fails = _known(test, self._scope)
                yield from self.expr(test, there, bound)
                yield from self.expr(yes, there | holds, bound)
                yield from self.expr(no, there | fails, bound)
            case Call(target=target) if target is not None and (variable := loop_variable(expr)) is not None:
                yield from self.expr(target, there, bound)
                for argument in expr.args[1:]:
                    yield from self.expr(
                        argument, there | frozenset(dereferenced(target, self._scope)), bound | {variable}
                    )
            case _:
                yield from self._others(children(expr), there, bound)

    def _row(self, sign: str, parts: tuple[Expr, ...], there: _Names, bound: _Names) -> Iterator[Use]:
        for part in parts:
            yield from self.expr(part, there, bound)
            holds, fails = _known(part, self._scope)
            there = there | (holds if sign == "&&" else fails)

    def _others(self, parts: tuple[Expr, ...], there: _Names, bound: _Names) -> Iterator[Use]:
        for part in parts:
            yield from self.expr(part, there, bound)
            there = there | frozenset(dereferenced(part, self._scope))
