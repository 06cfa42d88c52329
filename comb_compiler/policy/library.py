"""CEL by cel-expr-python, Google's own implementation in C++, with what Kubernetes has beyond it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache, cached_property, lru_cache, partial
from typing import TYPE_CHECKING, Any, NamedTuple

from comb_compiler.graph.conditions.library import library_version
from comb_compiler.policy.costs import MOST_WORK, Costs, Rough, Size, measured, rough
from comb_compiler.policy.evaluator import Answer, Facts, Outcome
from comb_compiler.policy.expressions import BOUND, Expression, Problem
from comb_compiler.policy.functions import FUNCTIONS, Function
from comb_compiler.policy.functions.values import PACKAGE, TYPES, Lacking, message_pool

if TYPE_CHECKING:
    from cel_expr_python import cel

__all__ = ["CelLibrary"]

_FORM = 1
_ERROR = re.compile(r"(?m)^(?:.*?INVALID_ARGUMENT: )?ERROR: <input>:(\d+):(\d+): (.*?)(?: \[INVALID_ARGUMENT\])?$")
_BUDGET = "Iteration budget exceeded"
_TOO_MUCH = f"it may look at more than {MOST_WORK:,} characters"
_UNWANTED = re.compile(r"UINT|optional_type|TYPE(?!_)|UNKNOWN|ERROR|ANY")
_CONTAINER = re.compile(r" \(in container '?'?\)")
_CROSS = re.compile(r"'\((?:int|uint|double), (?:int|uint|double)\)'")


class _Facts:
    """Values in the form that programs read: it is made once for all that ask about an object."""

    def __init__(self, values: Mapping[str, Any], known: Rough | None = None) -> None:
        self.values = values
        self._known = known

    @cached_property
    def activation(self) -> Any:
        """As the library reads them."""
        return _bare().Activation(dict(self.values))

    @cached_property
    def rough(self) -> Rough:
        """How large the values are, roughly."""
        return rough(self.values) if self._known is None else self._known

    @cached_property
    def powers(self) -> Rough:
        """The same in powers of two."""
        return self.rough.powers

    @cached_property
    def sizes(self) -> Mapping[str, Size]:
        """The largest under each name."""
        return measured(self.values)

    def with_values(self, values: Mapping[str, Any]) -> _Facts:
        return _Facts({**self.values, **values}, self.rough.beside(rough(values)))


class _Made(NamedTuple):
    """An expression that can be evaluated, and where its functions write what they could not answer."""

    expression: cel.Expression
    lacking: list[str]


class _Program:
    """Compiled when it is first evaluated, where its type is known before."""

    __slots__ = ("_costs", "_made", "_make", "_result")

    def __init__(self, make: Callable[[], _Made], result: str, costs: Costs, made: _Made | None = None) -> None:
        self._costs = costs
        self._made = made
        self._make = make
        self._result = result

    @property
    def result(self) -> str:
        return self._result

    def evaluate(self, facts: Facts) -> Answer:
        assert isinstance(facts, _Facts)
        if not self._costs.is_little(facts.powers) and self._costs.is_too_much(facts.sizes):
            return Answer(Outcome.COSTLY, reason=_TOO_MUCH)
        try:
            made = self._made = self._made or self._make()
            made.lacking.clear()
            value = made.expression.eval(facts.activation)
        except RuntimeError as error:
            if _BUDGET in str(error):
                return Answer(Outcome.COSTLY, reason="it loops more than 10,000 times")
            return Answer(Outcome.ERROR, reason=_first(str(error)))
        if made.lacking:
            return Answer(Outcome.LACKING, reason=made.lacking[0])
        if self._result == "BOOL" and (truth := _truth(value)) is not None:
            return _HOLDS if truth else _FAILS
        kind = value.type().name()
        try:
            plain = value.plain_value() if kind != "ERROR" else value.value()
        except TypeError:
            return Answer(Outcome.LACKING, reason="a value that is optional")
        if kind == "ERROR":
            return Answer(Outcome.ERROR, reason=_first(str(plain)))
        if _UNWANTED.search(kind):
            return Answer(Outcome.LACKING, reason=f"a value of the type {kind.lower()}")
        return Answer(Outcome.VALUE, plain)


_HOLDS, _FAILS = Answer(Outcome.VALUE, True), Answer(Outcome.VALUE, False)


def _truth(value: cel.Value) -> bool | None:
    """Whether it is true or false; None of an error."""
    try:
        plain = value.plain_value()
    except TypeError:
        return None
    return plain if isinstance(plain, bool) else None


class CelLibrary:
    """An `Evaluator`. Programs of one are not to be evaluated by two threads at once.

    `known` are the types that right expressions give, as one of the same `version` found them: they are compiled when
    they are first evaluated. What is found is added.
    """

    def __init__(self, known: Mapping[str, str] | None = None) -> None:
        self.known = dict(known or {})

    @staticmethod
    def version() -> str:
        """What decides on types, beside the expressions."""
        declared = [(one.name, one.parameters, one.result, one.is_method) for one in FUNCTIONS]
        return repr((_FORM, library_version(), declared))

    def compile(self, expression: Expression, types: Mapping[str, str]) -> _Program | Problem:
        name = f"{dict(types)} {expression.text}"
        make = partial(_made, expression.evaluated, tuple(types.items()))
        costs = Costs((expression.tree,))
        if name in self.known:
            return _Program(make, self.known[name], costs)
        try:
            made = make()
        except RuntimeError as error:
            return _problem(expression, str(error))
        result = str(made.expression.return_type().name())
        if _UNWANTED.search(result):
            return Problem(f"a result of the type {result.lower()}", 0, len(expression.text), True)
        constant = _wrong_constant(_environment(tuple(types.items()))[0], expression)
        if constant is not None:
            return constant
        self.known[name] = result
        return _Program(make, result, costs, made)

    def together(
        self, expressions: Iterable[Expression], variables: Mapping[str, Expression], types: Mapping[str, str]
    ) -> _Program | None:
        asked = tuple(expressions)
        if any(BOUND in one.text for one in (*asked, *variables.values())):
            return None
        text = " && ".join(f"({one.bound}\n)" for one in asked)  # a text may end with a comment
        for name, one in reversed(tuple(variables.items())):
            text = f"cel.bind({BOUND}{name}, ({one.bound}\n), {text})"
        make = partial(_made, text, tuple(types.items()), binds=True)
        try:
            made = make()
        except RuntimeError:
            return None
        costs = Costs((one.tree for one in asked), {name: one.tree for name, one in variables.items()})
        return _Program(make, str(made.expression.return_type().name()), costs, made)

    def facts(self, values: Mapping[str, Any]) -> _Facts:
        return _Facts(values)


def _made(text: str, types: tuple[tuple[str, str], ...], *, binds: bool = False) -> _Made:
    """Raises RuntimeError for what is not right."""
    environment, lacking = _environment(types, binds=binds)
    return _Made(environment.compile(text), lacking)


def _first(text: str) -> str:
    return re.sub(r"^[A-Z_]+: ", "", text.split("\n")[0])


def _problem(expression: Expression, error: str) -> Problem:
    """What the checker says, and where."""
    found = [(int(line), int(column), said) for line, column, said in _ERROR.findall(error)]
    if not found:
        return Problem(f"CEL refuses this: {_first(error)}", 0, len(expression.text))
    line, column, said = next((one for one in found if "'*error*'" not in one[2]), found[0])
    if _CROSS.search(said):
        return Problem("numbers of two types, compared where both types are known", 0, len(expression.text), True)
    if "for 'string' applied to '(kubernetes." in said:
        return Problem("the text of an address", 0, len(expression.text), True)
    start = _offset(expression.evaluated, line, column) if expression.evaluated == expression.text else 0
    return Problem(f"CEL refuses this: {_CONTAINER.sub('', said)}", start, start)


def _offset(text: str, line: int, column: int) -> int:
    lines = text.split("\n")
    return min(sum(len(one) + 1 for one in lines[: line - 1]) + column - 1, len(text))


_CONSTANT = re.compile(
    r"""\.matches\(\s*(?P<regex>r?(?:'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"))\s*\)"""
    r"""|(?<![\w.])(?P<made>(?:duration|timestamp)\(\s*(?:'[^'\\\n]*'|"[^"\\\n]*")\s*\))"""
)


def _wrong_constant(environment: cel.Env, expression: Expression) -> Problem | None:
    """A pattern, a time or a duration that is none: Kubernetes refuses it before it evaluates anything."""
    for found in _CONSTANT.finditer(expression.evaluated):
        asked = f"''.matches({found['regex']})" if found["regex"] else found["made"]
        try:
            value = environment.compile(asked).eval(data={})
        except RuntimeError:
            continue  # it is text within a text
        if value.type().name() == "ERROR":
            return Problem(f"CEL refuses this: {_first(str(value.value()))}", found.start(), found.end())
    return None


@cache
def _bare() -> cel.Env:
    return _environment(())[0]


@lru_cache(maxsize=256)
def _environment(types: tuple[tuple[str, str], ...], *, binds: bool = False) -> tuple[cel.Env, list[str]]:
    """An environment over names of these types, and where its functions write what they could not answer.

    Where it `binds` it has `cel.bind`, which Kubernetes has not.
    """
    from cel_expr_python import cel
    from cel_expr_python.ext import ext_bindings, ext_optional, ext_strings

    declared, lacking = _declared()
    environment = cel.NewEnv(
        descriptor_pool=message_pool(),
        variables={name: _type(text) for name, text in types},
        extensions=[ext_strings.ExtStrings(2), ext_optional.ExtOptional(), *([ext_bindings.ExtBindings()] * binds)],
        functions=list(declared),
    )
    return environment, lacking


@cache
def _declared() -> tuple[tuple[cel.FunctionDecl, ...], list[str]]:
    """The functions, which all environments share, and where they write what they could not answer."""
    from cel_expr_python import cel

    lacking: list[str] = []
    by_name: dict[str, list[Function]] = {}
    for one in FUNCTIONS:
        by_name.setdefault(one.name, []).append(one)
    made = ((name, [_overload(one, lacking) for one in overloads]) for name, overloads in by_name.items())
    return tuple(cel.FunctionDecl(name, overloads) for name, overloads in made), lacking


def _overload(function: Function, lacking: list[str]) -> cel.Overload:
    from cel_expr_python import cel

    return cel.Overload(
        "_".join((function.name.replace(".", "_"), *function.parameters, "m" if function.is_method else "f")),
        return_type=_type(function.result),
        parameters=[_type(one) for one in function.parameters],
        is_member=function.is_method,
        impl=_watched(function.made, lacking),
    )


def _watched(made: Callable[..., Any], lacking: list[str]) -> Callable[..., Any]:
    """The function, of which is remembered what it could not answer, whatever an `||` makes of its error."""

    def watched(*arguments: Any) -> Any:
        try:
            return made(*arguments)
        except Lacking as reason:
            lacking.append(str(reason))
            raise

    return watched


_NAMES = ("BOOL", "BYTES", "DOUBLE", "DURATION", "DYN", "INT", "NULL", "STRING", "TIMESTAMP")


@cache
def _type(text: str) -> Any:
    """A type by our name for it, or by the library's own: `LIST<INT>`."""
    from cel_expr_python import cel

    if text in TYPES:
        return cel.Type(f"{PACKAGE}.{text}")
    if text.upper() in _NAMES:
        return getattr(cel.Type, text.upper())
    outer, _, inner = text.removesuffix(">").partition("<")
    if outer.upper() == "LIST":
        return cel.Type.List(_type(inner or "dyn"))
    if outer.upper() == "MAP":
        key, _, value = inner.partition(", ")
        return cel.Type.Map(_type(key or "dyn"), _type(value or "dyn"))
    return cel.Type(text)
