"""Where output goes: results to stdout, everything about the run to stderr, colour only on a terminal."""

import os
import sys
from typing import TextIO

__all__ = ["Console"]

_NAMES_A_FILE = ("--- ", "+++ ")
_UNICODE = frozenset(("utf8", "utf16", "utf32"))


class Console:
    """The two streams of a run, and what they can show."""

    def __init__(self, out: TextIO | None = None, err: TextIO | None = None) -> None:
        self._out = out if out is not None else sys.stdout
        self._err = err if err is not None else sys.stderr
        self._has_progress = False

    @property
    def colour(self) -> bool:
        """Whether results may be coloured (https://no-color.org, and `FORCE_COLOR` for logs that show colour)."""
        if os.environ.get("NO_COLOR"):
            return False
        if os.environ.get("FORCE_COLOR"):
            return True
        return self._out.isatty() and os.environ.get("TERM") != "dumb"

    @property
    def is_terminal(self) -> bool:
        """Whether results are read where they are written, in lines of `width`."""
        return self._out.isatty()

    @property
    def width(self) -> int:
        """Columns of the terminal; 100 where there is none."""
        try:
            return max(60, min(os.get_terminal_size(self._out.fileno()).columns, 160))
        except (OSError, ValueError):
            return 100

    @property
    def unicode(self) -> bool:
        """Whether results may have other characters than ASCII."""
        return (self._out.encoding or "utf-8").lower().replace("-", "") in _UNICODE

    @property
    def interactive(self) -> bool:
        """Whether progress is worth showing: to who looks on, where a line can be replaced."""
        return self._err.isatty() and os.environ.get("TERM") != "dumb"

    def result(self, text: str) -> None:
        """What the command was asked for."""
        if text:
            self._end_progress()
            self._write(self._out, text)

    def line(self, text: str, indent: int | None = None) -> None:
        """A line of results; on a terminal that is too narrow for it several, none of which breaks a word.

        Those after the first begin `indent` columns in, by default two more than the first.
        """
        if not self.is_terminal:
            self.result(text)
            return
        from comb_compiler.cli.wrapping import filled

        blank = " " * (len(text) - len(text.lstrip()) + 2 if indent is None else indent)
        self.result("\n".join(filled(text, self.width, others=blank)))

    def patch(self, text: str) -> None:
        """A patch: as it is for `git apply`, made printable and coloured for a terminal, where tabs are told."""
        if not self._out.isatty():
            self.result(text)
            return
        from comb_compiler.diagnostics.render.printable import printable, telling_tabs

        colours = {"+": "\x1b[32m", "-": "\x1b[31m", "@": "\x1b[36m"} if self.colour else {}
        lines = text.split("\n")[:-1]
        if any("\t" in line for line in lines if not line.startswith(_NAMES_A_FILE)):
            self.result("tabs are shown as →; in a file the patch has them as they are")
        for line in lines:
            shown = printable(line if line.startswith(_NAMES_A_FILE) else telling_tabs(line))
            self.result(f"{colours[line[0]]}{shown}\x1b[0m" if line[:1] in colours else shown)

    def note(self, text: str) -> None:
        """Something about the run; nothing where there is nothing to say."""
        if text:
            self._end_progress()
            self._write(self._err, text)

    def progress(self, text: str) -> None:
        """One line that the next one replaces, so it is cut to the terminal; nothing where nobody looks."""
        if self.interactive:
            self._err.write(f"\r\x1b[K{_cut(text, _columns(self._err))}")
            self._err.flush()
            self._has_progress = bool(text)

    def _end_progress(self) -> None:
        """What follows has its line for itself, also where a run ends while it shows how far it is."""
        if self._has_progress:
            self.progress("")

    @staticmethod
    def _write(stream: TextIO, text: str) -> None:
        line = text if text.endswith("\n") else text + "\n"
        encoding = stream.encoding or "utf-8"
        if encoding.lower().replace("-", "") not in _UNICODE:
            line = line.encode(encoding, "replace").decode(encoding)
        stream.write(line)
        stream.flush()


def _columns(terminal: TextIO) -> int | None:
    """How wide it is, where it can say so."""
    try:
        return os.get_terminal_size(terminal.fileno()).columns or None
    except (OSError, ValueError):
        return None


def _cut(text: str, columns: int | None) -> str:
    """A text for one line, of which the end stays: it says how far something is."""
    if columns is None or len(text) < columns:
        return text
    end = columns // 2 - 1
    return f"{text[:end]}…{text[-end:]}"
