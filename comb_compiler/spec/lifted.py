"""A file with a `spec`, as Kubernetes has it: what stands there stands at the top here."""

from collections.abc import Iterator

from comb_compiler.diagnostics import Applicability, Diagnostic, Edit, Fix, Position, Span, codes
from comb_compiler.diagnostics.model import diagnose
from comb_compiler.source import Entry, Mapping, Node, Scalar, Sequence
from comb_compiler.spec.comb import Comb
from comb_compiler.spec.shape import field_names

__all__ = ["lift"]

_SPEC = "spec"


def lift(root: Mapping, kind: str) -> tuple[Mapping, list[Diagnostic]]:
    """A comb with the entries of its `spec` at the top, and what is said of that; `root`, where none of them belongs
    there. Places stay where they are.
    """
    entry = root.entries.get(_SPEC)
    if kind != "Comb" or entry is None or not isinstance(entry.value, Mapping):
        return root, []
    if not entry.value.entries.keys() & {*field_names(Comb)}:
        return root, []
    kept = {name: one for name, one in root.entries.items() if name != _SPEC}
    finding = diagnose(
        codes.UNKNOWN_KEY,
        f"a {kind} has no field `{_SPEC}`",
        entry.key.span,
        label="unknown field",
        path=_SPEC,
        hints=(f"there is no `{_SPEC}`: its fields stand at the top of the file",),
        fix=_fix(entry) if not entry.value.entries.keys() & kept.keys() else None,
    )
    return root.with_entries({**entry.value.entries, **kept}), [finding]


def _fix(entry: Entry) -> Fix | None:
    """Take the line of the key away, and the indentation of what stands below it."""
    inner = entry.value
    assert isinstance(inner, Mapping)
    first = next(iter(inner.entries.values())).key.span.start
    if inner.flow or inner.alias is not None or first.line == entry.key.span.start.line:
        return None
    lines = sorted({node.span.start.line for node in _below(inner)} - {first.line})
    file, indent = inner.file, first.column
    gone = Edit(Span(file, entry.key.span.start, first), "")
    outdented = (Edit(Span(file, Position(line, 1), Position(line, indent)), "") for line in lines)
    return Fix(f"take `{_SPEC}` away", (gone, *outdented), Applicability.UNSAFE)


def _below(node: Node) -> Iterator[Scalar]:
    """All that is written below a node, down to what stands between brackets."""
    if isinstance(node, Scalar):
        yield node
    elif node.alias is not None:
        return
    elif isinstance(node, Mapping):
        for key, value in node.entries.values():
            yield key
            yield from _below(value)
    elif isinstance(node, Sequence):
        for item in node.items:
            yield from _below(item)
