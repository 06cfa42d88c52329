"""Whether a candidate has room beside the stable release: in a rollout both run."""

from collections import Counter
from collections.abc import Iterator, Sequence

from comb_compiler.diagnostics import Diagnostic, Label
from comb_compiler.plan.asked import Asked
from comb_compiler.plan.findings import crowded, unaffordable
from comb_compiler.plan.items import item_of, strangers_of
from comb_compiler.plan.model import ClusterPlan, Plan
from comb_compiler.plan.packing import Node, pack
from comb_compiler.plan.quotas import too_much
from comb_compiler.plan.traffic import beside
from comb_compiler.spec import Bound, Comb
from comb_compiler.spec.platform import Platform

__all__ = ["trial_findings"]


def trial_findings(bound: Bound[Comb], on: Bound[Platform], plan: Plan) -> Iterator[Diagnostic]:
    """What a candidate has no room for, on the nodes and in the quota; of a plan that nothing is wrong with.

    `bound` and `on` are what the plan was made of. The candidate's instances are as many as the largest step needs.
    """
    comb = bound.value
    assert comb is not None
    if plan.traffic.rollout is None:
        return
    asked = [Asked(bound, group, {name: comb.operators[name] for name in group.operators}) for group in plan.groups]
    for cluster in plan.clusters:
        tried = beside(cluster.workloads, plan.traffic.rollout.largest)
        both = cluster._replace(workloads=(*cluster.workloads, *tried))
        yield from _on_the_nodes(bound, asked, both)
        yield from _in_the_quota(bound, on, both)


def _on_the_nodes(bound: Bound[Comb], asked: Sequence[Asked], both: ClusterPlan) -> Iterator[Diagnostic]:
    nodes: Counter[Node] = Counter()
    for left in both.fit.left:
        nodes[left.empty] += left.nodes
    strangers = strangers_of(asked)
    items = [item_of(one, one.replicas.least, strangers) for one in both.workloads]
    packed = pack(items, list(nodes.items()))
    if packed.missing:
        missing, total = sum(packed.missing.values()), sum(item.instances for item in items)
        yield crowded(bound, both.cluster, missing, total, is_certain=packed.is_certain)


def _in_the_quota(bound: Bound[Comb], on: Bound[Platform], both: ClusterPlan) -> Iterator[Diagnostic]:
    platform = on.value
    assert platform is not None
    if both.namespace not in platform.namespaces:
        return
    for excess in too_much(both.workloads, platform.namespaces[both.namespace].quota, platform.devices):
        quota = Label(on.place("namespaces", both.namespace, "quota", *excess.where).span, "the quota")
        yield unaffordable(bound, both.cluster, excess, both.namespace, quota)
