"""How a scalar is spelled: without quotes where every reader takes that for the same text, else in double quotes."""

import re

from comb_compiler.source.formatting.tree import Text
from comb_compiler.source.scalars import resolve

__all__ = ["spell"]

_BEGINS_PLAIN = re.compile(r"[^\W_]|_|[/$(^]|\.[A-Za-z_/]")
_NUMBERISH = re.compile(r"[-+.]?[0-9][0-9a-fA-FxXoO_.:,+-]*\Z")
_WORDS = frozenset(("null", "true", "false", "yes", "no", "on", "off", "y", "n"))
_NEEDS_QUOTES = re.compile(r": | #|:\Z|\s\Z|\t|\ufeff")
_NEEDS_QUOTES_IN_BRACKETS = re.compile(r"[][{},:?]")
_BEHIND_BLANKS = re.compile(r"(?<!\\)[ \t]+\Z")


def spell(text: Text, *, in_brackets: bool, is_key: bool = False) -> str:
    """The scalar as it is written canonically; a plain one, one that is wrapped, and escapes stay as they are."""
    if not text.quote or text.is_wrapped:
        return text.source
    if "\\" in text.source and text.quote == '"':
        return text.source
    if _is_same_when_plain(text.value, in_brackets, is_key):
        return text.value
    if '"' in text.value or "\\" in text.value:
        return text.source
    return f'"{text.value}"'


def _is_same_when_plain(value: str, in_brackets: bool, is_key: bool) -> bool:
    """Whether YAML 1.2, YAML 1.1 and Go's readers all take the bare text for this text.

    What looks like a number or a version stays quoted even where only the letter of YAML 1.1 has it so (`1.4.0` is a
    float there), and so do a `:` in brackets, which older readers refuse, and one in a key, which is hard to read.
    """
    if not _BEGINS_PLAIN.match(value) or not value.isprintable() or _NEEDS_QUOTES.search(value):
        return False
    if (in_brackets and _NEEDS_QUOTES_IN_BRACKETS.search(value)) or (is_key and ":" in value):
        return False
    if _NUMBERISH.match(value) or value.lower() in _WORDS:
        return False
    resolved = resolve(value)
    return isinstance(resolved.value, str) and not resolved.elsewhere
