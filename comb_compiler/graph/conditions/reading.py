"""The text of a condition → its tree and the names that it uses."""

from collections.abc import Collection
from functools import lru_cache
from typing import NamedTuple

from comb_compiler.cel import Mistake, read
from comb_compiler.cel.tokens import UNNAMEABLE
from comb_compiler.cel.tree import Call, Expr, Literal, Name, Select, children, dotted, loop_variable, walk
from comb_compiler.protos import Schema

__all__ = ["Parsed", "Reading", "Use", "read_condition", "unnameable", "used_variables"]


class Use(NamedTuple):
    """A name that no macro binds, where it stands, and the dotted name that it begins (`request.frame.width`)."""

    name: str
    start: int
    end: int
    path: str


class Parsed(NamedTuple):
    """A condition that could be read. Equal texts are equal conditions."""

    text: str
    root: Expr
    uses: tuple[Use, ...]


class Reading(NamedTuple):
    """What a text gave: a condition, or what is wrong with how it is written."""

    parsed: Parsed | None
    errors: tuple[Mistake, ...] = ()


@lru_cache(maxsize=256)
def read_condition(text: str) -> Reading:
    """The condition that `text` writes. No text raises; one that many steps have is read once."""
    root = read(text)
    if isinstance(root, Mistake):
        return Reading(None, (root,))
    return Reading(Parsed(text, root, tuple(_uses(root, frozenset()))))


def used_variables(condition: Parsed, known: Collection[str], schema: Schema | None = None) -> tuple[Use, ...]:
    """The uses of `known` names: not those that begin the qualified name of a type or of an enum's value."""
    return tuple(
        use
        for use in condition.uses
        if use.name in known and (schema is None or "." not in use.path or not is_qualified(use.path, schema))
    )


def unnameable(text: str, reading: Reading, names: Collection[str]) -> Use | None:
    """The first place where a condition asks for one of `names` by a word that CEL takes for something else."""
    if reading.parsed is None:
        found = [Use(text[one.start : one.end], one.start, one.end, "") for one in reading.errors]
    else:
        words = [one.operand for one in walk(reading.parsed.root) if isinstance(one, Select)]
        literals = [one for one in words if isinstance(one, Literal) and one.kind in ("bool", "null")]
        found = [Use(text[one.start : one.end], one.start, one.end, "") for one in literals]
        found += reading.parsed.uses
    return next((use for use in found if use.name in UNNAMEABLE and use.name in names), None)


def is_qualified(path: str, schema: Schema) -> bool:
    """Whether `path` is, or begins with, the full name of a message, an enum or a value of an enum."""
    parts = path.split(".")
    names = (".".join(parts[:count]) for count in range(len(parts), 0, -1))
    return any(name in schema.messages or name in schema.enums for name in names)


def _uses(expr: Expr, bound: frozenset[str]) -> list[Use]:
    if isinstance(expr, Select | Name):
        return _of_chain(expr, bound)
    variable = loop_variable(expr)
    if variable is not None and isinstance(expr, Call) and expr.target is not None:
        inside = [use for argument in expr.args[1:] for use in _uses(argument, bound | {variable})]
        return [*_uses(expr.target, bound), *inside]
    return [use for child in children(expr) for use in _uses(child, bound)]


def _of_chain(expr: Select | Name, bound: frozenset[str]) -> list[Use]:
    path = dotted(expr)
    if path is None:
        return [use for child in children(expr) for use in _uses(child, bound)]
    name = next(one for one in walk(expr) if isinstance(one, Name))
    absolute = name.name.startswith(".")
    bare = name.name.lstrip(".")
    if bare in bound and not absolute:
        return []
    return [Use(bare, name.start + absolute, name.end, path)]
