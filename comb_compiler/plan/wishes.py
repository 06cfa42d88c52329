"""Wishes that come to nothing: preferences that no node meets, and priorities of operators that share a pod."""

from collections.abc import Iterator

from comb_compiler.diagnostics import Diagnostic
from comb_compiler.plan.asked import CPU, Asked, classes_of, may_use, priority_of
from comb_compiler.plan.findings import one_priority, unmet_preference
from comb_compiler.plan.model import Plan
from comb_compiler.spec import Bound, Comb
from comb_compiler.spec.comb.operators import Preference
from comb_compiler.spec.platform import Platform
from comb_compiler.spec.platform.clusters import NodePool

__all__ = ["wish_findings"]


def wish_findings(bound: Bound[Comb], on: Bound[Platform], plan: Plan) -> Iterator[Diagnostic]:
    """What operators wish and do not get. `bound` and `on` are what the plan was made of."""
    comb, platform = bound.value, on.value
    assert comb is not None
    assert platform is not None
    for group in plan.groups:
        asked = Asked(bound, group, {name: comb.operators[name] for name in group.operators})
        yield from _priorities(asked, platform)
        yield from _preferences(asked, platform)


def _priorities(asked: Asked, platform: Platform) -> Iterator[Diagnostic]:
    chosen = priority_of(asked, platform.priorities)
    if chosen is None:
        return
    for other, operator in asked.operators.items():
        if operator.priority not in (None, asked.operators[chosen].priority):
            yield one_priority(asked, chosen, other)


def _preferences(asked: Asked, platform: Platform) -> Iterator[Diagnostic]:
    """A preference may be for the nodes of one cluster: it is in vain where those of none meet it."""
    classes = classes_of(asked)
    pools = [
        pool
        for cluster in platform.clusters.values()
        for pool in cluster.node_pools.values()
        if (pool.device or CPU) in classes and may_use(asked, pool)
    ]
    for name, operator in asked.operators.items():
        for index, wish in enumerate(operator.affinity.prefer):
            if not any(_is_met(wish, pool) for pool in pools):
                yield unmet_preference(asked, name, index)


def _is_met(wish: Preference, pool: NodePool) -> bool:
    return (wish.zone is None or wish.zone == pool.zone) and wish.labels.items() <= pool.labels.items()
