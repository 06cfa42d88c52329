"""A file's first document → what it declares, by its `kind`, after the mends that must come before binding."""

from typing import NamedTuple

from comb_compiler.diagnostics import Applicability, Diagnostic, Edit, Fix, Span, codes
from comb_compiler.diagnostics.model import diagnose
from comb_compiler.source import Document, Mapping, Node, Path, Scalar, Sequence, SourceFile, parse
from comb_compiler.spec.calls import join_split_calls
from comb_compiler.spec.migrations import API_VERSION, migrate
from comb_compiler.spec.offences import describe_value
from comb_compiler.spec.places import Place, empty_value
from comb_compiler.spec.suggest import closest, did_you_mean

__all__ = ["KINDS", "Reading", "read"]

KINDS = ("Comb", "Platform")


class Reading(NamedTuple):
    """What a file declares. `kind` is empty where nothing can be made of it; `root` is ready to be bound."""

    kind: str
    root: Node | None
    diagnostics: tuple[Diagnostic, ...]


def read(source: SourceFile) -> Reading:
    """Parse a file and find out what it is."""
    documents, diagnostics = parse(source)
    said = list(diagnostics)
    if not documents:
        return Reading("", None, diagnostics or (_only_comments(Span.whole_file(source.path)),))
    if len(documents) > 1:
        said.append(_several(documents[1]))
    document = documents[0]
    if not isinstance(document.root, Mapping):
        said.append(_not_a_mapping(document))
        return Reading("", None, tuple(said))
    root, split = join_split_calls(document.root, source.text)
    said += split
    said += _unquoted_keys(document)
    root, migrated = migrate(root)
    said += migrated
    kind = _kind(root, said)
    if document.has_nulls:
        said += _nulls(root, kind)
    return Reading(kind, root, tuple(said))


def _several(second: Document) -> Diagnostic:
    return diagnose(
        codes.SEVERAL_DOCUMENTS,
        "the file holds several YAML documents, of which only the first would be read",
        second.root.span,
        label="a second document begins here",
        hints=("put each comb into a file of its own, in a directory of its own",),
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
    return [_unquoted(key) for key in document.typed_keys]


def _unquoted(key: Scalar) -> Diagnostic:
    return diagnose(
        codes.UNQUOTED_KEY,
        f"the key `{key.text}` is {describe_value(key.data)} to YAML, not text",
        key.span,
        hints=(f'write `"{key.text}"`: other tools would rename it',),
        fix=Fix("quote the key", (Edit(key.span, f'"{key.text}"'),)),
    )


def _kind(root: Node, said: list[Diagnostic]) -> str:
    """The declared kind; a file without one, or with an unknown one, is taken for what it looks like."""
    node = root.get("kind") if isinstance(root, Mapping) else None
    if isinstance(node, Scalar) and node.text in KINDS:
        return node.text
    if isinstance(node, Scalar) and isinstance(node.data, str):
        said.append(_unknown_kind(node))
    looks_like_platform = isinstance(root, Mapping) and "clusters" in root.entries
    return "Platform" if looks_like_platform else "Comb"


def _unknown_kind(node: Scalar) -> Diagnostic:
    match = closest(node.text, KINDS)
    fix = Fix(f"write `{match}`", (Edit(node.span, match),), Applicability.UNSAFE) if match else None
    message = f"there is no kind `{node.text}` in {API_VERSION}"
    hints = did_you_mean(node.text, KINDS, "kind")
    return diagnose(codes.UNKNOWN_KIND, message, node.span, path="kind", hints=hints, fix=fix)


_FREE: dict[str, tuple[tuple[str, ...], ...]] = {
    "Comb": (
        ("models", "*", "versions", "*", "params"),
        ("operators", "*", "fallback", "value"),
        ("experiment", "arms", "*", "set"),
        ("environments",),
    ),
    "Platform": (("patches", "*", "merge"),),
}
"""Below these keys null means something: JSON values, and keys that an overlay takes away. `*` is any name."""


def _is_free(path: Path, kind: str) -> bool:
    return any(
        len(path) == len(free) and all(name in ("*", step) for name, step in zip(free, path, strict=True))
        for free in _FREE[kind]
    )


def _nulls(root: Node, kind: str) -> list[Diagnostic]:
    found: list[Diagnostic] = []
    todo: list[Place] = [Place(root, None, ())]
    while todo:
        place = todo.pop()
        if isinstance(place.value, Mapping):
            for text, (key, value) in place.value.entries.items():
                if value.data is None or not _is_free((*place.path, text), kind):
                    todo.append(Place(value, key, (*place.path, text)))
        elif isinstance(place.value, Sequence):
            todo += [Place(item, None, (*place.path, i)) for i, item in enumerate(place.value.items)]
        elif place.value.data is None and place.path:
            found.append(empty_value(place))
    return found
