"""pydantic's errors about a document → diagnostics, each at its place."""

from collections.abc import Iterator, Sequence
from typing import Any

from pydantic import BaseModel

from comb_compiler.diagnostics import Applicability, Diagnostic, Edit, Fix, Span, codes
from comb_compiler.diagnostics.model import diagnose
from comb_compiler.source import Mapping, Node, Path, Scalar
from comb_compiler.spec.mends import mend, mended_name
from comb_compiler.spec.offences import OFFENCES
from comb_compiler.spec.places import Place, empty_value, field_name, format_path, place_of
from comb_compiler.spec.shape import Expected, expected_at, field_names, homes
from comb_compiler.spec.suggest import closest, did_you_mean
from comb_compiler.spec.wording import listed

__all__ = ["explain"]


def explain(root: Node, model: type[BaseModel], errors: Sequence[Any]) -> Iterator[Diagnostic]:
    """What is said of `errors`, the validation errors of `model` on the data of `root`."""
    missing: dict[Path, list[str]] = {}
    misspelt: set[Path] = set()
    for error in errors:
        kind, path = error["type"], error["loc"]
        if kind == "missing":
            missing.setdefault(path[:-1], []).append(str(path[-1]))
        elif kind == "extra_forbidden":
            finding, match = _unknown(root, model, path)
            misspelt.add((*path[:-1], match) if match else path)
            yield finding
        elif path and path[-1] == "[key]":
            yield _bad_key(root, path[:-1], error)
        else:
            yield _bad_value(root, model, error)
    for owner, names in missing.items():
        absent = [name for name in names if (*owner, name) not in misspelt]
        if absent:
            yield _missing(root, model, owner, absent)


def _missing(root: Node, model: type[BaseModel], owner: Path, names: list[str]) -> Diagnostic:
    """One finding for all that one mapping lacks."""
    place = place_of(root, owner)
    what = f"`{format_path(place.path)}`" if place.path else f"a {model.__name__}"
    return diagnose(
        codes.MISSING_KEY,
        f"{what} needs {listed(names)}",
        place.key_span if place.path else _title(root),
        label=f"{listed(names)} {'is' if len(names) == 1 else 'are'} missing here",
        related=place.related,
        path=format_path((*place.path, names[0]) if len(names) == 1 else place.path),
        hints=tuple(hint for name in names if (hint := _purpose(name, expected_at(model, (*owner, name))))),
    )


def _title(root: Node) -> Span:
    """Where a file says what it is: its `kind`, else its first line."""
    if isinstance(root, Mapping):
        entry = root.entries.get("kind") or next(iter(root.entries.values()), None)
        if entry is not None:
            return entry.key.span
    return Span(root.file, root.span.start, root.span.start)


def _purpose(name: str, expected: Expected | None) -> str:
    """What a field is for, and an example of it."""
    field = expected.field if expected else None
    if field is None or not field.description:
        return ""
    sentence = field.description.split(". ")[0].rstrip(".")
    example = field.examples[0] if field.examples and isinstance(field.examples[0], str | int) else ""
    return f"`{name}`: {sentence[0].lower()}{sentence[1:]}" + (f", such as `{name}: {example}`" if example else "")


def _unknown(root: Node, model: type[BaseModel], path: Path) -> tuple[Diagnostic, str | None]:
    """The finding, and the field that was most probably meant."""
    place = place_of(root, path)
    owner = expected_at(model, path[:-1])
    word = str(path[-1])
    known = field_names(owner.type) if owner else ()
    given = _written_beside(place)
    match = closest(word, (name for name in known if name not in given))
    fix = None
    if match is not None and place.key is not None:
        fix = Fix(f"write `{match}`", (Edit(place.key.span, _spelt(place.key, match)),), Applicability.UNSAFE)
    finding = diagnose(
        codes.UNKNOWN_KEY,
        f"`{format_path(path[:-1])}` has no field `{word}`"
        if path[1:]
        else f"a {model.__name__} has no field `{word}`",
        place.key_span,
        label="unknown field",
        related=place.related,
        path=format_path(path),
        hints=(f"did you mean `{match}`?",) if match else _elsewhere(model, path, known, given),
        fix=fix,
    )
    return finding, match


def _written_beside(place: Place) -> tuple[str, ...]:
    """The keys that were written in one mapping with this one: not those of a mapping that it was laid over."""
    parent, key = place.parent, place.key
    if not isinstance(parent, Mapping) or key is None:
        return ()
    is_own = _is_own(parent, key)
    return tuple(name for name, entry in parent.entries.items() if _is_own(parent, entry.key) == is_own)


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
    inner = home[len(owner) :] if home[: len(owner)] == owner else ()
    return f"into `{format_path(inner)}` here" if inner else f"to `{format_path(home)}`"


def _spelt(key: Scalar, text: str) -> str:
    return text if key.plain else f'"{text}"'


def _bad_key(root: Node, path: Path, error: Any) -> Diagnostic:
    place = place_of(root, path)
    text = str(path[-1])
    context = error.get("ctx", {})
    offence = OFFENCES[error["type"]](f"the key `{text}`" if text else "this key", text, context, None)
    siblings = place.parent.entries if isinstance(place.parent, Mapping) else {}
    name = mended_name(context.get("form", ""), text) if context.get("form") in _NAMES else None
    fix = None
    if name is not None and name not in siblings and place.key is not None:
        fix = Fix(f"write `{name}`", (Edit(place.key.span, _spelt(place.key, name)),), Applicability.UNSAFE)
    return diagnose(
        offence.code,
        offence.message,
        place.key_span,
        label=offence.label,
        related=place.related,
        path=format_path(place.path),
        hints=offence.hints,
        fix=fix,
    )


_NAMES = ("name", "comb-name", "identifier")


def _bad_value(root: Node, model: type[BaseModel], error: Any) -> Diagnostic:
    place = place_of(root, error["loc"])
    if place.value.data is None and place.path:
        return empty_value(place)
    if place.path == ("graph",) and error["type"] == "too_short" and isinstance(place.value, Mapping):
        return _graph_too_short(place, place.value)
    # Where a short form was written, the error is about the field that it is short for.
    expected = expected_at(model, error["loc"]) or expected_at(model, place.path)
    context = error.get("ctx", {})
    offence = OFFENCES[error["type"]](field_name(place.path), place.value.data, context, expected)
    fix, hints = mend(error["type"], context, place.value, expected)
    return diagnose(
        offence.code,
        offence.message,
        place.span,
        label=offence.label,
        related=place.related,
        path=format_path(place.path),
        hints=hints or offence.hints,
        fix=fix,
    )


def _graph_too_short(place: Place, graph: Mapping) -> Diagnostic:
    """A graph has a step, and says which one answers."""
    key, path = place.key_span, format_path(place.path)
    if "return" in graph.entries or not graph.entries:
        message, hint = "the graph has no step", "write a step, such as `text: read(frame=$request.frame)`"
        return diagnose(
            codes.EMPTY_VALUE, message, key, path=path, hints=(hint, "and `return: text` to answer with it")
        )
    step = next(iter(graph.entries))
    hint = f"write `return: {step}`, if its answer is the comb's"
    return diagnose(codes.MISSING_RETURN, "the graph does not say which step answers", key, path=path, hints=(hint,))
