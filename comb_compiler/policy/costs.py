"""How much work an expression may be at most, worked out before anything evaluates it.

The library in C++ counts rounds of loops and nothing else: texts that grow, or that are searched in every round, would
take memory and time without bound. What is worked out here is an upper bound, from the sizes of what is asked about.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import reduce
from operator import le
from typing import Any, NamedTuple

from comb_compiler.cel.tree import COMPARISONS, LOGIC, Call, Expr, Literal, Name, Select, children, loop_variable

__all__ = ["MOST_ROUNDS", "MOST_WORK", "Costs", "Rough", "Size", "Sizes", "measured", "rough", "work_of"]

MOST_ROUNDS = 10_000
"""Of all loops of an evaluation together: the library stops there."""
MOST_WORK = 2_000_000_000
"""Characters that are looked at: some ten seconds."""
_COPY = 20
"""A character that is kept until the end is as dear as so many that are looked at: at most 100 MB are."""
_PIECE = 1_000
"""An item of a new list likewise: two millions of them at most."""
_CALL = 64
"""What a call takes besides; and what a value is taken for that has parts of its own."""

_KEPT = frozenset(("lowerAscii", "upperAscii", "trim", "substring", "reverse", "quote", "charAt", "string", "bytes"))
_SEARCHED = frozenset(("contains", "startsWith", "endsWith", "indexOf", "lastIndexOf", "find", "size"))
_SPLIT = frozenset(("split", "findAll"))
_PRECISION = re.compile(r"\.(\d+)")


class Size(NamedTuple):
    """At most so many items in a value and in any list or map of it, so many characters in any text of it, and so many
    characters and items in all of it, and in each of its items; and so many items in any list or map `below` it.

    What was `made` by the expression may hold anything under any name.
    """

    items: int
    text: int
    whole: int
    each: int
    below: int = 0
    made: bool = True


Sizes = Callable[[str], Size]
"""The largest that there is under a name, anywhere in what is asked about."""

_SMALL = Size(0, 1, 1, 1)
_NOWHERE = Size(0, 1, 1, 1, made=False)


def measured(values: Mapping[str, Any]) -> Mapping[str, Size]:
    """The largest under each name of what is asked about, whatever it is a field of."""
    found: dict[str, _Plain] = {}
    _size(values, found)
    return {name: Size(*size, made=False) for name, size in found.items()}


_Plain = tuple[int, int, int, int, int]
"""A size before it is one: it is asked of every value."""
_ONE: _Plain = (0, 1, 1, 1, 0)


def _size(value: Any, found: dict[str, _Plain]) -> _Plain:
    if isinstance(value, str | bytes):
        length = len(value) + 1
        return 0, length, length, length, 0
    if not isinstance(value, dict | list | tuple | Mapping):
        return _ONE if isinstance(value, int | float | None) else (0, _CALL, _CALL, _CALL, 0)
    named = isinstance(value, Mapping)
    text, whole, each, below = 1, 1 + len(value), 1, 0
    for one in value:
        size = _size(value[one] if named else one, found)
        if named:
            name = str(one)
            text = max(text, len(name))
            whole += len(name)
            known = found.get(name, size)
            found[name] = size if known is size or known == size else _most(known, size)
        text, each, below = max(text, size[1]), max(each, size[2]), max(below, size[0])
        whole += size[2]
    return max(len(value), below), text, whole, max(each, text), below


def _most(one: _Plain, other: _Plain) -> _Plain:
    a, b, c, d, e = map(max, one, other)
    return a, b, c, d, e


def _all(parts: Sequence[Size], names: Sequence[int] = ()) -> Size:
    """Of a list or map with these items."""
    below = max((0, *(one.items for one in parts)))
    text = max((1, *names, *(one.text for one in parts)))
    each = max((text, *(one.whole for one in parts)))
    whole = 1 + sum(names) + len(parts) + sum(one.whole for one in parts)
    return Size(max(len(parts), below), text, whole, each, below)


def _larger(one: Size, other: Size) -> Size:
    items, text, whole, each, below = map(max, one[:5], other[:5])
    return Size(items, text, whole, each, below, one.made or other.made)


def _text(length: int) -> Size:
    return Size(0, length, length, length)


def _item(size: Size) -> Size:
    """Of an item, or of a name, of what has this size."""
    whole = min(size.each, size.whole)
    return size._replace(items=min(size.below, whole - 1), text=min(size.text, whole), whole=whole)


def work_of(trees: Iterable[Expr], variables: Mapping[str, Expr], sizes: Sizes) -> int:
    """The most work that all of `trees` are together, with variables that are worked out once, in their order."""
    sum_ = _Sum(sizes)
    known: dict[str, Size] = {}
    for name, tree in variables.items():
        known[f"variables.{name}"] = sum_.of(tree, known, 1)
    for tree in trees:
        sum_.of(tree, known, 1)
    return sum_.work


class _Sum:
    def __init__(self, sizes: Sizes) -> None:
        self.work = 0
        self._sizes = sizes

    def of(self, expr: Expr, names: Mapping[str, Size], rounds: int) -> Size:
        """The size of what comes of it, where it is evaluated so often."""
        match expr:
            case Literal(value=value):
                return _text(len(value) + 1) if isinstance(value, str | bytes) else _SMALL
            case Name(name=name):
                return names[name] if name in names else self._sizes(name)
            case Select(operand=operand, field=field):
                if isinstance(operand, Name) and operand.name == "variables":
                    name = f"variables.{field}"
                    return names[name] if name in names else self._sizes(name)
                return self._below(self.of(operand, names, rounds), field)
            case Call():
                return self._call(expr, names, rounds)
        parts = [self.of(one, names, rounds) for one in children(expr)]
        self.work += rounds * _CALL * (1 + len(parts))
        return _all(parts)

    def _below(self, operand: Size, field: str) -> Size:
        if operand.made:
            return operand
        known = self._sizes(field)
        items, text, whole, each, below = map(min, operand[:5], known[:5])
        return Size(items, text, whole, each, below, made=False)

    def _call(self, call: Call, names: Mapping[str, Size], rounds: int) -> Size:
        variable = loop_variable(call)
        if variable is not None:
            return self._loop(call, variable, names, rounds)
        given = [self.of(one, names, rounds) for one in children(call)]
        total = sum(one.whole for one in given)
        self.work += rounds * _CALL
        if call.function == "[]":
            key = call.args[1]
            is_name = isinstance(key, Literal) and isinstance(key.value, str)
            return self._below(given[0], str(key.value)) if is_name and isinstance(key, Literal) else _item(given[0])
        if call.function in LOGIC:
            return reduce(_larger, given)._replace(made=True)
        made, dear = _made(call, given, total)
        self.work += rounds * dear
        return made

    def _loop(self, call: Call, variable: str, names: Mapping[str, Size], rounds: int) -> Size:
        assert call.target is not None
        over = self.of(call.target, names, rounds)
        turns = min(rounds * max(over.items, 1), max(rounds, MOST_ROUNDS))
        inner = {**names, variable: _item(over)}
        *_, body = [self.of(one, inner, turns) for one in call.args[1:]]
        self.work += turns * _CALL
        if call.function == "filter":
            return over
        if call.function == "map":
            items = min(over.items, MOST_ROUNDS)
            whole = 1 + items * (1 + body.whole)
            return Size(max(items, body.items), body.text, whole, body.whole, body.items)
        return _SMALL


def _made(call: Call, given: list[Size], total: int) -> tuple[Size, int]:
    """What a function makes, and the work that it is."""
    asked = _asked(call.function, given, total)
    if asked is not None:
        return _SMALL, asked
    if call.function == "+" and len(given) > 1:
        items, text, whole = (sum(one[field] for one in given) for field in range(3))
        each, below = (max(one[field] for one in given) for field in (3, 4))
        return Size(items, text, whole, each, below), whole * _COPY + items * _PIECE
    first = given[0].text if given else 1
    if call.function in _SPLIT:
        return Size(first, first, 2 * first, first), first * _PIECE
    most = _length(call, given, total)
    if most is not None:
        return _text(most), most * _COPY
    items = max((0, *(one.items for one in given)))
    return Size(items, total, 2 * total + _CALL, 2 * total + _CALL, items), total * 8


def _asked(function: str, given: list[Size], total: int) -> int | None:
    """The work of what says yes or no, or a number; None of others."""
    if function in COMPARISONS:
        return min(one.whole for one in given) // 4
    if function == "in":
        return min(total, (1 + given[1].items) * (1 + given[0].whole))
    if function == "matches":
        return given[0].text * (1 + given[-1].text // 8)
    return sum(one.text for one in given) if function in _SEARCHED else None


def _length(call: Call, given: list[Size], total: int) -> int | None:
    """The most characters of a text that is made; None of what makes none."""
    match call.function:
        case "replace":
            return (given[0].text + 1) * (given[2].text + 1) if len(given) > 2 else total
        case "join":
            return given[0].whole + given[0].items * (given[-1].text if len(given) > 1 else 0)
        case "format":
            return 2 * total + _precision(call.target)
        case function:
            return 2 * given[0].text + _CALL if function in _KEPT and given else None


def _precision(target: Expr | None) -> int:
    """The digits that a form such as `%.9f` asks for; of one that is worked out nobody knows."""
    if not isinstance(target, Literal) or not isinstance(target.value, str):
        return 0
    return sum(int(found) + 1 for found in _PRECISION.findall(target.value))


class Rough(NamedTuple):
    """The most items of a list or map, the longest text, and at least as much as all characters and items."""

    items: int
    text: int
    whole: int

    def beside(self, other: "Rough") -> "Rough":
        """Of both together."""
        return Rough(max(self.items, other.items), max(self.text, other.text), self.whole + other.whole)

    @property
    def powers(self) -> "Rough":
        """The powers of two that are larger."""
        return Rough(*(one.bit_length() for one in self))


_USUAL = Rough(5, 9, 14)
"""What a rendered object is smaller than, as a rule: asked first, so that each object is not asked anew."""
_PLAIN = frozenset((int, bool, float, type(None)))
_TEXT = frozenset((str,))


class Costs:
    """The work of an expression, ready to be asked for what it is evaluated over."""

    __slots__ = ("_known", "_trees", "_variables")

    def __init__(self, trees: Iterable[Expr], variables: Mapping[str, Expr] = {}) -> None:
        self._trees = tuple(trees)
        self._variables = dict(variables)
        self._known: dict[Rough, bool] = {}

    def is_little(self, powers: Rough) -> bool:
        """Whether it is not too much of anything that is smaller than these powers of two, whatever its parts are."""
        known = self._known.get(powers)
        if known is None:
            is_usual = all(map(le, powers, _USUAL))
            known = (is_usual and self._fits(_USUAL)) or self._fits(powers)
            self._known[powers] = known
        return known

    def _fits(self, powers: Rough) -> bool:
        known = self._known.get(powers)
        if known is None:
            items, text, whole = (1 << one for one in powers)
            size = Size(items, text, whole, whole, items, made=False)
            known = work_of(self._trees, self._variables, lambda _: size) <= MOST_WORK
            self._known[powers] = known
        return known

    def is_too_much(self, sizes: Mapping[str, Size]) -> bool:
        """Whether it may be, of what was measured."""
        return work_of(self._trees, self._variables, lambda name: sizes.get(name, _NOWHERE)) > MOST_WORK


def rough(values: Mapping[str, Any]) -> Rough:
    """How large the values are, without a look at what is under which name: it is asked of every object."""
    parted: list[Any] = [dict(values)]
    texts: list[Any] = []
    for one in parted:
        if type(one) is dict:
            texts += one
        for value in one.values() if type(one) is dict else one:
            kind = type(value)
            if kind is str:
                texts.append(value)
            elif kind is dict or kind is list:
                parted.append(value)
            elif kind not in _PLAIN:
                parted.append(_opened(value))
    lengths = [*map(len, texts if _TEXT.issuperset(map(type, texts)) else map(str, texts))]
    items = [*map(len, parted)]
    return Rough(max(items), max(lengths, default=0), sum(lengths) + 2 * sum(items) + len(items))


def _opened(value: Any) -> dict[Any, Any] | list[Any]:
    """What another value than a plain one is taken for."""
    if isinstance(value, Mapping):
        return dict(value)
    return list(value) if isinstance(value, tuple) else [str(value).ljust(_CALL)]
