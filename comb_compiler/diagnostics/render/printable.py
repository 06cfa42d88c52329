"""Any text → what a terminal may be given, and how many cells it takes there.

A comb.yaml may come from anyone. Control characters, escape sequences, and characters that are invisible or turn the
direction of writing are shown by name instead of being obeyed.
"""

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

__all__ = ["Shown", "encodable", "printable", "show", "telling_tabs", "width"]

_TAB = "    "
_NOT_PLAIN = re.compile(r"[^\x20-\x7e]")
_BY_NAME = frozenset(("Cc", "Cf", "Cs", "Zl", "Zp", "Zs"))
"""Controls, formats (zero-width, bidirectional), lone surrogates, separators: what looks like nothing or a blank."""
_NO_WIDTH = frozenset(("Mn", "Me"))
_HANGUL_VOWELS_AND_FINALS = range(0x1160, 0x1200)


class Shown(NamedTuple):
    """What stands for each code point of a text, and the cell where it begins; the last column is the end of all."""

    pieces: Sequence[str]
    columns: Sequence[int]

    @property
    def text(self) -> str:
        """All of it, as it is printed."""
        return "".join(self.pieces)


@lru_cache(maxsize=4096)
def _cell(character: str) -> tuple[str, int]:
    """What stands for one character, and its width; every tab is as wide as any other, wherever it stands."""
    number = ord(character)
    if character == "\t":
        return _TAB, len(_TAB)
    if number < 0x20 or number == 0x7F:
        return chr(0x2421 if number == 0x7F else 0x2400 + number), 1
    category = unicodedata.category(character)
    if category in _BY_NAME and character != " ":
        name = f"<U+{number:04X}>"
        return name, len(name)
    if category in _NO_WIDTH or number in _HANGUL_VOWELS_AND_FINALS:
        return character, 0
    return character, 2 if unicodedata.east_asian_width(character) in "WF" else 1


def show(text: str) -> Shown:
    """`text` with the column of each of its characters; a line break is shown by its picture like any control."""
    if not _NOT_PLAIN.search(text):
        return Shown(text, range(len(text) + 1))
    pieces: list[str] = []
    columns = [0]
    for character in text:
        piece, wide = _cell(character)
        pieces.append(piece)
        columns.append(columns[-1] + wide)
    return Shown(pieces, columns)


def printable(text: str) -> str:
    """`text` safe to print; its line feeds stay, all other controls are shown by a picture or a name."""
    if not _NOT_PLAIN.search(text):
        return text
    return "\n".join(show(line).text for line in text.replace("\r\n", "\n").split("\n"))


def telling_tabs(text: str) -> str:
    """`text` with an arrow where a tab begins, for where tabs and spaces must not look alike."""
    return text.replace("\t", "→" + _TAB[1:])


def encodable(text: str) -> str:
    """`text` with its lone surrogates replaced, which have no UTF-8 and make readers of JSON fail."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def width(text: str) -> int:
    """The cells that a printable text takes."""
    return show(text).columns[-1]
