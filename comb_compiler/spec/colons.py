"""Calls whose ports are given by a colon, `read(frame: x)`, as other languages do: YAML takes it for a key's.

What is said of it is where YAML stumbles; here is what was meant. The rest is read as if `=` stood there.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import islice

from comb_compiler.diagnostics import Applicability, Diagnostic, Edit, Fix, Span, codes
from comb_compiler.diagnostics.bounds import MOST
from comb_compiler.diagnostics.lines import Lines
from comb_compiler.diagnostics.model import diagnose
from comb_compiler.source import SourceFile

__all__ = ["with_equals"]

_ENTRY = re.compile(r"\b(?P<key>[a-z_]\w*): +(?P<call>[a-z][-\w]*\([^()\n\"'#]*\))")
_PORT = re.compile(r"\b(?P<port>[A-Za-z_]\w*)(?P<colon>\s*:\s+)(?P<source>[$\w.]+)")
_NO_CALLS = ("description", "when")
_MOST_PORTS = 100


def with_equals(source: SourceFile, said: Sequence[Diagnostic]) -> tuple[SourceFile, list[Diagnostic]]:
    """The file with such calls as they were meant, at the same places; as it is, where `said` is of something else."""
    first = next((one.primary.span.start.line for one in said if one.primary is not None), 0)
    lines = Lines(source.text)
    found: list[Diagnostic] = []
    colons: list[int] = []
    is_cause = False
    for entry, ports in islice(_calls(source.text), MOST):
        line = lines.position(entry.start("call")).line
        before = source.text[lines.bounds(line)[0] : entry.start()]
        if entry["key"] in _NO_CALLS or set(before) & set("#\"'"):
            continue
        found.append(_finding(source.path, lines, entry["key"], ports))
        is_cause = is_cause or line == first
        colons += (source.text.index(":", *port.span("colon")) for port in ports)
    if not is_cause:
        return source, []
    characters = list(source.text)
    for at in colons:
        characters[at] = "="
    return source._replace(text="".join(characters)), found


def _calls(text: str) -> Iterator[tuple[re.Match[str], list[re.Match[str]]]]:
    """What looks like a call with colons, and those of its ports."""
    for entry in _ENTRY.finditer(text):
        ports = list(islice(_PORT.finditer(text, *entry.span("call")), _MOST_PORTS))
        if ports:
            yield entry, ports


def _finding(path: str, lines: Lines, step: str, ports: Sequence[re.Match[str]]) -> Diagnostic:
    def span(start: int, end: int) -> Span:
        return Span(path, lines.position(start), lines.position(end))

    first = ports[0]
    given = f"`{first['port']}={first['source']}`"
    edits = tuple(Edit(span(*port.span("colon")), "=") for port in ports)
    return diagnose(
        codes.BAD_CALL,
        f"a `:` gives nothing to the port `{first['port']}`",
        span(first.start(), first.end()),
        path=f"graph.{step}" if step != "call" else "graph",
        hints=(f"write {given}",),
        fix=Fix(f"write {given}" + (" …" if ports[1:] else ""), edits, Applicability.UNSAFE),
    )
