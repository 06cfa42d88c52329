"""Names that must be declared elsewhere in the same comb."""

from collections.abc import Iterable, Iterator

from comb_compiler.diagnostics import Applicability, Diagnostic, Edit, Fix, Label, codes
from comb_compiler.diagnostics.model import diagnose
from comb_compiler.source import Path, Scalar
from comb_compiler.spec.binding import Bound
from comb_compiler.spec.comb import Comb
from comb_compiler.spec.comb.operators import Operator
from comb_compiler.spec.places import format_path
from comb_compiler.spec.suggest import closest, did_you_mean

__all__ = ["check_references", "unknown_name"]


def check_references(bound: Bound[Comb], comb: Comb) -> Iterator[Diagnostic]:
    """Models and versions that operators name, and operators that affinity names."""
    for name, operator in comb.operators.items():
        yield from _model(bound, ("operators", name), operator)
        for field, others in (("with", operator.affinity.beside), ("apart", operator.affinity.apart)):
            for index, other in enumerate(others):
                path: Path = ("operators", name, "affinity", field, index)
                if other == name:
                    yield _itself(bound, path, name)
                elif other not in bound.declared("operators"):
                    yield unknown_name(
                        bound, path, codes.UNKNOWN_OPERATOR, other, bound.declared("operators"), "operator"
                    )


def _model(bound: Bound[Comb], path: Path, operator: Operator) -> Iterator[Diagnostic]:
    if operator.model is None:
        return
    model, version = operator.model
    at = (*path, "model")
    models = bound.declared("models")
    if model not in models:
        yield unknown_name(bound, at, codes.UNKNOWN_MODEL, model, models, "model")
        return
    versions = bound.declared("models", model, "versions")
    if version not in versions:
        declared_at = Label(bound.place("models", model).key_span, f"`{model}` is declared here")
        yield unknown_name(
            bound, at, codes.UNKNOWN_VERSION, version, versions, f"version of `{model}`", related=(declared_at,)
        )


def unknown_name(
    bound: Bound[Comb],
    path: Path,
    code: codes.Code,
    name: str,
    known: Iterable[str],
    noun: str,
    *,
    related: tuple[Label, ...] = (),
) -> Diagnostic:
    """The finding that `name`, written at `path`, is no `noun`; with the nearest known name as a fix."""
    place = bound.place(*path)
    match = closest(name, known)
    fix = None
    if match is not None and isinstance(place.value, Scalar) and place.value.text.count(name) == 1:
        text = place.value.text.replace(name, match)
        quoted = text if place.value.plain else f'"{text}"'
        fix = Fix(f"write `{match}`", (Edit(place.value.span, quoted),), Applicability.UNSAFE)
    return diagnose(
        code,
        f"there is no {noun} `{name}`",
        place.span,
        related=(*place.related, *related),
        path=format_path(place.path),
        hints=did_you_mean(name, known, noun),
        fix=fix,
    )


def _itself(bound: Bound[Comb], path: Path, name: str) -> Diagnostic:
    place = bound.place(*path)
    message = f"the operator `{name}` names itself"
    hints = ("name the other operators only",)
    return diagnose(codes.REPEATED_ITEM, message, place.span, path=format_path(place.path), hints=hints)
