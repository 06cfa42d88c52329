"""libyaml's events → documents, under limits, with a place for everything.

PyYAML's own composer and constructors are not used: they recurse without bound, expand aliases without bound, keep the
last of two equal keys and read scalars by YAML 1.1.
"""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import yaml
from yaml import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
)

from comb_compiler.diagnostics import Diagnostic, codes
from comb_compiler.diagnostics.bounds import MOST, too_many
from comb_compiler.diagnostics.model import diagnose
from comb_compiler.source.characters import refuse_characters
from comb_compiler.source.limits import DEFAULT_LIMITS, Limits
from comb_compiler.source.marks import Marks
from comb_compiler.source.nodes import Document, Entry, Mapping, Mark, Node, Scalar, Sequence, aliased, between
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

_MOST_SEARCHED = 5
"""Undefined aliases for which the whole text is searched for the anchor."""


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


_entry = tuple.__new__
"""What `Entry(…)` comes to, without the call of a function in between."""


_bare = object.__new__
"""A `Scalar` of which nothing is set: a file has hundreds, and a call of `__init__` costs more than all of the rest."""


_MAPPING_END: Any = MappingEndEvent
_SEQUENCE_END: Any = SequenceEndEvent
"""Types whose events are no less than what `get_event` gives: their marks are always there."""


