"""Which files need no closer look: nearly all of them, told in some microseconds per kilobyte."""

import re
from collections.abc import Iterable
from functools import cache

from comb_compiler.source.nodes import Mark

__all__ = ["CONTINUATION", "Spread", "seems_ordinary"]

Spread = tuple[Mark, Mark]
"""The start and the end of a quoted scalar or flow collection that ends on a later line than it begins."""

CONTINUATION = re.compile(r"(?:\r\n|\r|\n)( *+)(?=[^ \r\n])")
"""A line break, and the indentation of the line after it, if there is more on that line than spaces."""


def seems_ordinary(text: str, spread: Iterable[Spread]) -> bool:
    """True where the rules can find nothing, False nearly only where they find something."""
    return not (text.startswith("%") or _ends_in_blanks(text) or _is_suspicious(text) or _lean_left(text, spread))


_SUSPICIOUS = {
    "#": r"""#(?<=["'\]}\[{,:]#)""",  # a comment without a space
    "-": r"-[,\[\]{}]",  # a lone dash in brackets
    "?": r"\?(?<=[\s\[{,]\?)\S",  # `[?text]`
    ":": r":(?<=[\s\[{,]:)[^\s,\[\]{}]",  # `{&a :text}`
    "&": r"&(?<![^\s\[{,]&)[\w-]++[?:%@`]",  # a name with more in it than libyaml takes
    "*": r"\*(?<![^\s\[{,]\*)[\w-]++[?:%@`]",
    "\n": r"\n(?:%| *+[|>][-+0-9]*(?:\s|\Z))",  # a late directive, a block of text with its header on a line alone
    "\r": r"\r(?:%| *+[|>][-+0-9]*(?:\s|\Z))",
    "|": r"\|(?:[-+0-9]*#|[-+]*[ \t]*+(?:#[^\r\n]{,100}+)?[\r\n]\s*+#)",  # a block of text that begins with `#`
    ">": r">(?:[-+0-9]*#|[-+]*[ \t]*+(?:#[^\r\n]{,100}+)?[\r\n]\s*+#)",
    "!": r"!<!>",
}
"""By the sign that it begins with, what may be wrong: so `re` skips from one sign to the next."""


def _is_suspicious(text: str) -> bool:
    return any(sign in text and _pattern(sign).search(text) is not None for sign in _SUSPICIOUS)


@cache
def _pattern(sign: str) -> re.Pattern[str]:
    """Compiled when a file has the sign: few have them all."""
    return re.compile(_SUSPICIOUS[sign])


def _ends_in_blanks(text: str) -> bool:
    """Whether the last line holds only blanks, and at least one."""
    return text.endswith((" ", "\t")) and text.rstrip(" \t").endswith(("\n", "\r"))


_OPENING = re.compile(r"(?: |[-?:](?=[ \t]))*")


def _lean_left(text: str, spread: Iterable[Spread]) -> bool:
    """Whether a line within one of the values may be indented too little. Of nested brackets only the outer count."""
    done = 0
    for start, end in sorted(spread, key=_begin):
        brackets = text[start.index] in "[{"
        if not (brackets and start.index < done) and _leans_left(text, start, end, "]}" if brackets else ""):
            return True
        done = max(done, end.index)
    return False


def _begin(spread: Spread) -> int:
    return spread[0].index


def _leans_left(text: str, start: Mark, end: Mark, closing: str) -> bool:
    """The collection that holds the value stands no further right than the first text on the value's first line."""
    line = start.index - start.column
    opening = _OPENING.match(text, line)
    held_at = opening.end() - line if opening else 0
    lines = CONTINUATION.finditer(text, start.index, end.index)
    return any(len(found[1]) < held_at + (text[found.end()] not in closing) for found in lines)
