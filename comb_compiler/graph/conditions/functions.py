"""Functions that CEL does not have, and what it writes instead: people bring them from the languages that they know."""

from typing import NamedTuple

from comb_compiler.cel import Mend, Mistake
from comb_compiler.cel.tree import Call, Expr, Select, dotted
from comb_compiler.graph.conditions.types import Type, shown
from comb_compiler.spec.suggest import closest

__all__ = ["FUNCTIONS", "METHODS", "bracketed", "unknown_function", "without_size"]

FUNCTIONS = frozenset(("bool", "bytes", "double", "duration", "dyn", "has", "int", "matches", "size", "string",
                       "timestamp", "type", "uint"))  # fmt: skip
METHODS = frozenset(("all", "contains", "endsWith", "exists", "exists_one", "filter", "map", "matches", "size",
                     "startsWith", "getDate", "getDayOfMonth", "getDayOfWeek", "getDayOfYear", "getFullYear",
                     "getHours", "getMilliseconds", "getMinutes", "getMonth", "getSeconds"))  # fmt: skip

_RENAMED = {"len": "size", "length": "size", "count": "size", "startswith": "startsWith", "starts_with": "startsWith",
            "hasPrefix": "startsWith", "endswith": "endsWith", "ends_with": "endsWith", "hasSuffix": "endsWith",
            "includes": "contains", "any": "exists", "some": "exists", "every": "all", "str": "string",
            "float": "double", "existsOne": "exists_one", "match": "matches", "search": "matches", "test": "matches",
            "toString": "string", "parseInt": "int", "Number": "double"}  # fmt: skip
_REWRITTEN = {
    ("not", 0, 1): "!({0})",
    ("exists", 0, 1): "has({0})",
    ("defined", 0, 1): "has({0})",
    ("isset", 0, 1): "has({0})",
    ("empty", 0, 1): "size({0}) == 0",
    ("isEmpty", 0, 1): "size({0}) == 0",
    ("is_null", 0, 1): "{0} == null",
    ("isNull", 0, 1): "{0} == null",
    ("startsWith", 0, 2): "{0}.startsWith({1})",
    ("endsWith", 0, 2): "{0}.endsWith({1})",
    ("contains", 0, 2): "{0}.contains({1})",
    ("isEmpty", 1, 1): "size({0}) == 0",
    ("is_empty", 1, 1): "size({0}) == 0",
    ("empty", 1, 1): "size({0}) == 0",
    ("equals", 1, 2): "{0} == {1}",
    ("eq", 1, 2): "{0} == {1}",
    ("__contains__", 1, 2): "{0}.contains({1})",
    ("toString", 1, 1): "string({0})",
}
"""By name, whether it is a method, and how many it takes (what it is called on counted in): what to write."""
_FOLDED = "match a pattern that does not mind: `text.matches('(?i)^jpe?g$')`"
_ELSEWHERE = "compute it in an operator, and test its answer here"
_HINTS = {
    **dict.fromkeys(("lower", "upper", "toLowerCase", "toUpperCase", "lowerAscii", "upperAscii", "casefold"), _FOLDED),
    **dict.fromkeys(("any", "all", "some", "every", "exists"), "ask the items: `list.exists(item, …)`"),
    **dict.fromkeys(("indexOf", "find", "index"), "ask whether it is there: `text.contains('a')`"),
    **dict.fromkeys(("now", "today", "time"), "a condition knows no clock: let the request carry the time"),
    **dict.fromkeys(("trim", "strip", "split", "replace", "substring", "substr", "slice", "join"), _ELSEWHERE),
    **dict.fromkeys(("abs", "min", "max", "sum", "round", "floor", "ceil", "random", "hash", "sorted"), _ELSEWHERE),
    **dict.fromkeys(("isinstance", "is_a"), "a field has the type that the .proto says; of others ask `type(x)`"),
}  # fmt: skip
_MOST_SHOWN = 12
_OPENING = ("&&", "||", "(", "[", "{", "?", ":", ",")
_CLOSING = ("&&", "||", ")", "]", "}", "?", ":", ",")


