"""What stays the same about a finding while other lines come and go.

A fingerprint holds the code, the file, the place in the data, and the text at the place; no line number and no wording,
so that neither an unrelated edit nor a better message makes an old finding look new.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Mapping, Sequence

from comb_compiler.diagnostics.lines import Lines
from comb_compiler.diagnostics.model import Diagnostic

__all__ = ["fingerprints"]

_INDEX = re.compile(r"\[\d+\]|\.\d+(?=\.|$)")
"""The number of an item, which changes when another is put before it."""

_LONGEST = 1000
"""Code points of the text at a place that count: enough to tell places apart, little enough to hash at once."""


def fingerprints(diagnostics: Sequence[Diagnostic], texts: Mapping[str, str]) -> list[str]:
    """One for each, in the same order; equal ones are told apart by counting them in that order, so all differ."""
    lines = {file: Lines(texts[file]) for file in sorted(set(map(_file, diagnostics)) & texts.keys())}
    seen: Counter[tuple[str, ...]] = Counter()
    found = []
    for diagnostic in diagnostics:
        identity = _identity(diagnostic, lines)
        found.append(_digest((*identity, str(seen[identity]))))
        seen[identity] += 1
    return found


def _identity(diagnostic: Diagnostic, lines: Mapping[str, Lines]) -> tuple[str, ...]:
    file = _file(diagnostic)
    known = lines.get(file)
    path = _INDEX.sub("[]", diagnostic.path)
    if diagnostic.primary is None or known is None:
        return (diagnostic.code.id, file, path, diagnostic.message)
    span = diagnostic.primary.span
    start, end = known.nearest(span.start), known.nearest(span.end)
    line = known[start.line]
    pointed = line[start.column - 1 : end.column - 1 if end.line == start.line else None]
    return (diagnostic.code.id, file, path, pointed[:_LONGEST], line.strip()[:_LONGEST])


def _file(diagnostic: Diagnostic) -> str:
    return diagnostic.primary.span.file if diagnostic.primary else ""


def _digest(parts: Sequence[str]) -> str:
    """Lengths keep parts apart; a lone surrogate of a file's name has no UTF-8, and needs none here."""
    content = b"".join(b"%d:%s" % (len(part), part.encode("utf-8", "surrogatepass")) for part in parts)
    return hashlib.sha256(content).hexdigest()
