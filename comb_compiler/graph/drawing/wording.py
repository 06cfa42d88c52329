"""The words in boxes, on arrows and below the drawing, the same in every form."""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from enum import Enum
from typing import NamedTuple

from comb_compiler.diagnostics.render.printable import printable, width as cells
from comb_compiler.graph.drawing.model import Arrow, Box, Kind, TimedPath
from comb_compiler.spec.units import format_duration

__all__ = [
    "CRITICAL",
    "CYCLIC",
    "MOST",
    "Line",
    "Role",
    "arrow_label",
    "box_lines",
    "conditions",
    "short",
    "summary",
]

CRITICAL = "●"
CYCLIC = "↻"
MOST = 40
"""Cells of a line in a box, where nothing else is asked for."""
_MOST_WORDS = 12


class Role(Enum):
    """What a line of a box says."""

    NAME = "name"
    OPERATOR = "operator"
    MODEL = "model"
    NOTE = "note"


class Line(NamedTuple):
    """A line of a box; `right` stands at its right end."""

    text: str
    role: Role
    right: str = ""


def box_lines(box: Box, most: int = MOST) -> tuple[Line, ...]:
    """All that a box says; the first line is its name. Safe to print, each in one line, the others cut at `most`."""
    if box.kind is not Kind.STEP:
        return _words(box)
    mark = CRITICAL if box.is_critical else CYCLIC if box.is_cyclic else ""
    name = f"{mark} {box.name}" if mark else box.name
    lines = [Line(name, Role.NAME, format_duration(box.timeout) if box.timeout else "")]
    lines.append(Line(box.operator, Role.OPERATOR))
    if box.model:
        lines.append(Line(box.model, Role.MODEL))
    if box.when:
        lines.append(Line(_condition(box), Role.NOTE))
    if notes := _notes(box):
        lines.append(Line(", ".join(notes), Role.NOTE))
    name_line, *rest = (line._replace(text=one_line(line.text)) for line in lines)
    return (name_line, *(line._replace(text=_cut(line.text, most, line.role)) for line in rest))


def _condition(box: Box) -> str:
    """When a step runs, as its box says it."""
    return one_line(f"when {box.when}") if box.when else ""


def _words(box: Box) -> tuple[Line, ...]:
    if box.kind is Kind.UNKNOWN:
        return Line(one_line(box.name), Role.NAME), Line("no step that can be read", Role.NOTE)
    type_line = (Line(short(box.type), Role.OPERATOR),) if box.type else ()
    return (Line(box.kind.value, Role.NAME), *type_line)


def _notes(box: Box) -> Iterable[str]:
    words = {"optional": box.is_optional, "unused": box.is_unused, "takes its own answer": box.is_own_source}
    return [word for word, holds in words.items() if holds]


def one_line(text: str) -> str:
    """`text` safe to print, in one line."""
    return printable(" ".join(text.split()))


def conditions(boxes: Iterable[Box], most: int = MOST) -> Iterator[str]:
    """In full, the conditions that boxes whose lines are cut at `most` do not show whole."""
    for box in boxes:
        if box.when and cells(_condition(box)) > most:
            yield f"{one_line(box.name)}: {_condition(box)}"


def _cut(text: str, most: int, role: Role) -> str:
    """The text, or its beginning; of a model its version is kept as well."""
    end = text[text.rfind("@") :] if role is Role.MODEL and "@" in text else ""
    text = text.removesuffix(end)
    while text and cells(text) > most - cells(end):
        text = text.removesuffix("…")[:-1].rstrip()
        text += "…" if text else ""
    return text + end


def short(type_name: str) -> str:
    """A message's name without its package."""
    return type_name.rpartition(".")[2]


def arrow_label(arrows: Iterable[Arrow], *, types: bool, always: bool = False) -> str:
    """What is said where arrows from one box reach another: the ports, where they are not as what is given to them.

    `always`: also then. `types`: with the message that each takes.
    """
    labels = [label for arrow in arrows if (label := _label(arrow, types=types, always=always))]
    return ", ".join(dict.fromkeys(labels))


def _label(arrow: Arrow, *, types: bool, always: bool) -> str:
    if arrow.is_condition:
        return "when"
    given = ".".join(arrow.fields) or arrow.source.lstrip("$")
    port = arrow.port if always or given != arrow.port else ""
    if port and arrow.fields and given != port:
        port = f"{port}=.{given}"
    type_name = short(arrow.type) if types else ""
    return f"{port}: {type_name}" if port and type_name else port or type_name


def summary(path: TimedPath | None) -> tuple[str, ...]:
    """The critical path and its sum, held against the deadline."""
    if path is None:
        return ("no critical path: the graph has a cycle",)
    if not path.steps:
        return ("no critical path: no step has a timeout",) if path.unbounded else ()
    lines = [f"critical path: {_shown(path)} = {format_duration(path.bound)}{_against(path)}"]
    if path.unbounded:
        names = _shortened(list(path.unbounded), "and {} more")
        lines.append(f"without a timeout, and not in the sum: {', '.join(names)}")
    if not path.exact:
        lines.append("too many conditions to tell which exclude each other: all were taken to hold")
    return tuple(lines)


def _shown(path: TimedPath) -> str:
    steps = [f"{name} {format_duration(one)}" if one else name for name, one in path.steps.items()]
    return " → ".join(_shortened(steps, "{} more", last=4))


def _shortened(words: list[str], more: str, last: int = 0) -> list[str]:
    """Not more words than a person reads: the first, how many more there are, and the last."""
    if len(words) <= _MOST_WORDS:
        return words
    first = _MOST_WORDS - 1 - last
    return [*words[:first], more.format(len(words) - first - last), *words[len(words) - last :]]


def _against(path: TimedPath) -> str:
    if path.deadline is None:
        return "; there is no deadline"
    rest = path.deadline - path.bound
    if rest < timedelta(0):
        return f", {format_duration(-rest)} more than the deadline, {format_duration(path.deadline)}"
    to_spare = f"{format_duration(rest)} to spare" if rest else "nothing to spare"
    return f" of the deadline, {format_duration(path.deadline)}: {to_spare}"
