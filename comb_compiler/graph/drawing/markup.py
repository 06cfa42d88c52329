"""Parts of an SVG: cells as coordinates, escaped text, and the style sheet."""

from comb_compiler.diagnostics.render.printable import encodable, width
from comb_compiler.graph.drawing.wording import one_line

__all__ = ["CELL", "STYLE", "escaped", "middle", "text_at"]

CELL = (8, 18)
"""The size of a cell: a letter of 13 pixels is 7.8 wide in all common monospace fonts."""

_SMALL = ("caption", "label")
_LIGHT = {"paper": "#ffffff", "ink": "#1f2937", "line": "#6b7280", "critical": "#b45309", "wrong": "#b91c1c"}
_DARK = {"paper": "#0d1117", "ink": "#e5e7eb", "line": "#9ca3af", "critical": "#f59e0b", "wrong": "#f87171"}


def _colours(of: dict[str, str]) -> str:
    return (
        f".paper,.box rect{{fill:{of['paper']}}} text{{fill:{of['ink']}}} .box rect,.wire{{stroke:{of['line']}}} "
        f".head,.joint{{fill:{of['line']}}} .label,.operator,.model,.note,.caption{{fill:{of['line']}}} "
        f".critical>rect,.wire.critical{{stroke:{of['critical']}}} "
        f".head.critical,.joint.critical{{fill:{of['critical']}}} "
        f".wrong>rect,.wire.wrong{{stroke:{of['wrong']}}} .head.wrong,.joint.wrong{{fill:{of['wrong']}}} "
        f".critical>.timeout{{fill:{of['critical']}}} "
    )


STYLE = (
    "text{font-family:ui-monospace,Menlo,Consolas,'DejaVu Sans Mono','Liberation Mono',monospace;font-size:13px;"
    "white-space:pre} .name,.heading{font-weight:bold} .label,.caption{font-size:12px} .timeout{text-anchor:end} "
    ".note{font-style:italic} .wire{fill:none;stroke-width:1.4} .box rect{stroke-width:1.4} .critical>rect,.wrong>rect,"
    ".wire.critical,.wire.wrong{stroke-width:2.6} "
    ".wire.dashed,.missing>rect{stroke-dasharray:5 4} .unused{opacity:.55} "
    + _colours(_LIGHT)
    + "@media (prefers-color-scheme:dark){"
    + _colours(_DARK)
    + "}"
)
"""Selectors by class only, and the dark colours last, so that a viewer without media queries shows the light ones."""


def middle(column: float, row: float) -> tuple[float, float]:
    """The middle of a cell."""
    return column * CELL[0] + CELL[0] // 2, row * CELL[1] + CELL[1] // 2


def text_at(column: float, row: float, text: str, name: str) -> str:
    """A text that begins in a cell; one of class `timeout` ends there."""
    shown = one_line(text)
    x, y = column * CELL[0], row * CELL[1] + CELL[1] // 2 + 4
    fitted = f' textLength="{width(shown) * CELL[0]}"' if not shown.isascii() and name not in _SMALL else ""
    return f'<text class="{name}" x="{x:g}" y="{y:g}"{fitted}>{escaped(shown)}</text>'


def escaped(text: str) -> str:
    """Text for XML, also for a value in quotes."""
    text = encodable(text)
    for sign, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;")):
        text = text.replace(sign, entity)
    return text
