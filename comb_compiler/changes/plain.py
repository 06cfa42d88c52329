"""Any text → Markdown in which nothing of it is read as Markdown, as HTML, as an address or as a mention."""

import re

from comb_compiler.diagnostics.render.printable import printable

__all__ = ["code", "plain"]

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>()#+!|~@&$])")
_LINKED = re.compile(r"(?<=:)(?=//)|(?<=www)(?=\.)|(?<=&#64;)|(?<=&#3[35];)", re.IGNORECASE)
"""Where forges go on reading after all entities are resolved: addresses, mentions, numbers of issues and of changes."""
_NOTHING = "&#8203;"
"""A character without width."""


def plain(text: str) -> str:
    """The text in one line; what is invisible, or turns the direction of writing, by its name."""
    line = printable(re.sub(r"[\r\n\v\f\x85\u2028\u2029]+", " ", text))
    escaped = _SPECIAL.sub(lambda found: f"&#{ord(found[0])};", line)
    return _LINKED.sub(_NOTHING, escaped)


def code(text: str) -> str:
    """The text in one line, in letters of one width."""
    return f"<code>{plain(text.strip('`'))}</code>"