class _LimitReached(Exception):
    """Unwinds the composer; never leaves this module."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        self.diagnostic = diagnostic


class _Anchored(NamedTuple):
    """What an anchor names, and how many values that is with every alias written out."""

    node: Node
    weight: int


class _Composer:
    """One pass over the events of one file. Recursion is bounded by `limits.depth`.

    Every check of a comb comes through here for each of its values: what is asked for each is written where it is
    asked, and what is rare has functions of its own.
    """

    def __init__(self, source: SourceFile, limits: Limits) -> None:
        self.diagnostics: list[Diagnostic] = []
        self.spread: list[Spread] = []
        self._file = source.path
        self._text = source.text
        self._limits = limits
        self._marks = Marks(source.text)
        self._are_exact = self._marks.are_exact
        self._event: Callable[[], Any] = yaml.CLoader(source.text).get_event
        self._anchors: dict[str, _Anchored | None] = {}  # None while the value is being read
        self._typed_keys: list[Scalar] = []
        self._has_nulls = False
        self._nodes = 0
        self._repeated = 0
        """Values that are there by aliases alone."""
        self._most = limits.nodes
        """How many nodes there may be: fewer where aliases repeat some, none where too much is wrong."""

    def documents(self) -> Iterator[Document]:
        while (event := self._event()) is not None:
            if type(event) is DocumentStartEvent:
                self._anchors, self._typed_keys, self._has_nulls = {}, [], False
                root = self._node(self._event(), 1)
                yield Document(self._file, root, tuple(self._typed_keys), self._has_nulls)

    def _node(self, event: Any, depth: int) -> Node:
        """The node that begins with `event`."""
        kind = type(event)
        if kind is ScalarEvent:
            return self._scalar(event)
        if kind is AliasEvent:
            return self._alias(event)
        if depth > self._limits.depth:
            message = f"values are nested more than {self._limits.depth} levels deep"
            raise self._limit(codes.TOO_DEEP, event, message, "look for brackets that never close")
        anchor = event.anchor
        before = self._nodes + self._repeated
        if anchor is not None:
            self._anchors[anchor] = None
        node: Node = self._mapping(event, depth + 1) if kind is MappingStartEvent else self._sequence(event, depth + 1)
        self._nodes += 1
        if self._nodes > self._most:
            raise self._reached(event)
        if anchor is not None and self._anchors[anchor] is None:  # else the name was given again inside of the value
            self._anchors[anchor] = _Anchored(node, self._nodes + self._repeated - before)
        return node

    def _scalar(self, event: Any) -> Scalar:
        text, style, anchor = event.value, event.style, event.anchor
        if not self._are_exact or event.tag is not None or anchor is not None or style == "|" or style == ">":
            node = self._unusual(event)
        else:
            node = _bare(Scalar)
            node.file, node.source, node.alias, node.text = self._file, self._text, None, text
            node.start = start = event.start_mark
            node.end = end = event.end_mark
            if style:
                node.data, node.plain = text, False
                self._note_spread(start, end)
            else:
                node.plain = True
                node.data, elsewhere = resolve(text)
                if elsewhere:
                    self._say(ambiguous_scalar(text, resolve(text), node.span))
        self._nodes += 1
        if self._nodes > self._most:
            raise self._reached(event)
        if anchor is not None:
            self._anchors[anchor] = _Anchored(node, 1)
        return node

    def _unusual(self, event: Any) -> Scalar:
        """A scalar whose marks or whose value are not what libyaml says."""
        text, plain, tag = event.value, not event.style, event.tag
        start, end = self._marks.start(event), self._marks.end(event)
        value = text
        if event.style in ("'", '"'):
            self._note_spread(event.start_mark, event.end_mark)
        if tag is not None and tag != "!":
            found = len(self.diagnostics)
            value = self._tagged(event)
            start = event.start_mark if len(self.diagnostics) > found else start
        elif plain and tag is None:
            value, elsewhere = resolve(text)
            if elsewhere:
                at = between(self._file, start, event.end_mark)
                self._say(ambiguous_scalar(text, resolve(text), at))
        return Scalar(self._file, start, end, value, text, plain, self._text)

    def _tagged(self, event: Any) -> Any:
        span = between(self._file, event.start_mark, event.end_mark)
        if event.tag not in CORE_TAGS or event.tag.endswith((":map", ":seq")):
            self._say(unsupported_tag(event.tag, span))
            return event.value
        value, right = construct(event.tag, event.value)
        if not right:
            self._say(wrong_tag(event.tag, event.value, span))
        return value

    def _sequence(self, event: Any, depth: int) -> Sequence:
        self._check_collection_tag(event, "seq")
        items: list[Node] = []
        next_event = self._event
        while type(following := next_event()) is not _SEQUENCE_END:
            item = self._scalar(following) if type(following) is ScalarEvent else self._node(following, depth)
            items.append(item)
            if item.data is None:
                self._has_nulls = True
        flow = event.flow_style
        end = following.end_mark if flow else items[-1].end if items else event.end_mark
        if flow:
            self._note_spread(event.start_mark, end)
        return Sequence(self._file, self._start(event), end, tuple(items), flow)

    def _mapping(self, event: Any, depth: int) -> Mapping:
        self._check_collection_tag(event, "map")
        next_event, scalar = self._event, self._scalar
        entries: dict[str, Entry] = {}
        data: dict[str, Any] = {}
        value: Node | None = None
        while type(following := next_event()) is not _MAPPING_END:
            key = scalar(following) if type(following) is ScalarEvent else self._node(following, depth)
            second = next_event()
            value = scalar(second) if type(second) is ScalarEvent else self._node(second, depth)
            if type(key) is not Scalar or (text := key.text) in entries:
                self._say(_refused_key(key, entries))
                continue
            if text == "<<" and key.plain:  # it stays, as a key that is no field: what may be below it is not missing
                self._say(merge_key(key))
            entries[text] = _entry(Entry, (key, value))
            content = data[text] = value.data
            if content is None:
                self._has_nulls = True
            if type(key.data) is not str:
                self._typed_keys.append(key)
        flow = event.flow_style
        end = following.end_mark if flow else value.end if value is not None else event.end_mark
        if flow:
            self._note_spread(event.start_mark, end)
        return Mapping(self._file, self._start(event), end, entries, flow, data)

    def _start(self, event: Any) -> Mark:
        is_dressed = event.tag is not None or event.anchor is not None
        start: Mark = self._marks.start(event) if is_dressed or not self._are_exact else event.start_mark
        return start

    def _alias(self, event: Any) -> Node:
        at = between(self._file, event.start_mark, event.end_mark)
        named = self._anchors.get(event.anchor)
        self._nodes += 1
        if named is None:
            later = self._text if len(self.diagnostics) < _MOST_SEARCHED else ""
            self._say(undefined_alias(event.anchor, at, self._anchors, later))
            text = f"*{event.anchor}"
            node: Node = Scalar(self._file, event.start_mark, event.end_mark, text, text, True)
        else:
            self._repeated += named.weight - 1
            self._most = min(self._most, self._limits.expanded - self._repeated)
            node = aliased(named.node, at)
        if self._nodes > self._most:
            raise self._reached(event)
        return node

    def _say(self, finding: Diagnostic) -> None:
        self.diagnostics.append(finding)
        if len(self.diagnostics) > MOST:
            self._most = 0

    def _reached(self, event: Any) -> _LimitReached:
        """The limit on nodes that was reached."""
        if len(self.diagnostics) > MOST:
            return _LimitReached(too_many(between(self._file, event.start_mark, event.end_mark)))
        if self._nodes > self._limits.nodes:
            message = f"the file holds more than {self._limits.nodes:,} values"
            return self._limit(codes.TOO_MANY_NODES, event, message, "split it into several combs")
        message = f"aliases expand this file to more than {self._limits.expanded:,} values"
        return self._limit(codes.ALIAS_BOMB, event, message, "write the values out, or use fewer")

    def _limit(self, code: codes.Code, event: Any, message: str, hint: str) -> _LimitReached:
        span = between(self._file, event.start_mark, event.end_mark)
        return _LimitReached(diagnose(code, message, span, label="the limit is reached here", hints=(hint,)))

    def _check_collection_tag(self, event: Any, name: str) -> None:
        if event.tag is not None and event.tag not in ("!", f"tag:yaml.org,2002:{name}"):
            self._say(unsupported_tag(event.tag, between(self._file, event.start_mark, event.end_mark)))

    def _note_spread(self, start: Mark, end: Mark) -> None:
        """A quoted text or brackets over several lines: how they are indented is looked at in the end."""
        if start.line != end.line:
            self.spread.append((start, end))


def _refused_key(key: Node, entries: dict[str, Entry]) -> Diagnostic:
    if not isinstance(key, Scalar):
        return complex_key(key)
    if key.plain and key.text == "<<":
        return merge_key(key)
    return duplicate_key(key, entries[key.text].key)
