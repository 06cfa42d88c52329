"""What strays into a value from other notations: typographic quotes, commas at the end, variables of a shell."""

import re

from comb_compiler.source import Scalar
from comb_compiler.source.scalars import resolve
from comb_compiler.spec.respelling import NOTHING, Mend, spelled, written

__all__ = ["stray"]

_VARIABLE = re.compile(r"\$\{?[A-Za-z_][A-Za-z0-9_.]*\}?|%[A-Za-z_]+%|<[a-z][-a-z ]*>")
_TYPOGRAPHIC = re.compile(r"[“”„«\u2018’\u201a](?P<text>.*)[”“»’\u2018]")


def stray(node: Scalar) -> Mend:
    """What to do about a text that is not what its field takes, whichever that is."""
    text = node.text
    if not node.plain or not isinstance(node.data, str):
        return NOTHING
    if _VARIABLE.fullmatch(text):
        return None, (f"nothing fills in `{text}`: what differs belongs into `environments`, or an arm's `set`",)
    quoted = _TYPOGRAPHIC.fullmatch(text)
    if quoted is not None:
        return _mended(node, quoted["text"], f"`{text[0]}` and `{text[-1]}` are no quotes to YAML: write straight ones")
    if text[-1:] in (",", ";") and text[:-1].strip():
        return _mended(node, text[:-1].rstrip(), f"in YAML no `{text[-1]}` ends a line: leave it out")
    if text[-1:] in ("'", '"') and text.count(text[-1]) == 1 and text[:-1]:
        return _mended(node, text[:-1], f"the `{text[-1]}` at its end closes nothing: leave it out")
    return NOTHING


def _mended(node: Scalar, text: str, hint: str) -> Mend:
    is_text = isinstance(resolve(text).value, str)
    return written(node, text) if is_text else spelled(node, text, text, safe=False), (hint,)
