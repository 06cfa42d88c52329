"""Names that must be declared elsewhere in the same comb."""

from collections.abc import Iterator

from comb_compiler.diagnostics import Diagnostic, Label, codes
from comb_compiler.diagnostics.model import diagnose
from comb_compiler.source import Path
from comb_compiler.spec.binding import Bound
from comb_compiler.spec.checks.names import unknown_name
from comb_compiler.spec.comb import Comb
from comb_compiler.spec.comb.operators import Operator
from comb_compiler.spec.places import format_path

__all__ = ["check_references"]


def check_references(bound: Bound[Comb], comb: Comb) -> Iterator[Diagnostic]:
    """Models and versions that operators name, and operators that affinity names."""
    for name, operator in comb.operators.items():
        yield from _model(bound, ("operators", name), operator)
        for field, others in (("with", operator.affinity.beside), ("apart", operator.affinity.apart)):
            for index, other in enumerate(others):
                path: Path = ("operators", name, "affinity", field, index)
                if other == name:
                    yield _itself(bound, path, name)
                elif other not in bound.declared("operators") and bound.is_readable("operators"):
                    known = bound.declared("operators")
                    yield unknown_name(bound.place(*path), codes.UNKNOWN_OPERATOR, other, known, "operator")


def _model(bound: Bound[Comb], path: Path, operator: Operator) -> Iterator[Diagnostic]:
    if operator.model is None:
        return
    model, version = operator.model
    at = (*path, "model")
    models = bound.declared("models")
    if model not in models:
        if bound.is_readable("models"):
            yield unknown_name(bound.place(*at), codes.UNKNOWN_MODEL, model, models, "model")
        return
    versions = bound.declared("models", model, "versions")
    if version not in versions and bound.is_readable("models", model, "versions"):
        declared_at = Label(bound.place("models", model).key_span, f"`{model}` is declared here")
        message = f"the model `{model}` has no version `{version}`"
        yield unknown_name(
            bound.place(*at),
            codes.UNKNOWN_VERSION,
            version,
            versions,
            "version",
            message=message,
            related=(declared_at,),
        )


def _itself(bound: Bound[Comb], path: Path, name: str) -> Diagnostic:
    place = bound.place(*path)
    message = f"the operator `{name}` names itself"
    hints = ("name the other operators only",)
    return diagnose(codes.REPEATED_ITEM, message, place.span, path=format_path(place.path), hints=hints)
