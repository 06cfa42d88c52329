"""What is rendered → a side of a comparison, in which each part knows the line that caused it."""

from collections.abc import Callable, Mapping, Sequence

from comb_compiler.changes.model import Side
from comb_compiler.changes.sides import side_of_manifests
from comb_compiler.compiler.render import Rendered, RenderedCluster
from comb_compiler.diagnostics import Span
from comb_compiler.render.layout import PLAN_FILE, WEIGHTS_FILE
from comb_compiler.render.manifest import Cause, Manifest, Pointer, Written, cause_of
from comb_compiler.spec import Bound, Comb

__all__ = ["side_of_rendered"]

_ARMS = "arms"
_BINDINGS = "bindings"


def side_of_rendered(cluster: RenderedCluster, of: Rendered | None) -> Side:
    """What a cluster is to be told. `of` has the files that its causes are in; without it nobody asks for them."""
    flux = cluster.flux._replace(file=cluster.flux_file)
    return side_of_manifests((*cluster.manifests, flux), _origins(of), cluster.release.subject)


def _origins(of: Rendered | None) -> Callable[[Manifest, Pointer], Span | None]:
    def origin(made: Manifest, pointer: Pointer) -> Span | None:
        if of is None:
            return None
        cause = _in_text(pointer, of) or cause_of(made, pointer)
        bound = of.comb if cause.written is Written.COMB else of.platform
        return None if bound is None else bound.place(*cause.path).key_span

    return origin


def _in_text(pointer: Pointer, of: Rendered) -> Cause | None:
    """What comb.yaml says of what the execution plan and the weights tell: of steps, operators, models and arms."""
    comb = of.comb.value if of.comb is not None else None
    file = next((one for one in (PLAN_FILE, WEIGHTS_FILE) if one in pointer), None)
    if of.comb is None or comb is None or file is None:
        return None
    what, *below = [str(one) for one in pointer[pointer.index(file) + 1 :]] or [""]
    if file == WEIGHTS_FILE:
        return Cause.comb("experiment", what, *below, "weight") if what == _ARMS and below else None
    if what == "experiment":
        return Cause.comb(what, *below)
    if what == "graphs" and below[1:2] == ["nodes"]:
        return Cause.comb("graph", *below[2:3])
    if what != _BINDINGS or not below:
        return None
    name, _, arm = below[0].partition("@")
    return _of_binding(of.comb, comb, name, arm, below[1:]) if name in comb.operators else None


def _of_binding(bound: Bound[Comb], comb: Comb, operator: str, arm: str, below: Sequence[str]) -> Cause:
    """A field of an operator, or of its model: where an arm sets it, there."""
    said = ("operators", operator, *below[:1])
    if tuple(below[:2]) == ("model", "params"):
        name, _, version = _model_of(comb, operator, arm).partition("@")
        said = ("models", name, "versions", version, *below[1:])
    set_by_arm = ("experiment", _ARMS, arm, "set", *said)
    return Cause.comb(*set_by_arm) if said[-1] in bound.declared(*set_by_arm[:-1]) else Cause.comb(*said)


def _model_of(comb: Comb, operator: str, arm: str) -> str:
    found: object = comb.experiment.arms[arm].overlay if comb.experiment and arm in comb.experiment.arms else None
    for key in ("operators", operator, "model"):
        found = found.get(key) if isinstance(found, Mapping) else None
    return str(found or comb.operators[operator].model)
