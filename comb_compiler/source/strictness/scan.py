"""What the rules of strictness look at: where a token of libyaml stands among the others."""

from typing import Any

import yaml

from comb_compiler.diagnostics import Diagnostic, Span
from comb_compiler.diagnostics.lines import Lines
from comb_compiler.source.text import SourceFile

__all__ = ["FLOW_ENDS", "FLOW_STARTS", "Scan", "is_block", "is_quoted"]


class Scan:
    """What is known where a token stands, from the tokens before it, and what was found up to there."""

    def __init__(self, source: SourceFile) -> None:
        self.text = source.text
        self.found: list[Diagnostic] = []
        self.depth = 0
        """How many brackets are open."""
        self.outermost: Any = None
        """The first of them."""
        self.left: list[int] = []
        """Where lines within them begin that are indented too little."""
        self.in_document = False
        self.previous: Any = None
        self.scalar: Any = None
        """The scalar that ended last."""
        self._columns: list[int] = [-1]
        self._file = source.path
        self._lines: Lines | None = None

    @property
    def held_at(self) -> int:
        """The column (from 0) of the innermost block collection, which all lines of its values must stand right of."""
        return self._columns[-1]

    def advance(self, token: Any) -> None:
        """Step past `token`."""
        kind = type(token)
        if kind in _BLOCK_STARTS:
            self._columns.append(token.start_mark.column)
        elif kind is yaml.BlockEndToken:
            self._columns.pop()
        elif kind in FLOW_STARTS:
            self.outermost = self.outermost if self.depth else token
            self.depth += 1
        elif kind in FLOW_ENDS:
            self.depth -= 1
        elif kind is yaml.ScalarToken:
            self.scalar = token
        self.in_document = kind is not yaml.DocumentEndToken and (self.in_document or kind not in _OUTSIDE)
        self.previous = token

    def span(self, start: int, end: int) -> Span:
        """A range of offsets as a place in the file."""
        self._lines = self._lines or Lines(self.text)
        return Span(self._file, self._lines.position(start), self._lines.position(end))


_BLOCK_STARTS = (yaml.BlockMappingStartToken, yaml.BlockSequenceStartToken)
FLOW_STARTS = (yaml.FlowMappingStartToken, yaml.FlowSequenceStartToken)
FLOW_ENDS = (yaml.FlowMappingEndToken, yaml.FlowSequenceEndToken)
_OUTSIDE = (yaml.StreamStartToken, yaml.DirectiveToken)


def is_block(token: Any) -> bool:
    """Whether it is a block of text, literal or folded."""
    return type(token) is yaml.ScalarToken and token.style in ("|", ">")


def is_quoted(token: Any) -> bool:
    """Whether it is a text in single or double quotes."""
    return type(token) is yaml.ScalarToken and token.style in ("'", '"')
