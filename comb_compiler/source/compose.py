"""libyaml's events → documents, under limits, with a place for everything.

PyYAML's own composer and constructors are not used: they recurse without bound, expand aliases without bound, keep the
last of two equal keys and read scalars by YAML 1.1.
"""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import yaml

from comb_compiler.diagnostics import Diagnostic, Span, codes
from comb_compiler.diagnostics.bounds import MOST, too_many
from comb_compiler.diagnostics.model import diagnose
from comb_compiler.source.characters import refuse_characters
from comb_compiler.source.limits import DEFAULT_LIMITS, Limits
from comb_compiler.source.nodes import Document, Entry, Mapping, Mark, Node, Scalar, Sequence, aliased
from comb_compiler.source.objections import (
    ambiguous_scalar,
    complex_key,
    duplicate_key,
    merge_key,
    undefined_alias,
    unsupported_tag,
    wrong_tag,
)
from comb_compiler.source.scalars import CORE_TAGS, construct, resolve
from comb_compiler.source.strictness import Spread, find_deviations
from comb_compiler.source.text import SourceFile

__all__ = ["Parsed", "parse"]

_PROPERTIES = re.compile(r"(?:(?:!<[^>]*+>|[&!][^\s,\[\]{}]*+)(?:\s|(?<=\s)#[^\r\n]*+)*+)++")
"""An anchor and a tag, and what stands between them and the value."""
_MOST_SEARCHED = 5
"""Undefined aliases for which the whole text is searched for the anchor."""
_LINE_BREAK = re.compile(r"\r\n|\n|\r")


class Parsed(NamedTuple):
    """What could be read, and what was wrong. After an error of syntax nothing is: what came before may be misread."""

    documents: tuple[Document, ...]
    diagnostics: tuple[Diagnostic, ...]


def parse(source: SourceFile, limits: Limits = DEFAULT_LIMITS) -> Parsed:
    """Read every document of a file. Never raises; nothing is built beyond the limits."""
    refused = refuse_characters(source)
    if refused:
        return Parsed((), tuple(refused))
    composer = _Composer(source, limits)
    documents: list[Document] = []
    try:
        documents.extend(composer.documents())
    except yaml.MarkedYAMLError as problem:
        from comb_compiler.source.syntax import explain_syntax_error

        return Parsed((), (*composer.diagnostics, explain_syntax_error(source, problem)))
    except _LimitReached as reached:
        composer.diagnostics.append(reached.diagnostic)
    else:
        deviations = find_deviations(source, composer.spread)
        if deviations:
            return Parsed((), (*composer.diagnostics, *deviations))
    return Parsed(tuple(documents), tuple(composer.diagnostics))


class _Place:
    """A mark of our own."""

    __slots__ = ("column", "index", "line")

    def __init__(self, index: int, line: int, column: int) -> None:
        self.index = index
        self.line = line
        self.column = column


