"""Conditions → formulas, and the operands that they share."""

from comb_compiler.cel.tree import COMPARISONS, LOGIC, Call, Expr, ListOf, Literal, Name, Select, Value, written
from comb_compiler.graph.conditions.folding import folded
from comb_compiler.graph.conditions.formula import Atom, Both, Choice, Constant, Either, Formula, Negation, atoms
from comb_compiler.graph.conditions.samples import IS, TIMES, Sample, Special, compare, samples_of
from comb_compiler.graph.conditions.types import ANY, Scope, Type
from comb_compiler.graph.conditions.typing import dereferenced, enum_value, never_fails, type_of

__all__ = ["System"]

_FLIPPED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}
_SIZE = Type("uint", bits=63)
_NUMBER = Type("uint", bits=29)
_NOT_SET = 0
"""No field has this number: it stands for a oneof of which no member is set."""
_UNORDERED = frozenset(("double", "message", "list", "map", "wrapper", "any"))
"""Types of which a value may be unequal to itself, or compare as neither less nor greater."""


class _Operand:
    def __init__(self, kind: Type, nullable: bool, fails: bool, closed: tuple[int, ...] = ()) -> None:
        self.kind = kind
        self.nullable = nullable
        self.fails = fails
        self.closed = closed
        self.constants: list[Value] = []
        self.samples: tuple[Sample, ...] = ()


