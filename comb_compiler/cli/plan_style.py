"""How a plan's tables are coloured and wrapped."""

from typing import NamedTuple

from comb_compiler.cli.wrapping import filled
from comb_compiler.diagnostics.render.printable import printable

__all__ = ["Style"]


class Style(NamedTuple):
    """Columns that there are, and whether colours may be used."""

    width: int
    colour: bool

    def filled(self, text: str, first: str, others: str | None = None) -> list[str]:
        """Text as lines that begin with `first` and then with `others`; no lines for no text."""
        return filled(printable(text), self.width, first, first if others is None else others)

    def cut(self, name: str, width: int) -> str:
        """A name, filled up or cut to `width`: of one that is too long the end tells most."""
        return name.ljust(width) if len(name) <= width else "…" + name[len(name) - width + 1 :]

    def bold(self, text: str) -> str:
        return self._painted(text, "1")

    def dim(self, text: str) -> str:
        return self._painted(text, "2")

    def good(self, text: str) -> str:
        return self._painted(text, "32")

    def fair(self, text: str) -> str:
        return self._painted(text, "33")

    def bad(self, text: str) -> str:
        return self._painted(text, "1;31")

    def free(self, text: str) -> str:
        return self._painted(text, "36")

    def _painted(self, text: str, colour: str) -> str:
        return f"\x1b[{colour}m{text}\x1b[0m" if self.colour and text else text
