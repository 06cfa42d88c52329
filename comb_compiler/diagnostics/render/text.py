"""Diagnostics for people: what is wrong, the lines that show it, what to do about it.

error[COMB1004] duplicate-key: the key `detect` is given twice in one mapping
  --> combs/ocr/comb.yaml:14:3 in operators
   |
11 |   detect: {run: operators.text:Detect}
   |   ------ first given here
...
14 |   detect: {run: operators.text:Find}
   |   ^^^^^^ given again here
   |
   = help: keep one of the two: other tools silently keep the last
"""

from collections.abc import Iterable, Mapping

from comb_compiler.diagnostics.model import Diagnostic, in_reading_order
from comb_compiler.diagnostics.render._page import Page
from comb_compiler.diagnostics.render._paint import Style, painter
from comb_compiler.diagnostics.render._summary import summary

__all__ = ["render", "summary"]


def render(
    diagnostics: Iterable[Diagnostic], texts: Mapping[str, str], *, color: bool = False, width: int | None = None
) -> str:
    """All diagnostics in reading order, then the summary; the empty text when there are none.

    `texts` holds the files' texts; a file that is not among them has no excerpt. `width` is the terminal's, if there is
    one: hints are then wrapped to it. Control characters of the files and of the messages are shown, never passed on.
    Never raises, wherever the spans point.
    """
    found = in_reading_order(diagnostics)
    if not found:
        return ""
    page = Page(texts, color, width)
    more = painter(color)(Style.FAINT, f"more about a finding: `comb explain {found[0].code.id}`")
    return "\n".join([*map(page.block, found), f"{summary(found, color=color)}\n{more}\n"])
