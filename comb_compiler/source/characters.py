"""Characters that YAML does not allow, that readers of YAML do not agree on, or that hide what is written."""

import re

from comb_compiler.diagnostics import Applicability, Diagnostic, Edit, Fix, Span, codes
from comb_compiler.diagnostics.lines import Lines
from comb_compiler.diagnostics.model import diagnose
from comb_compiler.source.text import SourceFile

__all__ = ["refuse_characters"]

_REFUSED = "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff\ufffe\uffff]"
_USUAL = b"\t\n\r" + bytes(range(0x20, 0x7F))
"""What nearly every file is made of alone, which is told in no time."""
_LINE_BREAKS = {"\u0085": "next line", "\u2028": "line separator", "\u2029": "paragraph separator"}
_MISLEADING = {
    **dict.fromkeys("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069", "shows text in another order"),
    "\ufeff": "belongs to the beginning of a file, and is seen nowhere else",
}
"""Characters that YAML allows, and that make a reviewer see something else than what a program reads."""
_MOST_EDITS = 200


def refuse_characters(source: SourceFile) -> list[Diagnostic]:
    """The first character that YAML forbids, or that YAML 1.1 readers take for the end of a line; else nothing."""
    if source.text.isascii() and not source.text.encode().translate(None, _USUAL):
        return []
    found = re.search(_REFUSED, source.text)
    if found is None:
        return []
    character = found.group()
    lines = Lines(source.text)
    span = _span(source, lines, found)
    number = f"U+{ord(character):04X}"
    escape = f"\\u{ord(character):04x}" if ord(character) > 0xFF else f"\\x{ord(character):02x}"
    hint = f'delete it, or write "{escape}" in double quotes where it is meant'
    if character in _LINE_BREAKS:
        message = f"the {_LINE_BREAKS[character]} {number} ends a line in YAML 1.1, and does not in YAML 1.2"
        fix = _replace(source, lines, character, "put a space in its place", " ")
        return [diagnose(codes.UNICODE_LINE_BREAK, message, span, hints=(hint,), fix=fix)]
    why = _MISLEADING.get(character, "is not allowed in YAML")
    message = f"the control character {number} {why}"
    fix = _replace(source, lines, character, "delete it, everywhere", "")
    return [diagnose(codes.CONTROL_CHARACTER, message, span, hints=(hint,), fix=fix)]


def _replace(source: SourceFile, lines: Lines, character: str, title: str, text: str) -> Fix | None:
    if source.text.count(character) > _MOST_EDITS:
        return None
    edits = (Edit(_span(source, lines, found), text) for found in re.finditer(re.escape(character), source.text))
    return Fix(title, tuple(edits), Applicability.UNSAFE)


def _span(source: SourceFile, lines: Lines, found: re.Match[str]) -> Span:
    return Span(source.path, lines.position(found.start()), lines.position(found.end()))
