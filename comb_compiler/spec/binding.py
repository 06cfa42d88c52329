"""Document → model: everything that is wrong with a file's fields, each at its place."""

from typing import Any, Generic, NamedTuple, TypeVar

from pydantic import BaseModel, ValidationError

from comb_compiler.diagnostics import Applicability, Diagnostic, Edit, Fix, Span, codes
from comb_compiler.diagnostics.model import diagnose
from comb_compiler.source import Document, Mapping, Node, Path, Scalar
from comb_compiler.spec.offences import OFFENCES, describe_value
from comb_compiler.spec.places import Place, empty_value, field_name, format_path, place_of
from comb_compiler.spec.salvage import salvage
from comb_compiler.spec.shape import Expected, choices, expected_at, field_names
from comb_compiler.spec.suggest import closest, did_you_mean

__all__ = ["Bound", "bind_node"]

M = TypeVar("M", bound=BaseModel)


class Bound(NamedTuple, Generic[M]):
    """A file's value beside the tree that it came from.

    With errors, `value` is what is left when the wrong parts are taken out, or None; what was declared at all, rightly
    or not, is asked of `root`.
    """

    value: M | None
    root: Node
    diagnostics: tuple[Diagnostic, ...] = ()

    def place(self, *path: str | int) -> Place:
        """The place of `path`, or of as much of it as was written."""
        return place_of(self.root, path)

    def declared(self, *path: str | int) -> tuple[str, ...]:
        """The keys written at `path`, whether their values are right or wrong."""
        node = Document("", self.root).find(path)
        return tuple(node.entries) if isinstance(node, Mapping) else ()


def bind_node(root: Node, model: type[M]) -> Bound[M]:
    """Validate the data below `root`. Never raises for what a user wrote."""
    try:
        return Bound(model.model_validate(root.data), root)
    except ValidationError as failure:
        errors = failure.errors(include_url=False)
    diagnostics = [_explain(root, model, error) for error in errors]
    value = salvage(model, root.data, [error["loc"] for error in errors])
    return Bound(value, root, tuple(diagnostics))


def _explain(root: Node, model: type[BaseModel], error: Any) -> Diagnostic:
    kind, path = error["type"], error["loc"]
    if kind == "missing":
        return _missing(root, model, path)
    if kind == "extra_forbidden":
        return _unknown(root, model, path)
    if path and path[-1] == "[key]":
        return _bad_key(root, path[:-1], error)
    return _bad_value(root, model, error)


def _missing(root: Node, model: type[BaseModel], path: Path) -> Diagnostic:
    place = place_of(root, path[:-1])
    name = str(path[-1])
    expected = expected_at(model, path)
    what = f"`{format_path(place.path)}`" if place.path else f"a {model.__name__}"
    hints = (f"`{name}`: {_first_sentence(expected)}",) if expected and expected.field else ()
    example = _example(expected)
    if example:
        hints = (*hints, f"for example `{name}: {example}`")
    span = place.key_span if place.path else _title(root)
    message = f"{what} needs `{name}`"
    label = f"`{name}` is missing here"
    path_text = format_path((*place.path, name))
    return diagnose(codes.MISSING_KEY, message, span, label=label, related=place.related, path=path_text, hints=hints)


def _title(root: Node) -> Span:
    """Where a file says what it is: its `kind`, else its first line."""
    if isinstance(root, Mapping):
        entry = root.entries.get("kind") or next(iter(root.entries.values()), None)
        if entry is not None:
            return entry.key.span
    return Span(root.file, root.span.start, root.span.start)


def _first_sentence(expected: Expected) -> str:
    description = (expected.field.description if expected.field else None) or ""
    return description.split(". ")[0].rstrip(".")


def _example(expected: Expected | None) -> str:
    examples = expected.field.examples if expected and expected.field else None
    return str(examples[0]) if examples and isinstance(examples[0], str) else ""


def _unknown(root: Node, model: type[BaseModel], path: Path) -> Diagnostic:
    place = place_of(root, path)
    owner = expected_at(model, path[:-1])
    word = str(path[-1])
    known = field_names(owner.type) if owner else ()
    where = f"`{format_path(path[:-1])}`" if len(path) > 1 else f"a {model.__name__}"
    fix = None
    match = closest(word, known)
    if match is not None and place.key is not None:
        fix = Fix(f"write `{match}`", (Edit(place.key.span, match),), Applicability.UNSAFE)
    return diagnose(
        codes.UNKNOWN_KEY,
        f"{where} has no field `{word}`",
        place.key_span,
        label="unknown field",
        related=place.related,
        path=format_path(path),
        hints=did_you_mean(word, known, "field"),
        fix=fix,
    )


def _bad_key(root: Node, path: Path, error: Any) -> Diagnostic:
    place = place_of(root, path)
    offence = OFFENCES[error["type"]](f"the key `{path[-1]}`", path[-1], error.get("ctx", {}), None)
    return diagnose(
        offence.code,
        offence.message,
        place.key_span,
        related=place.related,
        path=format_path(place.path),
        hints=offence.hints,
    )


def _bad_value(root: Node, model: type[BaseModel], error: Any) -> Diagnostic:
    place = place_of(root, error["loc"])
    expected = expected_at(model, place.path)
    node = place.value
    if node.data is None and place.path:
        return empty_value(place)
    offence = OFFENCES[error["type"]](field_name(place.path), node.data, error.get("ctx", {}), expected)
    fix = None
    hints = offence.hints
    if isinstance(node, Scalar):
        fix, more = _quoting(error["type"], error.get("ctx", {}), node)
        hints = (*hints, *more)
        if fix is None and offence.code is codes.UNKNOWN_CHOICE:
            fix, hints = _choice(node, expected, hints)
    return diagnose(
        offence.code,
        offence.message,
        place.span,
        related=place.related,
        path=format_path(place.path),
        hints=hints,
        fix=fix,
    )


def _quoting(kind: str, context: Any, node: Scalar) -> tuple[Fix | None, tuple[str, ...]]:
    """Where text is wanted and YAML reads a plain scalar as something else, quotes are all that is missing."""
    if kind != "string_type" or not node.plain or node.data is None:
        return None, ()
    fix = Fix("quote it", (Edit(node.span, f'"{node.text}"'),))
    return fix, (f"YAML reads unquoted `{node.text}` as {describe_value(node.data)}; quote it",)


def _choice(node: Scalar, expected: Expected | None, hints: tuple[str, ...]) -> tuple[Fix | None, tuple[str, ...]]:
    match = closest(node.text, choices(expected.type)) if expected else None
    if match is None:
        return None, hints
    fix = Fix(f"write `{match}`", (Edit(node.span, match),), Applicability.UNSAFE)
    return fix, (f"did you mean `{match}`?", *hints)
