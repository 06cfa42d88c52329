"""Conditions as formulas over atoms, each of which compares an operand with a constant.

An operand is an expression that takes part in comparisons, under one way of writing it: `a.b > 3` and `!(3 >= a.b)`
are comparisons of one operand. A value is true, false or an error, which `&&` and `||` absorb in either order, as the
language's definition says; while operands are not decided, a formula has several values that it may still get. What
cannot be understood is an operand of its own that may be anything: more is held possible than is, never less.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from comb_compiler.cel.tree import Value
from comb_compiler.graph.conditions.samples import Sample, compare

__all__ = [
    "ERROR",
    "FALSE",
    "TRUE",
    "Atom",
    "Both",
    "Choice",
    "Constant",
    "Either",
    "Formula",
    "Negation",
    "Samples",
    "atoms",
    "evaluate",
    "first_open",
]


class Constant(NamedTuple):
    """True, false, or always an error."""

    value: bool | None


class Atom(NamedTuple):
    """`operand sign constant`. Where one of `roots` is null, evaluating it is an error."""

    operand: str
    sign: str
    constant: Value
    roots: tuple[str, ...]


class Negation(NamedTuple):
    """`!a`"""

    part: Formula


class Both(NamedTuple):
    """`a && b && …`"""

    parts: tuple[Formula, ...]


class Either(NamedTuple):
    """`a || b || …`"""

    parts: tuple[Formula, ...]


class Choice(NamedTuple):
    """`a ? b : c`"""

    test: Formula
    yes: Formula
    no: Formula


Formula = Constant | Atom | Negation | Both | Either | Choice
Samples = Mapping[str, Sample]
"""Values of operands; one that is missing is not decided yet."""


TRUE, FALSE, ERROR = 1, 2, 4
"""What a formula may be, as bits. (An enum's operators cost ten times as much, and this is where the time goes.)"""

_OPEN = TRUE | FALSE | ERROR
_DECIDED = (TRUE, FALSE, ERROR)
_OUTCOMES = {True: TRUE, False: FALSE, None: ERROR}
_NEGATED = tuple((one & ERROR) | (one & TRUE) << 1 | (one & FALSE) >> 1 for one in range(_OPEN + 1))


def evaluate(formula: Formula, samples: Samples) -> int:
    """What is still possible: one of `TRUE`, `FALSE` and `ERROR` when all operands are decided, else bits of them."""
    match formula:
        case Constant(value=value):
            return _OUTCOMES[value]
        case Atom():
            return _atom(formula, samples)
        case Negation(part=part):
            return _NEGATED[evaluate(part, samples)]
        case Both(parts=parts):
            return _NEGATED[_either([_NEGATED[evaluate(part, samples)] for part in parts])]
        case Either(parts=parts):
            return _either([evaluate(part, samples) for part in parts])
        case Choice(test=test, yes=yes, no=no):
            outcome = evaluate(test, samples)
            chosen = evaluate(yes, samples) if outcome & TRUE else 0
            return (outcome & ERROR) | chosen | (evaluate(no, samples) if outcome & FALSE else 0)


def _atom(atom: Atom, samples: Samples) -> int:
    for root in atom.roots:
        if root not in samples:
            return _OPEN
        if samples[root] is None:
            return ERROR
    if atom.operand not in samples:
        return _OPEN
    return _OUTCOMES[compare(atom.sign, samples[atom.operand], atom.constant)]


def _either(outcomes: Sequence[int]) -> int:
    """True if any part is; false if all are; else an error."""
    some, every, may_miss = 0, _OPEN, True
    for outcome in outcomes:
        some |= outcome
        every &= outcome
        may_miss = may_miss and outcome != TRUE
    return (some & TRUE) | (every & FALSE) | (some & ERROR if may_miss else 0)


def first_open(formula: Formula, samples: Samples) -> str | None:
    """An operand that is not decided and on which the value still depends; None when there is none."""
    match formula:
        case Atom(operand=operand, roots=roots):
            if evaluate(formula, samples) != _OPEN:
                return None
            return next((key for key in (*roots, operand) if key not in samples), None)
        case Negation(part=part):
            return first_open(part, samples)
        case Both(parts=parts) | Either(parts=parts):
            return _first_of(parts, samples) if evaluate(formula, samples) not in _DECIDED else None
        case Choice(test=test, yes=yes, no=no):
            branch = {TRUE: (test, yes), FALSE: (test, no)}.get(evaluate(test, samples), (test,))
            return _first_of(branch, samples)
        case _:
            return None


def _first_of(parts: tuple[Formula, ...], samples: Samples) -> str | None:
    return next((key for part in parts if (key := first_open(part, samples)) is not None), None)


def atoms(formula: Formula) -> Iterator[Atom]:
    """Its atoms, in the text's order."""
    match formula:
        case Atom():
            yield formula
        case Negation(part=part):
            yield from atoms(part)
        case Both(parts=parts) | Either(parts=parts):
            for part in parts:
                yield from atoms(part)
        case Choice():
            for part in formula:
                yield from atoms(part)
        case _:
            return
