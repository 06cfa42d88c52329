"""One document laid over another, before anything is validated.

The result is a tree like any other: each value keeps the place where it was written, so a mistake in an overlay is
shown in the overlay. Mappings are merged by key, everything else is replaced, null takes a key away (RFC 7386). A short
form under a mapping counts as the mapping that it is short for: `x: op(a=b)` under `x: {timeout: 5ms}` keeps its call.
"""

from comb_compiler.diagnostics import Applicability, Diagnostic, Edit, Fix, codes
from comb_compiler.diagnostics.model import diagnose
from comb_compiler.source import Entry, Mapping, Node, Path, Scalar
from comb_compiler.spec.comb import Comb
from comb_compiler.spec.places import format_path
from comb_compiler.spec.shape import expected_at
from comb_compiler.spec.suggest import closest, did_you_mean

__all__ = ["merge", "useless_removals"]

_SHORT_FORMS = {("graph", "*"): "call", ("operators", "*", "in", "*"): "type"}


def merge(base: Node, overlay: Node, path: Path = ()) -> Node:
    """`overlay` laid over `base`, both at `path` of a comb. What the overlay does not touch is shared, not copied."""
    if not isinstance(overlay, Mapping):
        return overlay
    under = base if isinstance(base, Mapping) else _lengthened(base, path)
    if under is None:
        return overlay
    entries = dict(under.entries)
    for text, (key, value) in overlay.entries.items():
        earlier = entries.get(text)
        if value.data is None:
            entries.pop(text, None)
        elif earlier is None:
            entries[text] = Entry(key, _without_nulls(value))
        else:
            merged = merge(earlier.value, value, (*path, text))
            entries[text] = Entry(key if merged is value else earlier.key, merged)
    return under.with_entries(entries)


def useless_removals(base: Node | None, overlay: Node, path: Path = ()) -> list[Diagnostic]:
    """Nulls in `overlay` that take away nothing, since the key is not there: most often it is misspelt."""
    found: list[Diagnostic] = []
    if not isinstance(overlay, Mapping):
        return found
    under = base.entries if isinstance(base, Mapping) else {}
    for text, (key, value) in overlay.entries.items():
        below = under[text].value if text in under else None
        if value.data is None and below is None:
            found.append(_useless((*path, text), key, tuple(under)))
        found += useless_removals(below, value, (*path, text))
    return found


def _useless(path: Path, key: Scalar, known: tuple[str, ...]) -> Diagnostic:
    name = str(path[-1])
    expected = expected_at(Comb, path)
    is_field = expected is not None and expected.field is not None
    match = None if is_field else closest(name, known)
    return diagnose(
        codes.NOTHING_TO_REMOVE,
        f"there is no `{format_path(path)}` to take away",
        key.span,
        path=format_path(path),
        hints=("leave it out: nothing is written there",) if is_field else did_you_mean(name, known, "key"),
        fix=Fix(f"write `{match}`", (Edit(key.span, match),), Applicability.UNSAFE) if match and key.plain else None,
    )


def _without_nulls(node: Node) -> Node:
    if not isinstance(node, Mapping):
        return node
    kept = {text: entry for text, entry in node.entries.items() if entry.value.data is not None}
    return node.with_entries({text: Entry(key, _without_nulls(value)) for text, (key, value) in kept.items()})


def _lengthened(short: Node, path: Path) -> Mapping | None:
    pattern = tuple(step if place % 2 == 0 else "*" for place, step in enumerate(path))
    name = _SHORT_FORMS.get(pattern)  # type: ignore[arg-type]
    if name is None or not isinstance(short, Scalar):
        return None
    key = Scalar(short.file, short.start, short.end, name, name, True)
    return Mapping(short.file, short.start, short.end, {name: Entry(key, short)}, True)
