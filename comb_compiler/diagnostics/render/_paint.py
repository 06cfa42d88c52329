"""Colours, by meaning."""

from collections.abc import Callable
from enum import Enum

from comb_compiler.diagnostics.codes import Severity

__all__ = ["Paint", "Style", "painter"]


class Style(Enum):
    """The sixteen colours only: every terminal has them, and its owner has chosen how they look."""

    PLAIN = ""
    STRONG = "1"
    FAINT = "2"
    FRAME = "1;94"
    """The gutter, and what is related to the main place."""
    ERROR = "1;91"
    WARNING = "1;93"
    INFO = "1;96"
    REMOVED = "91"
    ADDED = "92"

    @classmethod
    def of(cls, severity: Severity) -> "Style":
        """The colour of a severity's name and carets."""
        return {Severity.ERROR: cls.ERROR, Severity.WARNING: cls.WARNING, Severity.INFO: cls.INFO}[severity]


Paint = Callable[[Style, str], str]
"""Gives a text its style, or leaves it as it is."""


def painter(color: bool) -> Paint:
    """ANSI when `color`, else nothing at all."""
    return _ansi if color else _plain


def _ansi(style: Style, text: str) -> str:
    return f"\x1b[{style.value}m{text}\x1b[0m" if text and style.value else text


def _plain(style: Style, text: str) -> str:
    return text
