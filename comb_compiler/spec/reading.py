"""A file's first document → what it declares, by its `kind`, after the mends that must come before binding."""

import re
from typing import NamedTuple

from comb_compiler.diagnostics import Diagnostic, Edit, Fix, Span, codes
from comb_compiler.diagnostics.bounds import bounded
from comb_compiler.diagnostics.lines import Lines
from comb_compiler.diagnostics.model import diagnose
from comb_compiler.source import Document, Mapping, Node, Scalar, SourceFile, parse
from comb_compiler.spec.kinds import KINDS, kind_of, of_another_tool
from comb_compiler.spec.migrations import migrate
from comb_compiler.spec.twice import Twice, given_twice
from comb_compiler.spec.wording import describe_value

__all__ = ["KINDS", "Reading", "read"]


class Reading(NamedTuple):
    """What a file declares. `kind` is empty where nothing can be made of it; `root` is ready to be bound.

    `has_nulls` says whether any value is null or absent, which most files spare whoever would look for them; `twice`
    which keys are given twice.
    """

    kind: str
    root: Node | None
    diagnostics: tuple[Diagnostic, ...]
    has_nulls: bool = False
    twice: Twice = ()


def read(source: SourceFile) -> Reading:
    """Parse a file and find out what it is."""
    documents, diagnostics = parse(source)
    said = list(diagnostics)
    if not documents and diagnostics:
        from comb_compiler.spec.colons import with_equals

        source, colons = with_equals(source, diagnostics)
        if colons:
            documents, diagnostics = parse(source)
            said = [*colons, *diagnostics]
    if not documents:
        diagnostics = tuple(said)
        return Reading("", None, diagnostics or (_only_comments(Span.whole_file(source.path)),))
    if len(documents) > 1:
        said.append(_several(source, documents[1]))
    document = documents[0]
    if not isinstance(document.root, Mapping):
        said.append(_not_a_mapping(document))
        return Reading("", None, tuple(said))
    stranger = of_another_tool(document.root)
    if stranger is not None:
        return Reading("", None, (*said, stranger))
    root = document.root
    if document.has_nulls:  # what is left of a broken call are keys without values
        from comb_compiler.spec.calls import join_split_calls

        root, split = join_split_calls(root, source.text)
        said += split
    said += _unquoted_keys(document)
    root, migrated = migrate(root)
    said += migrated
    kind, root, unknown = kind_of(root)
    said += unknown
    if "spec" in root.entries:
        from comb_compiler.spec.lifted import lift

        root, lifted = lift(root, kind)
        said += lifted
    said, twice = given_twice(root, said)
    return Reading(kind, root, tuple(said), document.has_nulls, twice)


_MARKER = re.compile(r"^---(?=\s|$)", re.MULTILINE)


def _several(source: SourceFile, second: Document) -> Diagnostic:
    """A second document, at the marker that begins it."""
    begin = second.root.start.index
    markers = [found for found in _MARKER.finditer(source.text, 0, begin + 3) if 0 < found.start() <= begin]
    span = second.root.span
    if markers:
        lines = Lines(source.text)
        span = Span(source.path, lines.position(markers[-1].start()), lines.position(markers[-1].end()))
    is_empty = isinstance(second.root, Scalar) and second.root.is_absent
    return diagnose(
        codes.SEVERAL_DOCUMENTS,
        "the file holds several YAML documents, of which only the first would be read",
        span,
        label="a second document begins here" + (", and holds nothing" if is_empty else ""),
        hints=("delete it",) if is_empty else ("put each comb into a file of its own, in a directory of its own",),
    )


def _not_a_mapping(document: Document) -> Diagnostic:
    root = document.root
    if isinstance(root, Scalar) and root.is_absent:
        return _only_comments(root.span)
    message = f"a comb is a mapping, not {describe_value(root.data)}"
    return diagnose(codes.NOT_A_MAPPING, message, root.span, hints=(_BEGIN,))


def _only_comments(span: Span) -> Diagnostic:
    return diagnose(codes.EMPTY_FILE, "the file holds nothing but comments", span, hints=(_BEGIN,))


_BEGIN = "begin with `apiVersion: comb.dev/v1` and `kind: Comb`"


def _unquoted_keys(document: Document) -> list[Diagnostic]:
    return list(bounded(_unquoted(key) for key in document.typed_keys))


def _unquoted(key: Scalar) -> Diagnostic:
    return diagnose(
        codes.UNQUOTED_KEY,
        f"the key `{key.text}` is {describe_value(key.data)} to YAML, not text",
        key.span,
        hints=(f'write `"{key.text}"`: other tools would rename it',),
        fix=Fix("quote the key", (Edit(key.span, f'"{key.text}"'),)),
    )
