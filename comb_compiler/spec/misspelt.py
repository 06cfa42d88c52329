"""Keys that are no fields: what was probably meant, and the tree as it would be then."""

from collections.abc import Mapping as AbstractMapping, Sequence as AbstractSequence
from typing import Any, NamedTuple

from pydantic import BaseModel

from comb_compiler.diagnostics import Applicability, Diagnostic, Edit, Fix, Label, codes
from comb_compiler.diagnostics.model import diagnose
from comb_compiler.source import Entry, Mapping, Node, Path, Scalar, Sequence
from comb_compiler.spec.foreign import in_our_words, our_field
from comb_compiler.spec.overlays import merge
from comb_compiler.spec.places import Place, format_path, place_of
from comb_compiler.spec.shape import ANY, expected_at, field_names, homes
from comb_compiler.spec.suggest import closest, did_you_mean, you_meant

__all__ = ["CURLY", "NO_QUOTES", "Unknown", "correct", "spelt", "unknown_key"]


CURLY = "“”"
NO_QUOTES = "`“` and `”` are no quotes to YAML: write straight ones"


def correct(root: Node, model: type[BaseModel], errors: AbstractSequence[Any]) -> tuple[Node, list[Diagnostic]]:
    """`root` without unknown keys, or with the fields that they were meant to be, and what is said of those keys.

    Of two keys that are meant to be one field, the first is taken for it. Places stay where they are.
    """
    meant: dict[Path, str | None] = {}
    taken: set[Path] = set()
    found: dict[object, Diagnostic] = {}
    for path in (error["loc"] for error in errors if error["type"] == "extra_forbidden"):
        finding, match = unknown_key(root, model, path)
        alike = (path[:-1], finding.hints) if finding.hints and match is None else path
        found[alike] = _together(found[alike], finding) if alike in found else finding
        field = (*path[:-1], match or "")
        meant[path] = match if field not in taken else None
        taken.add(field)
    return (_corrected(root, meant, ()), [*found.values()]) if found else (root, [])


def _together(first: Diagnostic, other: Diagnostic) -> Diagnostic:
    """One finding for keys of one mapping of which the same is to be said: `requests` and `limits`."""
    label = (Label(other.primary.span, "the same here"),) if other.primary is not None else ()
    return first._replace(related=(*first.related, *label))


def _corrected(node: Node, meant: AbstractMapping[Path, str | None], at: Path) -> Node:
    below: dict[str | int, dict[Path, str | None]] = {}
    for path, name in meant.items():
        if len(path) > 1:
            below.setdefault(path[0], {})[path[1:]] = name
    if isinstance(node, Sequence):
        items = (_corrected(item, below[i], (*at, i)) if i in below else item for i, item in enumerate(node.items))
        return Sequence(node.file, node.start, node.end, tuple(items), node.flow)
    if not isinstance(node, Mapping):
        return node
    entries = {
        text: Entry(key, _corrected(value, below[text], (*at, text)) if text in below else value)
        for text, (key, value) in node.entries.items()
        if (text,) not in meant
    }
    for text, name in ((str(path[0]), name) for path, name in meant.items() if len(path) == 1):
        if name is not None:
            entries[name] = _as_field(node.entries[text], entries.get(name), (*at, name))
    return node.with_entries(entries)


def _as_field(entry: Entry, earlier: Entry | None, path: Path) -> Entry:
    """What is there already was laid under a misspelt key of an overlay, which would have been merged with it."""
    return Entry(earlier.key, merge(earlier.value, entry.value, path)) if earlier else entry


class Unknown(NamedTuple):
    """A key that is no field: what is said of it, and the field that was most probably meant."""

    finding: Diagnostic
    match: str | None


