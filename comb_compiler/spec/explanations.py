"""pydantic's errors about a document → diagnostics, each at its place."""

from collections.abc import Iterator, Sequence
from typing import Any

from pydantic import BaseModel

from comb_compiler.diagnostics import Applicability, Diagnostic, Edit, Fix, Span, codes
from comb_compiler.diagnostics.model import diagnose
from comb_compiler.source import Mapping, Node, Path, Scalar
from comb_compiler.spec.canary import canary_steps
from comb_compiler.spec.mends import mend, mended_name
from comb_compiler.spec.misspelt import CURLY, NO_QUOTES, spelt, unknown_key
from comb_compiler.spec.offences import OFFENCES
from comb_compiler.spec.places import Place, empty_value, entries_at, field_name, format_path, place_of
from comb_compiler.spec.purpose import purpose
from comb_compiler.spec.respelling import NOTHING, Mend, written
from comb_compiler.spec.shape import Expected, expected_at
from comb_compiler.spec.wording import listed

__all__ = ["explain"]


def explain(root: Node, model: type[BaseModel], errors: Sequence[Any]) -> Iterator[Diagnostic]:
    """What is said of `errors`, the validation errors of `model` on the data of `root`."""
    missing: dict[Path, list[str]] = {}
    told, errors = canary_steps(root, errors)
    yield from told
    for error in errors:
        kind, path = error["type"], error["loc"]
        if kind == "missing":
            missing.setdefault(path[:-1], []).append(str(path[-1]))
        elif kind == "extra_forbidden":
            yield unknown_key(root, model, path).finding
        elif path and path[-1] == "[key]":
            yield _bad_key(root, path[:-1], error)
        else:
            yield _bad_value(root, model, error)
    for owner, names in missing.items():
        yield _missing(root, model, owner, names)


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
        hints=tuple(hint for name in names if (hint := purpose(name, expected_at(model, (*owner, name))))),
    )


def _title(root: Node) -> Span:
    """Where a file says what it is: its `kind`, else its first line."""
    if isinstance(root, Mapping):
        entry = root.entries.get("kind") or next(iter(root.entries.values()), None)
        if entry is not None:
            return entry.key.span
    return Span(root.file, root.span.start, root.span.start)


def _bad_key(root: Node, path: Path, error: Any) -> Diagnostic:
    place = place_of(root, path)
    text = str(path[-1])
    context = error.get("ctx", {})
    offence = OFFENCES[error["type"]](f"the key `{text}`" if text else "this key", text, context, None)
    siblings = place.parent.entries if isinstance(place.parent, Mapping) else {}
    name = mended_name(context.get("form", ""), text) if context.get("form") in _NAMES else None
    hints = offence.hints
    if text.strip(CURLY) != text:
        name, hints = f'"{text.strip(CURLY)}"', (NO_QUOTES,)
    fix = None
    if name is not None and name not in siblings and place.key is not None:
        fix = Fix(f"write `{name}`", (Edit(place.key.span, spelt(place.key, name)),), Applicability.UNSAFE)
    return diagnose(
        offence.code,
        offence.message,
        place.key_span,
        label=offence.label,
        related=place.related,
        path=format_path(place.path),
        hints=hints,
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
    if context.get("form") == "model-reference" and fix is None:
        fix, hints = _with_version(root, place.value)
    return diagnose(
        offence.code,
        offence.message,
        place.span,
        label=offence.label,
        related=place.related,
        path=format_path(place.path),
        hints=(*(hints or offence.hints), *_purpose(error["type"], place, expected)),
        fix=fix,
    )


def _purpose(kind: str, place: Place, expected: Expected | None) -> tuple[str, ...]:
    """What the field is for, where the name of something else is asked, and a number or another kind of name stands."""
    field = next((step for step in reversed(place.path) if isinstance(step, str)), "")
    if field not in _NAMES_OF_THE_PLATFORM or kind not in ("string_type", "form"):
        return ()
    return (_NAMES_OF_THE_PLATFORM[field],)


_NAMES_OF_THE_PLATFORM = {
    "priority": "a priority goes by its name, such as `high`: platform.yaml says which there are, and their numbers",
    "devices": "classes of devices are platform.yaml's, such as `nvidia-a10`; how much of one is `resources: {gpu: …}`",
}


def _with_version(root: Node, node: Node) -> Mend:
    """A model without its version: there may be only one."""
    name = str(node.data)
    versions = tuple(entries_at(root.data, ("models", name, "versions")))
    if not versions or not isinstance(node, Scalar):
        return NOTHING
    references = [f"{name}@{version}" for version in versions[:_MOST_VERSIONS]]
    more = " …" if len(versions) > _MOST_VERSIONS else ""
    hints = (f"name the version, too: write {listed(references, 'or')}{more}",)
    return written(node, references[0]) if len(versions) == 1 else None, hints


_MOST_VERSIONS = 4


def _graph_too_short(place: Place, graph: Mapping) -> Diagnostic:
    """A graph has a step, and says which one answers."""
    key, path = place.key_span if graph.entries else place.span, format_path(place.path)
    if "return" in graph.entries or not graph.entries:
        message, hint = "the graph has no step", "write a step, such as `text: read(frame=$request.frame)`"
        return diagnose(
            codes.EMPTY_VALUE, message, key, path=path, hints=(hint, "and `return: text` to answer with it")
        )
    step = next(iter(graph.entries))
    if step in ("nodes", "steps"):
        hint = f"steps stand right below `graph`, without `{step}`: `text: read(frame=$request.frame)`"
        return diagnose(
            codes.MISSING_RETURN, "the graph does not say which step answers", key, path=path, hints=(hint,)
        )
    hint = f"write `return: {step}`, if its answer is the comb's"
    return diagnose(codes.MISSING_RETURN, "the graph does not say which step answers", key, path=path, hints=(hint,))
