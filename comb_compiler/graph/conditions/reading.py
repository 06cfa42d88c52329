"""The text of a condition → its tree and the names that it uses."""

from collections.abc import Collection
from typing import NamedTuple

from comb_compiler.graph.conditions.mistakes import BadSyntax, Mistake
from comb_compiler.graph.conditions.parser import parse
from comb_compiler.graph.conditions.tree import Call, Expr, Name, Select, children, dotted, loop_variable, walk
from comb_compiler.protos import Schema

__all__ = ["MOST_CHARACTERS", "Parsed", "Reading", "Use", "read_condition", "used_variables"]

MOST_CHARACTERS = 10_000
MOST_DEPTH = 100
"""Of the tree. What walks over it recurses, and so does the official checker."""


_TOO_MUCH = "compute it in an operator, and test its answer here"


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


def read_condition(text: str) -> Reading:
    """The condition that `text` writes. No text raises."""
    if len(text) > MOST_CHARACTERS:
        message = f"this condition has {len(text)} characters, and at most {MOST_CHARACTERS} are read"
        return _refused(Mistake(message, 0, len(text), _TOO_MUCH))
    try:
        root = parse(text)
    except BadSyntax as stop:
        return _refused(stop.mistake)
    if _depth(root) > MOST_DEPTH:
        message = f"this condition's tree is more than {MOST_DEPTH} deep"
        return _refused(Mistake(message, root.start, root.end, _TOO_MUCH))
    return Reading(Parsed(text, root, tuple(_uses(root, frozenset()))))


def _refused(mistake: Mistake) -> Reading:
    return Reading(None, (mistake,))


def used_variables(condition: Parsed, known: Collection[str], schema: Schema | None = None) -> tuple[Use, ...]:
    """The uses of `known` names: not those that begin the qualified name of a type or of an enum's value."""
    return tuple(
        use
        for use in condition.uses
        if use.name in known and (schema is None or "." not in use.path or not is_qualified(use.path, schema))
    )


def is_qualified(path: str, schema: Schema) -> bool:
    """Whether `path` is, or begins with, the full name of a message, an enum or a value of an enum."""
    parts = path.split(".")
    names = (".".join(parts[:count]) for count in range(len(parts), 0, -1))
    return any(name in schema.messages or name in schema.enums for name in names)


def _depth(root: Expr) -> int:
    """Of the deepest node, without recursion."""
    depth, level = 0, [root]
    while level and depth <= MOST_DEPTH:
        depth += 1
        level = [child for expr in level for child in children(expr)]
    return depth


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
