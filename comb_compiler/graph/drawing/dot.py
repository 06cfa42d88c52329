"""`Picture` → dot, the language of Graphviz (https://graphviz.org/doc/info/lang.html)."""

from collections.abc import Iterator
from textwrap import wrap

from comb_compiler.graph.drawing.model import Arrow, Box, Kind, Picture
from comb_compiler.graph.drawing.wording import arrow_label, box_lines, one_line, summary

__all__ = ["draw_dot"]

_CAPTION = 100
_MARKED, _WRONG, _FAINT = "#b45309", "#b91c1c", "#6b7280"


def draw_dot(picture: Picture, *, types: bool = False) -> str:
    """Every box is a node of its own name, the request `$request`, the answer `return`; an edge for each arrow."""
    return "\n".join([f"digraph {_quoted(picture.title)} {{", *_statements(picture, types=types), "}", ""])


def _statements(picture: Picture, *, types: bool) -> Iterator[str]:
    caption = "\n".join((picture.title, *(line for text in summary(picture.path) for line in wrap(text, _CAPTION))))
    yield f"  graph [rankdir=TB, label={_label(caption)}, labelloc=b, fontname={_quoted('sans-serif')}];"
    yield f"  node [shape=box, fontname={_quoted('sans-serif')}];"
    yield f"  edge [fontname={_quoted('sans-serif')}, fontsize=11];"
    yield from (f"  {_quoted(box.name)} [{', '.join(_node(box))}];" for box in picture.boxes.values())
    for arrow in picture.arrows:
        attributes = ", ".join(_edge(arrow, picture, types=types))
        yield f"  {_quoted(arrow.source)} -> {_quoted(arrow.target)}{f' [{attributes}]' if attributes else ''};"


def _node(box: Box) -> Iterator[str]:
    lines = (f"{line.text} ({line.right})" if line.right else line.text for line in box_lines(box))
    yield f"label={_label(chr(10).join(lines))}"
    styles = ["rounded"] if box.kind in (Kind.REQUEST, Kind.ANSWER) else []
    styles += ["dashed"] if box.may_be_missing or box.kind is Kind.UNKNOWN else []
    if styles:
        yield f"style={_quoted(','.join(styles))}"
    if box.is_cyclic or box.kind is Kind.UNKNOWN:
        yield from (f"color={_quoted(_WRONG)}", "penwidth=2")
    elif box.is_critical:
        yield from (f"color={_quoted(_MARKED)}", "penwidth=2.5")
    elif box.is_unused:
        yield from (f"color={_quoted(_FAINT)}", f"fontcolor={_quoted(_FAINT)}")


def _edge(arrow: Arrow, picture: Picture, *, types: bool) -> Iterator[str]:
    text = arrow_label((arrow,), types=types)
    if text:
        yield f"label={_label(text)}"
    if arrow.is_condition or picture.boxes[arrow.source].may_be_missing:
        yield "style=dashed"
    if arrow.is_cyclic:
        yield from (f"color={_quoted(_WRONG)}", "penwidth=2")
    elif arrow.is_critical:
        yield from (f"color={_quoted(_MARKED)}", "penwidth=2.5")


def _quoted(text: str) -> str:
    """A quoted id: there a backslash stands for itself, and only `\\"` is an escape."""
    return '"' + one_line(text).replace("\\", "\\\\").replace('"', '\\"') + '"'


def _label(text: str) -> str:
    """A label, in which backslashes and entities of HTML have a meaning."""
    lines = (_quoted(line.replace("&", "&amp;"))[1:-1] for line in text.split("\n"))
    return '"' + "\\n".join(lines) + '"'