class System:
    """Formulas over shared operands. All have to be added before samples are asked for."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._operands: dict[str, _Operand] = {}

    def add(self, expr: Expr) -> Formula:
        """The formula of a condition."""
        return self._formula(expr)

    def operands(self, formula: Formula) -> tuple[str, ...]:
        """The operands that it depends on: before each those that must not be null."""
        found = [key for atom in atoms(formula) for key in (*self._tested(atom), atom.operand)]
        return tuple(dict.fromkeys(found))

    def samples(self, operand: str, failing: bool = False) -> tuple[Sample, ...]:
        """Values of an operand that stand for all others; with `failing`, also that it has none, if that may be."""
        one = self._operands[operand]
        if not one.samples:
            one.samples = samples_of(one.kind, one.constants, one.nullable, one.closed)
        found = one.samples
        return (*found, Special.FAILS) if failing and one.fails else found

    def settled(self, formula: Formula) -> Formula:
        """The formula with the roots of its atoms that are operands themselves: of the others nothing is asked."""
        match formula:
            case Atom():
                return formula._replace(roots=self._tested(formula))
            case Negation(part=part):
                return Negation(self.settled(part))
            case Both(parts=parts):
                return Both(tuple(self.settled(part) for part in parts))
            case Either(parts=parts):
                return Either(tuple(self.settled(part) for part in parts))
            case Choice(test=test, yes=yes, no=no):
                return Choice(self.settled(test), self.settled(yes), self.settled(no))
            case _:
                return formula

    def _tested(self, atom: Atom) -> tuple[str, ...]:
        return tuple(root for root in atom.roots if root in self._operands)

    def _formula(self, expr: Expr) -> Formula:
        match expr:
            case Literal(kind="bool", value=bool() as value):
                return Constant(value)
            case Call(function="!", args=(part,), target=None):
                return Negation(self._formula(part))
            case Call(function="&&", args=parts, target=None):
                return Both(tuple(self._formula(part) for part in parts))
            case Call(function="||", args=parts, target=None):
                return Either(tuple(self._formula(part) for part in parts))
            case Call(function="?:", args=(test, yes, no), target=None):
                return Choice(self._formula(test), self._formula(yes), self._formula(no))
            case Call(function="in", args=(item, ListOf(items=items))) if all(map(self._constant, items)):
                return self._among(item, items)
            case Call(function=sign, args=(left, right), target=None) if sign in COMPARISONS:
                return self._comparison(sign, left, right)
            case Call(function="has", args=(Select() as member,), target=None):
                return self._presence(expr, member)
            case _:
                return self._atom(expr, IS, True)

    def _comparison(self, sign: str, left: Expr, right: Expr) -> Formula:
        constants = self._constant(left), self._constant(right)
        if constants[0] is not None and constants[1] is not None:
            return Constant(compare(sign, constants[0][0], constants[1][0]))
        if constants[0] is not None:
            return self._comparison(_FLIPPED[sign], right, left)
        if constants[1] is None:
            return self._pair(sign, left, right)
        value = constants[1][0]
        if isinstance(value, bool) and sign in ("==", "!=") and _is_logic(left):
            formula = self._formula(left)
            return formula if value is (sign == "==") else Negation(formula)
        return self._atom(left, sign, value)

    def _presence(self, call: Call, member: Select) -> Atom:
        """Whether a field is set. Of the members of a oneof at most one is: which one is an operand."""
        owner = type_of(member.operand, self._scope)
        message = self._scope.schema.messages.get(owner.name) if owner.kind == "message" else None
        field = message.field(member.field) if message is not None else None
        if message is None or field is None or not field.oneof:
            return self._atom(call, IS, True)
        key = f"{written(member.operand)} oneof {field.oneof}"
        roots = dereferenced(call, self._scope)
        if key not in self._operands:
            members = (one.number for one in message.fields if one.oneof == field.oneof)
            fails = not never_fails(call, self._scope) or any(root not in self._scope.always for root in roots)
            self._operands[key] = _Operand(_NUMBER, False, fails, (_NOT_SET, *members))
        self._operands[key].constants.append(field.number)
        return Atom(key, "==", field.number, roots)

    def _among(self, item: Expr, items: tuple[Expr, ...]) -> Formula:
        """Whether it is one of some constants; of none it is not, but it has a value."""
        if items or self._constant(item):
            return Either(tuple(self._comparison("==", item, one) for one in items))
        return Both((self._atom(item, "==", None), self._atom(item, "!=", None)))

    def _constant(self, expr: Expr) -> tuple[Value] | None:
        named = enum_value(expr, self._scope)
        return folded(expr) if named is None else (named[1],)

    def _atom(self, expr: Expr, sign: str, constant: Value) -> Atom:
        key = written(expr)
        roots = dereferenced(expr, self._scope)
        if key not in self._operands:
            self._operands[key] = self._operand(expr, roots)
        self._operands[key].constants.append(constant)
        return Atom(key, sign, constant, roots)

    def _operand(self, expr: Expr, roots: tuple[str, ...]) -> _Operand:
        kind = type_of(expr, self._scope)
        if isinstance(expr, Call) and expr.function == "size":
            kind = _SIZE
        variable = isinstance(expr, Name) and expr.name.lstrip(".") not in self._scope.always
        enum = self._scope.schema.enums.get(kind.name) if kind.kind == "enum" else None
        closed = tuple(value.number for value in enum.values) if enum is not None and enum.is_closed else ()
        fails = not never_fails(expr, self._scope) or any(root not in self._scope.always for root in roots)
        return _Operand(kind, variable and kind.kind in ("list", "map", "message", *TIMES), fails, closed)

    def _pair(self, sign: str, left: Expr, right: Expr) -> Atom:
        """Two expressions that are no constants: which is greater is an operand."""
        keys = written(left), written(right)
        if keys[0] > keys[1]:
            return self._pair(_FLIPPED[sign], right, left)
        key = f"{keys[0]} <=> {keys[1]}"
        roots = tuple(dict.fromkeys((*dereferenced(left, self._scope), *dereferenced(right, self._scope))))
        if key not in self._operands:
            kinds = {type_of(left, self._scope).kind, type_of(right, self._scope).kind}
            orders: tuple[Sample, ...] = (0,) if keys[0] == keys[1] else (0, 1, -1)
            odd: tuple[Sample, ...] = (float("nan"), Special.THERE) if kinds & _UNORDERED else ()
            fails = [not never_fails(side, self._scope) for side in (left, right)]
            operand = _Operand(ANY, False, any(fails) or any(root not in self._scope.always for root in roots))
            operand.samples = orders + odd
            self._operands[key] = operand
        return Atom(key, sign, 0, roots)


def _is_logic(expr: Expr) -> bool:
    return (
        isinstance(expr, Call)
        and expr.target is None
        and (expr.function in LOGIC | COMPARISONS or expr.function == "in")
    )
