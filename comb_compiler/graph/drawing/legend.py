"""What stands below a drawing in a terminal: the critical path with its sum, and what marks mean."""

import textwrap
from collections.abc import Sequence

from comb_compiler.graph.drawing.canvas import Paint
from comb_compiler.graph.drawing.model import Kind, Picture
from comb_compiler.graph.drawing.wording import CRITICAL, CYCLIC, summary

__all__ = ["legend"]


def legend(picture: Picture, width: int, hidden: Sequence[str] = (), *, colour: bool) -> list[str]:
    """Lines of at most `width` cells; with `hidden`, what boxes do not show whole."""
    lines = [
        line
        for text in summary(picture.path)
        for line in textwrap.wrap(text, width, subsequent_indent="  ", break_on_hyphens=False)
    ]
    if colour and picture.path is not None and picture.path.steps:
        lines = [f"\x1b[{Paint.MARKED.value}m{line}\x1b[0m" for line in lines]
    lines += _packed([text for text, holds in _marks(picture) if holds], width)
    for text in hidden:
        lines += textwrap.wrap(text, width, subsequent_indent="  ", break_on_hyphens=False)
    return lines


def _packed(marks: list[str], width: int) -> list[str]:
    """Marks side by side, in as many lines as they need; one that is longer than a line is broken."""
    lines: list[str] = []
    for mark in marks:
        if lines and len(lines[-1]) + 3 + len(mark) <= width:
            lines[-1] += f"   {mark}"
        else:
            lines += textwrap.wrap(mark, width)
    return lines


def _marks(picture: Picture) -> list[tuple[str, bool]]:
    boxes = picture.boxes.values()
    may_miss = any(box.may_be_missing for box in boxes) or any(arrow.is_condition for arrow in picture.arrows)
    return [
        (f"{CRITICAL} on the critical path", any(box.is_critical for box in boxes)),
        (f"{CYCLIC} waits for itself", any(box.is_cyclic for box in boxes)),
        ("┄ may be missing", may_miss),
        ("unused: the answer does not rest on it", any(box.is_unused for box in boxes if box.kind is Kind.STEP)),
    ]
