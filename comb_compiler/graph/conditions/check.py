"""Conditions against the messages that they ask about."""

from collections.abc import Mapping

from comb_compiler.cel import Mistake
from comb_compiler.cel.tokens import TYPES
from comb_compiler.cel.tree import Name, walk
from comb_compiler.graph.conditions.library import Asked, ask_library
from comb_compiler.graph.conditions.reading import Parsed
from comb_compiler.graph.conditions.resolving import find_mistakes
from comb_compiler.graph.conditions.types import Scope
from comb_compiler.source.memo import NOTHING_KEPT, Memo

__all__ = ["check_conditions"]


def check_conditions(
    conditions: Mapping[str, Parsed], scope: Scope, descriptors: bytes, memo: Memo = NOTHING_KEPT
) -> dict[str, tuple[Mistake, ...]]:
    """By name, what is wrong with each condition; those that are right are left out.

    `descriptors` is the serialised FileDescriptorSet that `scope.schema` was read from. Each text is checked once, and
    the official library is asked about all of them together.
    """
    texts = {parsed.text: parsed for parsed in conditions.values()}
    found = {text: mistakes for text, parsed in texts.items() if (mistakes := find_mistakes(parsed, scope))}
    every = tuple(texts.values())
    told = ask_library(Asked(every, frozenset(found), _named(every, scope), descriptors), memo)
    for text, mistakes in told.items():
        found[text] = _in_order((*found.get(text, ()), *mistakes))
    return {name: found[parsed.text] for name, parsed in conditions.items() if parsed.text in found}


def _in_order(mistakes: tuple[Mistake, ...]) -> tuple[Mistake, ...]:
    return tuple(sorted(mistakes, key=lambda mistake: (mistake.start, mistake.end)))


def _named(conditions: tuple[Parsed, ...], scope: Scope) -> dict[str, str]:
    """The variables that occur, with their messages: what the checker says depends on no other.

    To the checker a Struct is a map and a ListValue a list, and neither is ever null, as the answer of a step may be:
    of these it is told nothing.
    """
    names = {one.name.lstrip(".") for parsed in conditions for one in walk(parsed.root) if isinstance(one, Name)}
    known = {name: scope.variables[name] for name in sorted(names - TYPES) if name in scope.variables}
    return {name: "" if scope.message(of).kind in ("map", "list") else of for name, of in known.items()}