class _Way(NamedTuple):
    """What there is instead: a call in the place of the whole, a name in the place of the name, or advice alone."""

    whole: str = ""
    name: str = ""
    hint: str = ""


def unknown_function(call: Call, text: str) -> Mistake | None:
    """A function or a method that CEL does not have; None for one that it has."""
    known = FUNCTIONS if call.target is None else METHODS
    if call.function in known or not call.function[:1].isalpha() or call.function == "in":
        return None
    if call.target is not None and dotted(call.target) is not None and call.function in FUNCTIONS:
        return None  # the checker knows more of it
    way = _way(call, text, known)
    message = f"CEL has no {'function' if call.target is None else 'method'} `{call.function}`"
    if way.whole:
        return _written(call, message, bracketed(call, way.whole, text))
    mend = Mend(f"write `{way.name}`", *call.at, way.name) if way.name else None
    return Mistake(message, *call.at, way.hint, mend)


def _way(call: Call, text: str, known: frozenset[str]) -> _Way:
    is_method = call.target is not None
    parts = (*((call.target,) if call.target is not None else ()), *call.args)
    template = _REWRITTEN.get((call.function, int(is_method), len(parts)))
    if template is not None and _fits(template, parts[0]):
        return _Way(whole=template.format(*(text[part.start : part.end] for part in parts)))
    field = _asked_field(call, text)
    if field:
        return _Way(whole=field)
    match = _RENAMED.get(call.function, "")
    if match not in known and call.function in _HINTS:
        return _Way(hint=_HINTS[call.function])
    match = match if match in known else closest(call.function, known) or ""
    shown = ", ".join(f"`{one}`" for one in sorted(known)[:_MOST_SHOWN])
    return _Way(name=match, hint=f"did you mean `{match}`?" if match else f"there are {shown}")


def _fits(template: str, part: Expr) -> bool:
    return isinstance(part, Select) or not template.startswith("has(")


def _asked_field(call: Call, text: str) -> str:
    """`request.HasField('frame')`, `request.has_frame()` and `request.hasFrame()` as CEL asks it."""
    if call.target is None or not call.function.lower().startswith("has") or len(call.args) > 1:
        return ""
    owner = text[call.target.start : call.target.end]
    if call.args and call.function.lower().replace("_", "") not in ("has", "hasfield"):
        return ""
    if call.args:
        name = text[call.args[0].start : call.args[0].end].strip("\"'")
        return f"has({owner}.{name})" if name.isidentifier() else ""
    name = call.function[len("has") :].lstrip("_")
    return f"has({owner}.{name[0].lower()}{name[1:]})" if name.isidentifier() else ""


def without_size(call: Call, kind: Type, text: str) -> Mistake:
    """`size` of what holds nothing that could be counted."""
    (part,) = call.args if call.target is None else (call.target,)
    value = text[part.start : part.end]
    message = f"`size` counts what a text, a list or a map holds, and this is {shown(kind)}"
    if kind.is_number:
        return Mistake(
            message, part.start, part.end, f"write `{value}`", Mend(f"write `{value}`", *_place(call), value)
        )
    hint = "compare it as it is"
    if kind.kind == "message":
        hint = (
            f"write `has({value})` to ask whether it is set" if isinstance(part, Select) else f"write `{value} != null`"
        )
    return Mistake(message, *_place(part), hint)


def bracketed(expr: Expr, whole: str, text: str) -> str:
    """What is written in the place of `expr`, in brackets where an operator beside it would take a part of it."""
    before, after = text[: expr.start].rstrip(), text[expr.end :].lstrip()
    is_alone = not before or before.endswith(_OPENING)
    ends = not after or after.startswith(_CLOSING)
    return whole if " " not in whole or (is_alone and ends) else f"({whole})"


def _written(call: Call, message: str, whole: str) -> Mistake:
    return Mistake(message, *call.at, f"write `{whole}`", Mend(f"write `{whole}`", *_place(call), whole))


def _place(expr: Expr) -> tuple[int, int]:
    return expr.start, expr.end
