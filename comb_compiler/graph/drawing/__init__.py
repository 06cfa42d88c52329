"""OperatorGraph → pictures: text for a terminal, SVG, Mermaid, dot, and JSON for programs.

What is drawn is one `Picture`; text and SVG share one layered layout, so that they show the same. Pure: the same graph
gives the same bytes.
"""

from comb_compiler.graph.drawing.dot import draw_dot
from comb_compiler.graph.drawing.jsonform import draw_json
from comb_compiler.graph.drawing.mermaid import draw_mermaid
from comb_compiler.graph.drawing.model import Arrow, Box, Kind, Picture, TimedPath
from comb_compiler.graph.drawing.picture import read_picture
from comb_compiler.graph.drawing.svg import draw_svg
from comb_compiler.graph.drawing.terminal import Terminal, draw_text

__all__ = [
    "Arrow",
    "Box",
    "Kind",
    "Picture",
    "Terminal",
    "TimedPath",
    "draw_dot",
    "draw_json",
    "draw_mermaid",
    "draw_svg",
    "draw_text",
    "read_picture",
]
