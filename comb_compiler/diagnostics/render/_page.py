"""One diagnostic → its block of text."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from comb_compiler.diagnostics.lines import Lines
from comb_compiler.diagnostics.model import Diagnostic, Label, Span
from comb_compiler.diagnostics.render._excerpt import Row, excerpt
from comb_compiler.diagnostics.render._extent import Labelled
from comb_compiler.diagnostics.render._paint import Style, painter
from comb_compiler.diagnostics.render._prose import clipped, paragraph
from comb_compiler.diagnostics.render._suggestion import suggestion
from comb_compiler.diagnostics.render._summary import how_to_apply
from comb_compiler.diagnostics.secrets import masked

__all__ = ["Page"]

_WIDTH = 160
"""Where source lines are cut when nobody says how wide the terminal is."""
_GUTTER = 8
"""Cells of it that are left to line numbers."""


class _Section(NamedTuple):
    """What is shown of one file: the line that names the place, then its rows."""

    place: str
    rows: Sequence[Row] = ()


class Page:
    """Lays out diagnostics about the same texts, for `width` cells."""

    def __init__(self, texts: Mapping[str, str], color: bool, width: int | None) -> None:
        self._texts = texts
        self._lines: dict[str, Lines] = {}
        self._paint = painter(color)
        self._width = width
        self._room = (width or _WIDTH) - _GUTTER

    def block(self, diagnostic: Diagnostic) -> str:
        """One diagnostic, ending in a line break."""
        sections = list(self._sections(diagnostic))
        change = self._change(diagnostic)
        rows = [row for section in (*sections, change) for row in section.rows]
        gutter = max((len(row.number) for row in rows if row.number.isdigit()), default=1)
        lines = [self._headline(diagnostic), *self._placed(sections, gutter)]
        if sections and sections[-1].rows and (diagnostic.hints or diagnostic.fix):
            lines.append(self._bar(gutter))
        lines += [self._note("help", hint, gutter) for hint in diagnostic.hints]
        if diagnostic.fix:
            lines.append(self._note("fix", f"{diagnostic.fix.title} ({how_to_apply(diagnostic.fix)})", gutter))
            lines += self._placed([change] if change.rows else [], gutter)
        return "".join(f"{line.rstrip()}\n" for line in lines)

    def _headline(self, diagnostic: Diagnostic) -> str:
        kind = f"{diagnostic.severity.value}[{diagnostic.code.id}]"
        before = len(f"{kind} {diagnostic.code.name}: ")
        said = f"{diagnostic.code.name}: {paragraph(diagnostic.message, 2, self._width, before)}"
        return f"{self._paint(Style.of(diagnostic.severity), kind)} {self._paint(Style.STRONG, said)}"

    def _sections(self, diagnostic: Diagnostic) -> Iterator[_Section]:
        """The primary label's file first; the labels of one file share an excerpt."""
        primary = [Labelled(diagnostic.primary, True)] if diagnostic.primary else []
        files: dict[str, list[Labelled]] = {}
        for item in (*primary, *(Labelled(label, False) for label in diagnostic.related)):
            files.setdefault(item.label.span.file, []).append(item)
        for file, group in files.items():
            lines = self._lines_of(file)
            if lines is None:
                yield from (_Section(self._place(item, diagnostic.path, said=True)) for item in group)
            else:
                pointing = [item for item in group if not _names_the_file(item.label)]
                rows = excerpt(lines, pointing, Style.of(diagnostic.severity), self._room, self._paint)
                yield _Section(self._place(group[0], diagnostic.path), rows)

    def _place(self, item: Labelled, path: str, *, said: bool = False) -> str:
        """`--> file:line:column in path`, with the label's text where no excerpt says it."""
        where = _in_one_line(_where(item.label.span, _names_the_file(item.label)))
        within = self._paint(Style.FAINT, f" in {_in_one_line(path)}") if item.primary and path else ""
        text = f": {paragraph(item.label.text, 6, None)}" if said and item.label.text else ""
        return f"{self._paint(Style.FRAME, '-->' if item.primary else ':::')} {where}{within}{text}"

    def _change(self, diagnostic: Diagnostic) -> _Section:
        """The lines that the fix changes; their file is named where it is not the one that was shown."""
        fix = diagnostic.fix
        if fix is None or not fix.edits:
            return _Section("")
        file = fix.edits[0].span.file
        is_shown = diagnostic.primary is not None and diagnostic.primary.span.file == file
        place = "" if is_shown else f"{self._paint(Style.FRAME, ':::')} {_in_one_line(file)}"
        return _Section(place, suggestion(fix, self._lines_of, self._room, self._paint))

    def _placed(self, sections: Sequence[_Section], gutter: int) -> Iterator[str]:
        above: Sequence[Row] = ()
        for section in sections:
            if above:
                yield self._bar(gutter)
            if section.place:
                yield " " * gutter + section.place
            yield from self._framed(section.rows, gutter)
            above = section.rows

    def _framed(self, rows: Sequence[Row], gutter: int) -> Iterator[str]:
        if rows:
            yield self._bar(gutter)
        for row in rows:
            if row.sign:
                sign = self._paint(Style.FRAME, row.sign) if row.sign == "|" else row.sign
                yield f"{self._paint(Style.FRAME, row.number.rjust(gutter))} {sign} {row.body}"
            else:
                yield f"{self._paint(Style.FRAME, row.number.ljust(gutter + 3))}{row.body}"

    def _bar(self, gutter: int) -> str:
        return " " * gutter + self._paint(Style.FRAME, " |")

    def _note(self, kind: str, text: str, gutter: int) -> str:
        head = f"{' ' * gutter} {self._paint(Style.FRAME, '=')} {self._paint(Style.STRONG, kind)}: "
        return head + paragraph(text, gutter + len(f" = {kind}: "), self._width)

    def _lines_of(self, file: str) -> Lines | None:
        if file not in self._lines and file in self._texts:
            self._lines[file] = Lines(masked(self._texts[file]))
        return self._lines.get(file)


def _names_the_file(label: Label) -> bool:
    """Whether it is about the file and no place in it: see `Span.whole_file`."""
    return not label.text and label.span == Span.whole_file(label.span.file)


def _in_one_line(name: str) -> str:
    """A file or a key, which anyone may have named: a line break in it must not look like one of ours."""
    return clipped(name.replace("\r\n", "\n").replace("\n", "\u240a"))


def _where(span: Span, whole: bool) -> str:
    return span.file if whole else f"{span.file}:{span.start.line}:{span.start.column}"
