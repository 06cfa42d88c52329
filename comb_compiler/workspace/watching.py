"""A checkout that remembers what it was asked and what it said: all that a result may rest on, whatever it is."""

import hashlib
from collections.abc import Mapping
from io import FileIO

from comb_compiler.source.sourceset import Unavailable
from comb_compiler.workspace.checkout import Checkout, Found

__all__ = ["Answers", "Watching"]

Answers = Mapping[str, str]
"""By question, `read PATH`, `find PATH`, `names PATH` or `folders PATH`: the answer, as a digest or in its words."""


class Watching(Checkout):
    """Another checkout's files. `asked` are the answers since it was made."""

    def __init__(self, behind: Checkout) -> None:
        super().__init__(behind.root)
        self._behind = behind
        self.asked: dict[str, str] = {}
        self.is_whole = True
        """Whether all that was looked at is in `asked`: of a file that is read in pieces nobody knows the content."""

    def read(self, relative: str) -> bytes | Unavailable:
        """The content of a regular file."""
        content = self._behind.read(relative)
        self.asked[f"read {relative}"] = _said(content)
        return content

    def find(self, relative: str) -> Found | Unavailable:
        """Where a path leads."""
        found = self._behind.find(relative)
        self.asked[f"find {relative}"] = _said(found)
        return found

    def names(self, relative: str) -> tuple[str, ...]:
        """What a directory holds."""
        names = self._behind.names(relative)
        self.asked[f"names {relative}"] = _said(names)
        return names

    def folders(self, relative: str) -> int | Unavailable:
        """How many directories are right in a directory."""
        count = self._behind.folders(relative)
        self.asked[f"folders {relative}"] = _said(count)
        return count

    def open(self, relative: str) -> FileIO | Unavailable:
        """A regular file of any size."""
        self.is_whole = False
        return self._behind.open(relative)

    def says(self, answers: Answers, known: dict[str, str]) -> bool:
        """Whether every answer is the same now; `known` are those that were asked for in this run."""
        return all(self._now(question, known) == answer for question, answer in answers.items())

    def _now(self, question: str, known: dict[str, str]) -> str:
        if question not in known:
            verb, _, path = question.partition(" ")
            behind = self._behind
            ask = {"read": behind.read, "find": behind.find, "names": behind.names, "folders": behind.folders}[verb]
            known[question] = _said(ask(path))
        return known[question]


def _said(answer: bytes | int | Found | Unavailable | tuple[str, ...]) -> str:
    if isinstance(answer, int):
        return str(answer)
    if isinstance(answer, bytes):
        return hashlib.sha256(answer).hexdigest()
    if isinstance(answer, Unavailable):
        return " ".join((answer.code.id, *answer[1:]))
    if isinstance(answer, Found):
        return f"{answer.path} {answer.is_directory}"
    return hashlib.sha256("\0".join(answer).encode("utf-8", "surrogateescape")).hexdigest()
