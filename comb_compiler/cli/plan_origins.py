"""What is rendered → a side of a comparison, in which each part knows the line that caused it."""

from collections.abc import Callable

from comb_compiler.changes.model import Side
from comb_compiler.changes.sides import side_of_manifests
from comb_compiler.compiler.render import Rendered, RenderedCluster
from comb_compiler.diagnostics import Span
from comb_compiler.render.layout import PLAN_FILE
from comb_compiler.render.manifest import Cause, Manifest, Pointer, Written, cause_of
from comb_compiler.spec import Comb

__all__ = ["side_of_rendered"]

_BINDINGS = "bindings"


def side_of_rendered(cluster: RenderedCluster, of: Rendered | None) -> Side:
    """What a cluster is to be told. `of` has the files that its causes are in; without it nobody asks for them."""
    flux = cluster.flux._replace(file=cluster.flux_file)
    return side_of_manifests((*cluster.manifests, flux), _origins(of), cluster.release.subject)


def _origins(of: Rendered | None) -> Callable[[Manifest, Pointer], Span | None]:
    def origin(made: Manifest, pointer: Pointer) -> Span | None:
        if of is None:
            return None
        cause = _in_plan(pointer, of) or cause_of(made, pointer)
        bound = of.comb if cause.written is Written.COMB else of.platform
        return None if bound is None else bound.place(*cause.path).key_span

    return origin


def _in_plan(pointer: Pointer, of: Rendered) -> Cause | None:
    """What comb.yaml says of an operator that the execution plan tells of, and of its model."""
    comb = of.comb.value if of.comb is not None else None
    at = pointer.index(PLAN_FILE) + 1 if PLAN_FILE in pointer else len(pointer)
    if comb is None or pointer[at : at + 1] != (_BINDINGS,) or len(pointer) < at + 2:
        return None
    name, field, *below = (*pointer[at + 1 :], "")
    operator = str(name)
    if operator not in comb.operators:
        return None
    if field == "model":
        return _of_model(comb, operator, tuple(str(one) for one in below if one))
    return Cause.comb("operators", operator, str(field))


def _of_model(comb: Comb, operator: str, below: tuple[str, ...]) -> Cause:
    used = comb.operators[operator].model
    name, _, version = str(used).partition("@")
    if used is None or below[:1] != ("params",):
        return Cause.comb("operators", operator, "model")
    return Cause.comb("models", name, "versions", version, *below)
