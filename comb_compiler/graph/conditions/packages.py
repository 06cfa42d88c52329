"""Packages that no condition can name, since they begin with a word that CEL keeps for itself."""

import re
from collections.abc import Iterable

from comb_compiler.cel import Mend, Mistake
from comb_compiler.cel.tokens import KEYWORDS, RESERVED
from comb_compiler.graph.conditions.reading import is_qualified
from comb_compiler.protos import Schema

__all__ = ["unnameable_package"]

_PATH = r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+"
_WORDS = RESERVED | KEYWORDS.keys()


def unnameable_package(text: str, errors: Iterable[Mistake], schema: Schema) -> Mistake | None:
    """What is said where one of `errors` is about the first word of a name that the schema has: of a value of an enum
    its number, which is the only way to write it.
    """
    for error in errors:
        found = re.compile(_PATH).match(text, error.start)
        if found is None or text[error.start : error.end] not in _WORDS or not is_qualified(found[0], schema):
            continue
        word, path = text[error.start : error.end], found[0]
        owner, _, name = path.rpartition(".")
        message = f"`{path}` begins with `{word}`, a word of CEL, so that no condition can name what its package has"
        enum = schema.enums.get(owner)
        number = next((one.number for one in enum.values if one.name == name), None) if enum is not None else None
        if number is None:
            return Mistake(message, error.start, found.end(), "give the package another name")
        hint = f"write the value's number, {number}, or give the package another name"
        return Mistake(message, error.start, found.end(), hint, Mend(f"write `{number}`", *found.span(), str(number)))
    return None
