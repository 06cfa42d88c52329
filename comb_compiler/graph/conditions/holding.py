"""Operands that hold others: items of lists and maps, fields of messages, the two ways of a choice."""

from collections.abc import Iterator

from comb_compiler.cel import Mend, Mistake
from comb_compiler.cel.tree import Call, Expr, Literal, Name, Select
from comb_compiler.graph.conditions.fitting import differ
from comb_compiler.graph.conditions.functions import bracketed
from comb_compiler.graph.conditions.rewriting import rewritten
from comb_compiler.graph.conditions.types import INT, NULL, Scope, Type, shown

__all__ = ["item", "presence", "ways"]


def item(call: Call, text: str, kind: Type, of_index: Type, scope: Scope) -> Iterator[Mistake]:
    """`owner[index]` where the owner has no such item."""
    owner, index = (text[one.start : one.end] for one in call.args)
    at = call.args[1]
    if kind.kind == "list" and isinstance(at, Literal) and at.kind == "int" and index.startswith("-"):
        last = f"size({owner}) - {index.lstrip('- ')}"
        mend = Mend(f"write `{last}`", *_place(at), last)
        yield Mistake(f"a list has no item {index}: the first is 0", *_place(at), f"write `{owner}[{last}]`", mend)
    elif kind.kind in ("list", "map"):
        yield from _index(at, text, kind, of_index, scope)
    elif kind.kind == "message":
        name = index[1:-1] if isinstance(at, Literal) and at.kind == "string" else ""
        meant = f"{owner}.{name}" if name.isidentifier() else ""
        asked = Mend(f"write `{meant}`", *_place(call), meant) if meant else None
        hint = f"write `{meant}`" if meant else "name the field"
        yield Mistake(f"{shown(kind)} has fields, which follow a dot", *_place(at), hint, asked)
    elif kind.kind in ("string", "bytes"):
        hint = f"ask `{owner}.startsWith('a')`, or match a pattern: `{owner}.matches('^.b')`"
        yield Mistake(f"{shown(kind)} has no items", *_place(at), hint)


def _index(at: Expr, text: str, kind: Type, of_index: Type, scope: Scope) -> Iterator[Mistake]:
    """What an item is asked for by: a list's by its number, a map's by a key of its type."""
    wanted = kind.of[0] if kind.kind == "map" else INT
    if not differ(wanted, of_index):
        return
    is_converted = wanted.kind == "int" and of_index.is_number and not isinstance(at, Literal)
    meant = f"int({text[at.start : at.end]})" if is_converted else rewritten(at, wanted, scope)
    by = f"this map is asked by {shown(wanted)}" if kind.kind == "map" else "the items of a list have numbers, from 0"
    mend = Mend(f"write `{meant}`", *_place(at), meant) if meant else None
    hint = f"write `{meant}`" if meant else "take a value of that type"
    yield Mistake(f"{by}, and this is {shown(of_index)}", *_place(at), hint, mend)


def presence(call: Call, text: str) -> Iterator[Mistake]:
    """`has(…)` of what is no field."""
    (asked,) = call.args if len(call.args) == 1 else (None,)
    if asked is None or isinstance(asked, Select):
        return
    message = "`has` asks whether a field is set, and this is none"
    if isinstance(asked, Name):
        meant = f"{text[asked.start : asked.end]} != null"
        mend = Mend(f"write `{meant}`", *_place(call), bracketed(call, meant, text))
        yield Mistake(message, *_place(asked), f"write `{meant}`", mend)
    else:
        yield Mistake(message, *_place(asked), "name the field: `has(message.field)`")


def ways(call: Call, yes: Type, no: Type) -> Iterator[Mistake]:
    """`test ? yes : no` whose ways have different types."""
    if NULL not in (yes, no) and differ(yes, no):
        message = f"both ways of `?` have one type, and these are {shown(yes)} and {shown(no)}"
        yield Mistake(message, *_place(call.args[2]), "take values of one type")


def _place(expr: Expr) -> tuple[int, int]:
    return expr.start, expr.end