class _LimitReached(Exception):
    """Unwinds the composer; never leaves this module."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        self.diagnostic = diagnostic


class _Composer:
    """One pass over the events of one file. Recursion is bounded by `limits.depth`."""

    def __init__(self, source: SourceFile, limits: Limits) -> None:
        self.diagnostics: list[Diagnostic] = []
        self.spread: list[Spread] = []
        self._file = source.path
        self._text = source.text
        self._limits = limits
        self._events: Iterator[Any] = yaml.parse(source.text, Loader=yaml.CLoader)
        self._anchors: dict[str, Node | None] = {}  # None while the value is being read
        self._typed_keys: list[Scalar] = []
        self._has_nulls = False
        self._nodes = 0
        self._expanded = 0

    def documents(self) -> Iterator[Document]:
        for event in self._events:
            if type(event) is yaml.DocumentStartEvent:
                self._anchors, self._typed_keys, self._has_nulls = {}, [], False
                root = self._node(next(self._events), 1)
                assert root is not None
                yield Document(self._file, root, tuple(self._typed_keys), self._has_nulls)

    def _node(self, event: Any, depth: int) -> Node | None:
        """The node that begins with `event`; None where `event` ends a collection."""
        kind = type(event)
        anchor = None if kind is yaml.AliasEvent else getattr(event, "anchor", None)
        if anchor is not None:
            self._anchors[anchor] = None
        if kind is yaml.ScalarEvent:
            node: Node = self._scalar(event)
        elif kind is yaml.MappingStartEvent:
            node = self._mapping(event, self._deeper(event, depth))
        elif kind is yaml.SequenceStartEvent:
            node = self._sequence(event, self._deeper(event, depth))
        elif kind is yaml.AliasEvent:
            return self._alias(event)
        else:
            return None
        self._count(event, 1)
        if anchor is not None and self._anchors[anchor] is None:
            self._anchors[anchor] = node
        return node

    def _scalar(self, event: Any) -> Scalar:
        text = event.value
        plain = event.style is None or event.style == ""
        if event.style in ("'", '"'):
            self._note_spread(event.start_mark, event.end_mark)
        start = self._start(event)
        if event.tag is not None and event.tag != "!":
            found = len(self.diagnostics)
            value = self._tagged(event)
            start = event.start_mark if len(self.diagnostics) > found else start
        elif plain and event.tag is None:
            resolved = resolve(text)
            value = resolved.value
            if resolved.elsewhere:
                at = Scalar(self._file, start, event.end_mark, None, "", True).span
                self.diagnostics.append(ambiguous_scalar(text, resolved, at))
        else:
            value = text
        return Scalar(self._file, start, self._end(event), value, text, plain)

    def _tagged(self, event: Any) -> Any:
        if event.tag not in CORE_TAGS or event.tag.endswith((":map", ":seq")):
            self.diagnostics.append(unsupported_tag(event.tag, self._span(event)))
            return event.value
        value, right = construct(event.tag, event.value)
        if not right:
            self.diagnostics.append(wrong_tag(event.tag, event.value, self._span(event)))
        return value

    def _sequence(self, event: Any, depth: int) -> Sequence:
        self._check_collection_tag(event, "seq")
        items: list[Node] = []
        while True:
            following = next(self._events)
            item = self._node(following, depth)
            if item is None:
                end = following.end_mark if event.flow_style else _end_of(items, event)
                if event.flow_style:
                    self._note_spread(event.start_mark, end)
                return Sequence(self._file, self._start(event), end, tuple(items), bool(event.flow_style))
            items.append(item)
            self._has_nulls = self._has_nulls or item.data is None

    def _mapping(self, event: Any, depth: int) -> Mapping:
        self._check_collection_tag(event, "map")
        entries: dict[str, Entry] = {}
        last: list[Node] = []
        while True:
            following = next(self._events)
            key = self._node(following, depth)
            if key is None:
                end = following.end_mark if event.flow_style else _end_of(last, event)
                if event.flow_style:
                    self._note_spread(event.start_mark, end)
                return Mapping(self._file, self._start(event), end, entries, bool(event.flow_style))
            value = self._node(next(self._events), depth)
            assert value is not None
            last = [key, value]
            usable = self._as_key(key)
            if usable is not None:
                self._enter(entries, usable, value)

    def _enter(self, entries: dict[str, Entry], key: Scalar, value: Node) -> None:
        earlier = entries.get(key.text)
        if earlier is not None:
            self.diagnostics.append(duplicate_key(key, earlier.key))
            return
        entries[key.text] = Entry(key, value)
        self._has_nulls = self._has_nulls or value.data is None
        if not isinstance(key.data, str):
            self._typed_keys.append(key)

    def _as_key(self, key: Node) -> Scalar | None:
        if not isinstance(key, Scalar):
            self.diagnostics.append(complex_key(key))
            return None
        if key.plain and key.text == "<<":
            self.diagnostics.append(merge_key(key))
            return None
        return key

    def _alias(self, event: Any) -> Node:
        at = self._span(event)
        node = self._anchors.get(event.anchor)
        if node is None:
            later = self._text if len(self.diagnostics) < _MOST_SEARCHED else ""
            self.diagnostics.append(undefined_alias(event.anchor, at, self._anchors, later))
            self._count(event, 1)
            text = f"*{event.anchor}"
            return Scalar(self._file, event.start_mark, event.end_mark, text, text, True)
        self._count(event, node.weight)
        return aliased(node, at)

    def _count(self, event: Any, weight: int) -> None:
        if len(self.diagnostics) > MOST:
            raise _LimitReached(too_many(self._span(event)))
        self._nodes += 1
        self._expanded += weight
        if self._nodes > self._limits.nodes:
            message = f"the file holds more than {self._limits.nodes:,} values"
            raise _LimitReached(self._limit(codes.TOO_MANY_NODES, event, message, "split it into several combs"))
        if self._expanded > self._limits.expanded:
            message = f"aliases expand this file to more than {self._limits.expanded:,} values"
            raise _LimitReached(self._limit(codes.ALIAS_BOMB, event, message, "write the values out, or use fewer"))

    def _deeper(self, event: Any, depth: int) -> int:
        if depth > self._limits.depth:
            message = f"values are nested more than {self._limits.depth} levels deep"
            raise _LimitReached(self._limit(codes.TOO_DEEP, event, message, "look for brackets that never close"))
        return depth + 1

    def _limit(self, code: codes.Code, event: Any, message: str, hint: str) -> Diagnostic:
        return diagnose(code, message, self._span(event), label="the limit is reached here", hints=(hint,))

    def _check_collection_tag(self, event: Any, name: str) -> None:
        if event.tag is not None and event.tag not in ("!", f"tag:yaml.org,2002:{name}"):
            self.diagnostics.append(unsupported_tag(event.tag, self._span(event)))

    def _note_spread(self, start: Mark, end: Mark) -> None:
        """A quoted text or brackets over several lines: how they are indented is looked at in the end."""
        if start.line != end.line:
            self.spread.append((start, end))

    def _start(self, event: Any) -> Mark:
        """Where the value itself begins: behind its anchor and its tag, which libyaml counts in."""
        mark = self._inside(event.start_mark)
        if event.anchor is None and event.tag is None:
            return mark
        properties = _PROPERTIES.match(self._text, mark.index, event.end_mark.index)
        return self._behind(mark, properties.end()) if properties else mark

    def _end(self, event: Any) -> Mark:
        """Where a scalar ends: a block of text with its last line, not at the next token, as libyaml says."""
        mark = self._inside(event.end_mark)
        if event.style not in ("|", ">"):
            return mark
        start: Mark = event.start_mark
        return self._behind(start, start.index + len(self._text[start.index : mark.index].rstrip()))

    def _inside(self, mark: Mark) -> Mark:
        """`mark`, or the end of the text: where the last line has no end, libyaml counts on to a line after it."""
        length = len(self._text)
        if mark.index < length or mark.column or self._text.endswith(("\n", "\r")) or not length:
            return mark
        start = max(self._text.rfind("\n"), self._text.rfind("\r")) + 1
        return _Place(length, mark.line - 1, length - start)

    def _behind(self, mark: Mark, index: int) -> Mark:
        """The mark at `index`, counted on from one before it."""
        lines = _LINE_BREAK.split(self._text[mark.index : index])
        column = len(lines[-1]) + (mark.column if len(lines) == 1 else 0)
        return _Place(index, mark.line + len(lines) - 1, column)

    def _span(self, event: Any) -> Span:
        marker = Scalar(self._file, event.start_mark, event.end_mark, None, "", True)
        return marker.span


def _end_of(nodes: list[Node], event: Any) -> Any:
    """Where a block collection ends: with its last child, not at the next token, which is where libyaml says."""
    return nodes[-1].end if nodes else event.end_mark
