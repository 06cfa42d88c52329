"""Cases that can be read: marked sources, what is said of the marks, and the text that must come out.

    # What the case shows.
    width: 80
    -- comb.yaml --
    ⟨1⟩detect⟨/1⟩: …
    -- diagnostics --
    COMB1004 the key `detect` is given twice
      at 1: given again here
      related 2: first given here
      path: operators
      help: keep one of the two
      fix safe: drop it
        1 -> text, in Python's notation
    -- out --
    the rendering, rewritten by `pytest --update`

`⟨1⟩…⟨/1⟩` marks a place; the marks themselves are taken out of the source. `␉` is a tab, `␍` a carriage return.
"""

import ast
import re
from pathlib import Path
from typing import NamedTuple

from comb_compiler.diagnostics import Applicability, Diagnostic, Edit, Fix, Label, Position, Span, find_code
from comb_compiler.diagnostics.lines import Lines
from comb_compiler.diagnostics.model import diagnose

__all__ = ["CASES", "Case", "load"]

CASES = sorted((Path(__file__).parent / "cases").glob("*.txt"))

_SECTION = re.compile(r"^-- (.+) --\n", re.MULTILINE)
_MARK = re.compile(r"⟨(/?)(\w+)⟩")
_VISIBLE = str.maketrans({"␉": "\t", "␍": "\r"})


class Case(NamedTuple):
    """What to render, at which width, and how it is to look."""

    head: str
    width: int | None
    texts: dict[str, str]
    diagnostics: list[Diagnostic]
    out: str


def load(path: Path) -> Case:
    """Read a case; `head` is all that stands before its `out`."""
    content = path.read_text(encoding="utf-8")
    head, _, out = content.partition("-- out --\n")
    preface, *sections = _SECTION.split(head)
    bodies = dict(zip(sections[::2], sections[1::2], strict=True))
    said = bodies.pop("diagnostics")
    width = re.search(r"^width: (\d+)$", preface, re.MULTILINE)
    texts: dict[str, str] = {}
    places: dict[str, Span] = {}
    for file, body in bodies.items():
        texts[file] = _unmarked(file, body.translate(_VISIBLE), places)
    hidden = {file.removesuffix(" (not given)") for file in texts if file.endswith(" (not given)")}
    shown = {file: text for file, text in texts.items() if not file.endswith(" (not given)")}
    places = {mark: span._replace(file=_bare(span.file, hidden)) for mark, span in places.items()}
    return Case(head, int(width[1]) if width else None, shown, _diagnostics(said, places), out)


def _bare(file: str, hidden: set[str]) -> str:
    bare = file.removesuffix(" (not given)")
    return bare if bare in hidden else file


def _unmarked(file: str, body: str, places: dict[str, Span]) -> str:
    """The text without its marks, whose places are put into `places`."""
    text = _MARK.sub("", body)
    lines = Lines(text)
    starts: dict[str, Position] = {}
    taken = 0
    for mark in _MARK.finditer(body):
        position = lines.position(mark.start() - taken)
        taken += len(mark.group())
        if mark[1]:
            places[mark[2]] = Span(file, starts[mark[2]], position)
        else:
            starts[mark[2]] = position
    return text


def _diagnostics(said: str, places: dict[str, Span]) -> list[Diagnostic]:
    blocks = re.split(r"^(?=COMB)", said, flags=re.MULTILINE)
    return [_diagnostic(block.rstrip("\n").split("\n"), places) for block in blocks if block.strip()]


def _diagnostic(lines: list[str], places: dict[str, Span]) -> Diagnostic:
    identifier, _, message = lines[0].partition(" ")
    code = find_code(identifier)
    assert code is not None, identifier
    found = diagnose(code, message, None)
    for line in lines[1:]:
        found = _with(found, line.strip(), places)
    return found


def _with(found: Diagnostic, line: str, places: dict[str, Span]) -> Diagnostic:
    if " -> " in line:
        mark, _, text = line.partition(" -> ")
        assert found.fix is not None
        edits = (*found.fix.edits, Edit(places[mark], ast.literal_eval(text)))
        return found._replace(fix=found.fix._replace(edits=edits))
    key, _, text = line.partition(":")
    word, _, rest = key.partition(" ")
    match word:
        case "at":
            return found._replace(primary=Label(_place(rest, places), text.strip()))
        case "related":
            return found._replace(related=(*found.related, Label(_place(rest, places), text.strip())))
        case "path":
            return found._replace(path=text.strip())
        case "help":
            return found._replace(hints=(*found.hints, text.strip()))
        case "fix":
            return found._replace(fix=Fix(text.strip(), (), Applicability(rest)))
    raise ValueError(line)


def _place(mark: str, places: dict[str, Span]) -> Span:
    """The marked place, or, for `whole FILE`, the file."""
    return Span.whole_file(mark.removeprefix("whole ")) if mark.startswith("whole ") else places[mark]
