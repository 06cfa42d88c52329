"""The views of a comb and of its variants; one that changes nothing which a graph rests on is not analysed again."""

from collections.abc import Iterable, Iterator

from comb_compiler.diagnostics import Diagnostic, codes
from comb_compiler.diagnostics.bounds import bounded
from comb_compiler.graph.analyses import ANALYSES, TIMED, Analysis
from comb_compiler.graph.analyses.usage import check_reach, check_usage, unreached_steps
from comb_compiler.graph.build import build_graph
from comb_compiler.graph.view import View
from comb_compiler.protos.compiled import Protos
from comb_compiler.source import Mapping
from comb_compiler.source.memo import NOTHING_KEPT, Memo
from comb_compiler.spec import Bound, Comb, CombFile
from comb_compiler.spec.comb.operators import Operator
from comb_compiler.spec.variants import Findings

__all__ = ["analyse"]

_WIRED = ("interface", "graph")
_PROMISED = ("sla", "gates")
"""What an analysis looks at beside the operators: what is wired, and how well it has to run."""
_MAY_LEAD_THERE = (codes.UNKNOWN_PORT, codes.MISSING_PORT, codes.TYPE_MISMATCH, codes.BAD_CONDITION)
"""Mistakes where a step may be missing that leads to one which seems to be of no use."""


def analyse(
    file: CombFile, found: Findings, protos: Protos | None = None, memo: Memo = NOTHING_KEPT
) -> tuple[View, ...]:
    """A view of each variant whose fields could be read, the comb as written first; into `found` what is wrong."""
    views: list[View] = []
    analysed: list[View] = []
    may_lead_there = False
    for variant in file.variants:
        if variant.value is None:
            continue
        touched = _touched(views[0].bound, variant) if views else ANALYSES
        if touched != ANALYSES:
            views.append(views[0].of(variant))
            found.add(_analysed(views[-1], touched), variant.overlaid)
            continue
        graph, diagnostics = build_graph(
            variant, protos.schema if protos is not None else None, views[0] if views else None
        )
        view = View(variant, graph, protos, memo)
        views.append(view)
        analysed.append(view)
        said = [*diagnostics, *_analysed(view)]
        may_lead_there = may_lead_there or any(finding.code in _MAY_LEAD_THERE for finding in said)
        found.add(said, variant.overlaid)
    if views and views[0].bound is file.base and not any(view.graph.has_errors for view in analysed):
        for view, unreached in () if may_lead_there else unreached_steps(analysed):
            found.add(check_reach(view, unreached), view.bound.overlaid)
        found.add(check_usage(views))
    return tuple(views)


def _analysed(view: View, analyses: Iterable[Analysis] = ANALYSES) -> Iterator[Diagnostic]:
    found = [finding for analysis in analyses for finding in bounded(analysis(view))]
    unguarded = {finding.path for finding in found if finding.code is codes.UNGUARDED_CONDITION}
    yield from (one for one in found if one.code is not codes.CONSTANT_CONDITION or one.path not in unguarded)


def _touched(base: Bound[Comb], variant: Bound[Comb]) -> tuple[Analysis, ...]:
    """The analyses that may find in a variant what they do not find in the comb as written."""
    if variant.overlaid is None or variant.unsound != base.unsound or not _shares(base, variant, _WIRED):
        return ANALYSES
    assert base.value is not None
    assert variant.value is not None
    overlay = variant.overlaid.overlay
    changed = overlay.get("operators") if isinstance(overlay, Mapping) else None
    before, after = base.value.operators, variant.value.operators
    names = changed.entries if isinstance(changed, Mapping) else {}
    if not all(name in before and name in after and _wiring(before[name]) == _wiring(after[name]) for name in names):
        return ANALYSES
    is_timed_alike = all(_times(before[name]) == _times(after[name]) for name in names)
    return () if is_timed_alike and _shares(base, variant, _PROMISED) else TIMED


def _shares(base: Bound[Comb], variant: Bound[Comb], sections: Iterable[str]) -> bool:
    if not isinstance(base.root, Mapping) or not isinstance(variant.root, Mapping):
        return False
    return all(base.root.get(section) is variant.root.get(section) for section in sections)


def _wiring(operator: Operator) -> tuple[object, ...]:
    return operator.inputs, operator.out, operator.fallback


def _times(operator: Operator) -> tuple[object, ...]:
    return operator.timeout, operator.batch
