"""The views of a comb and of its variants; one that changes nothing which a graph rests on is not analysed again."""

from collections.abc import Iterable, Iterator

from comb_compiler.diagnostics import Diagnostic, codes
from comb_compiler.diagnostics.bounds import bounded
from comb_compiler.graph.analyses import ANALYSES
from comb_compiler.graph.analyses.together import check_together
from comb_compiler.graph.analyses.usage import check_reach, check_usage, unreached_steps
from comb_compiler.graph.build import build_graph
from comb_compiler.graph.changes import find_changes
from comb_compiler.graph.conditions import Parsed
from comb_compiler.graph.view import View
from comb_compiler.protos.compiled import Protos
from comb_compiler.source.memo import NOTHING_KEPT, Memo
from comb_compiler.spec import CombFile
from comb_compiler.spec.variants import Findings

__all__ = ["analyse"]

_MAY_LEAD_THERE = (codes.UNKNOWN_PORT, codes.MISSING_PORT, codes.TYPE_MISMATCH, codes.BAD_CONDITION)
"""Mistakes where a step may be missing that leads to one which seems to be of no use."""
_MISNAMED = (codes.UNKNOWN_KEY, codes.DUPLICATE_KEY)
"""Keys that were probably meant to be another."""
_USERS = ("operators.", "graph.", "experiment.")
"""Where things are used: a key there that is misnamed may be meant to use what seems to be of no use."""


def analyse(
    file: CombFile, found: Findings, protos: Protos | None = None, memo: Memo = NOTHING_KEPT
) -> tuple[View, ...]:
    """A view of each variant whose fields could be read, the comb as written first; into `found` what is wrong."""
    views: list[View] = []
    analysed: list[View] = []
    may_lead_there = False
    constant: list[tuple[View, Diagnostic]] = []
    for variant in file.variants:
        if variant.value is None:
            continue
        changes = find_changes(views[0], variant) if views else None
        if changes is not None and changes.is_nothing:
            views.append(views[0].of(variant))
            continue
        if changes is not None and changes.is_wired_alike:
            graph, diagnostics = changes.base.graph, list[Diagnostic]()
        else:
            graph, diagnostics = build_graph(variant, protos.schema if protos is not None else None, changes)
        view = View(variant, graph, protos, memo, changes)
        views.append(view)
        analysed.append(view)
        said = [*diagnostics, *_not_misspelt(_analysed(view), view, found.all)]
        may_lead_there = may_lead_there or any(finding.code in _MAY_LEAD_THERE for finding in said)
        constant += ((view, one) for one in said if one.code is codes.CONSTANT_CONDITION)
        found.add((one for one in said if one.code is not codes.CONSTANT_CONDITION), variant.overlaid)
    for view, finding in constant:
        found.add((finding,) if _is_constant_in_all(view, finding, analysed) else (), view.bound.overlaid)
    for finding, overlaid in check_together(views[0], analysed) if views else ():
        found.add((finding,), overlaid)
    if views and views[0].bound is file.base and not any(view.graph.has_errors for view in analysed):
        for view, unreached in () if may_lead_there else unreached_steps(analysed):
            found.add(bounded(check_reach(view, unreached)), view.bound.overlaid)
        if not any(one.code in _MISNAMED and one.path.startswith(_USERS) for one in found.all):
            found.add(bounded(check_usage(views)))
    return tuple(views)


def _is_constant_in_all(of: View, finding: Diagnostic, analysed: Iterable[View]) -> bool:
    """Whether the condition decides nothing in any variant: what is always there in one may be optional in another."""
    name = finding.path.removeprefix("graph.").partition(".")[0]
    condition = _condition(of, name)
    if condition is None:
        return True
    return all(view.constancy(condition) is not None for view in analysed if _condition(view, name) == condition)


def _condition(view: View, name: str) -> Parsed | None:
    step = view.graph.steps.get(name)
    return step.condition.parsed if step is not None and step.condition is not None else None


def _analysed(view: View) -> Iterator[Diagnostic]:
    found = [finding for analysis in ANALYSES for finding in bounded(analysis(view))]
    unguarded = {finding.path for finding in found if finding.code is codes.UNGUARDED_CONDITION}
    yield from (one for one in found if one.code is not codes.CONSTANT_CONDITION or one.path not in unguarded)


def _not_misspelt(said: Iterable[Diagnostic], view: View, found: Iterable[Diagnostic]) -> Iterator[Diagnostic]:
    """`said` without steps that seem to have no timeout, where a misnamed key may be meant to be it."""
    owners = {one.path.rpartition(".")[0] for one in found if one.code in _MISNAMED}
    steps = view.graph.steps.values() if owners else ()
    spared = {at for one in steps if (at := f"graph.{one.name}") in owners or f"operators.{one.operator}" in owners}
    yield from (one for one in said if one.code is not codes.UNBOUNDED_STEP or one.path not in spared)