def unknown_key(root: Node, model: type[BaseModel], path: Path) -> Unknown:
    """The key at `path`, which pydantic does not know."""
    place = place_of(root, path)
    owner = expected_at(model, path[:-1])
    word = str(path[-1])
    known = field_names(owner.type) if owner else ()
    given = _written_beside(place, known)
    kind = getattr(owner.type, "__name__", "") if owner else ""
    advice = in_our_words(kind, word)
    if "“" in word or "”" in word:
        advice = f"{NO_QUOTES}; it parts the text at its comma"
    fix = None
    if word.partition(".")[0] in known and _leads_on(model, path):
        advice, fix = _stepwise(place, word)
    match = None if advice else our_field(kind, word) or closest(word, (name for name in known if name not in given))
    match = match if match not in given else None
    if match is not None and place.key is not None:
        fix = Fix(f"write `{match}`", (Edit(place.key.span, spelt(place.key, match)),), Applicability.UNSAFE)
    finding = diagnose(
        codes.UNKNOWN_KEY,
        f"`{format_path(path[:-1])}` has no field `{word}`"
        if path[1:]
        else f"a {model.__name__} has no field `{word}`",
        place.key_span,
        label="unknown field",
        related=place.related,
        path=format_path(path),
        hints=(advice or you_meant(word, match or ""),) if advice or match else _elsewhere(model, path, known, given),
        fix=fix,
    )
    return Unknown(finding, match)


def _leads_on(model: type[BaseModel], path: Path) -> bool:
    """Whether what `p99` is in `p99.9` holds entries of its own."""
    first, dot, rest = str(path[-1]).partition(".")
    owner = (*path[:-1], first)
    below = expected_at(model, owner)
    return bool(dot and below) and bool(
        field_names(below.type if below else None) or expected_at(model, (*owner, rest.partition(".")[0]))
    )


def _stepwise(place: Place, word: str) -> tuple[str, Fix | None]:
    """`operators.read.model: …` for `operators: {read: {model: …}}`: no dot leads into what is below."""
    first, *others = word.split(".")
    opening = f"{first}: " + "".join(f"{{{part}: " for part in others)
    closing = "}" * len(others)
    advice = f"a dot in a key leads nowhere: write `{opening}…{closing}`"
    value, key = place.value, place.key
    if key is None or value.alias is not None or not isinstance(value, Scalar) or value.start.line != key.start.line:
        return advice, None
    start, end = key.span, value.span
    edits = (Edit(start._replace(end=end.start), opening), Edit(end._replace(start=end.end), closing))
    return advice, Fix(f"write `{opening}…{closing}`", edits, Applicability.UNSAFE)


def _written_beside(place: Place, known: tuple[str, ...]) -> tuple[str, ...]:
    """Those of `known` that were written in one mapping with this key: not those of a mapping that it was laid over."""
    parent, key = place.parent, place.key
    if not isinstance(parent, Mapping) or key is None:
        return ()
    is_own = _is_own(parent, key)
    entries = ((name, parent.entries.get(name)) for name in known)
    return tuple(name for name, entry in entries if entry and _is_own(parent, entry.key) == is_own)


def _is_own(mapping: Mapping, key: Scalar) -> bool:
    """Whether `key` was written in `mapping` itself: the keys of a block mapping stand in one column."""
    start, end = mapping.offsets
    return start <= key.start.index < end and (mapping.flow or key.start.column == mapping.start.column)


def _elsewhere(model: type[BaseModel], path: Path, known: tuple[str, ...], given: tuple[str, ...]) -> tuple[str, ...]:
    """Where a field of that name belongs, else which fields there are."""
    word = str(path[-1])
    found = homes(model, path[:-1], word)
    if found:
        return (f"`{word}` belongs {' or '.join(_into(home, path[:-1]) for home in found[:2])}",)
    twin = closest(word, known)
    if twin is not None and twin in given:
        return (f"`{twin}` is there already: keep one of the two",)
    return did_you_mean(word, known, "field")


def _into(home: Path, owner: Path) -> str:
    if not home:
        return "to the top of the file"
    if ANY in home:
        return f"into `{'.'.join(map(str, home))}`"
    inner = home[len(owner) :] if home[: len(owner)] == owner else ()
    return f"into `{format_path(inner)}` here" if inner else f"to `{format_path(home)}`"


def spelt(key: Scalar, text: str) -> str:
    """`text` in the place of a key, in quotes where that is."""
    return text if key.plain else f'"{text}"'
