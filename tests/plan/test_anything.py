"""Whatever combs and platforms there are: a plan, the same one each time, with every instance in one place."""

from typing import Any

from hypothesis import given, settings, strategies as st

from comb_compiler.plan.as_json import plans_json
from comb_compiler.plan.model import ClusterPlan
from tests.plan.test_planning import planned, platform

CLASSES = ("nvidia-a10", "nvidia-t4", "cpu")
NAMES = ("a", "b", "c", "a--cpu")
SHARING: tuple[Any, ...] = (
    "exclusive",
    "hami",
    {"backEnd": "time-slicing", "replicas": 4},
    {"backEnd": "mps", "replicas": 2},
)

gpus = st.fixed_dictionaries(
    {},
    optional={
        "count": st.integers(1, 3),
        "memory": st.sampled_from(["1Gi", "9Gi", "40Gi", "25%"]),
        "compute": st.sampled_from(["10%", "50%", "100%"]),
    },
)
resources = st.fixed_dictionaries(
    {},
    optional={
        "cpu": st.sampled_from(["250m", 1, 3, 20]),
        "memory": st.sampled_from(["256Mi", "4Gi", "90Gi"]),
        "gpu": gpus,
    },
)


@st.composite
def operators(draw: st.DrawFn) -> dict[str, dict[str, Any]]:
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=4, unique=True))
    found: dict[str, dict[str, Any]] = {}
    for name in names:
        others = [one for one in names if one != name]
        least = draw(st.integers(0, 5))
        some = st.lists(st.sampled_from(others), max_size=2, unique=True) if others else st.just([])
        found[name] = {
            "resources": draw(resources),
            "devices": draw(st.lists(st.sampled_from(CLASSES), max_size=3, unique=True)),
            "scale": {"min": least, "max": max(1, least + draw(st.integers(0, 4)))},
            "affinity": {
                "with": draw(some),
                "apart": draw(some),
                "require": draw(st.sampled_from([[], [{"zone": "nas-a"}], [{"labels": {"disk": "fast"}}]])),
            },
        }
    return found


@st.composite
def pools(draw: st.DrawFn) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for number in range(draw(st.integers(1, 4))):
        device = draw(st.sampled_from(CLASSES))
        pool: dict[str, Any] = {
            "nodes": draw(st.integers(0, 4)),
            "cpu": draw(st.sampled_from([2, 8, "15500m"])),
            "memory": draw(st.sampled_from(["8Gi", "64Gi"])),
        }
        if device != "cpu":
            pool |= {"device": device, "devices": draw(st.integers(1, 3)), "sharing": draw(st.sampled_from(SHARING))}
        if draw(st.booleans()):
            pool["zone"] = "nas-a"
        found[f"p{number}"] = pool
    return found


def placed(cluster: ClusterPlan) -> dict[str, int]:
    held: dict[str, int] = {}
    for left in cluster.fit.left:
        for name, count in left.instances.items():
            held[name] = held.get(name, 0) + count * left.nodes
    return held


@settings(deadline=None)
@given(operators(), pools())
def test_every_instance_has_one_place_or_is_missing(
    ops: dict[str, dict[str, Any]], nodes: dict[str, dict[str, Any]]
) -> None:
    found = planned(ops, platform(nodes))
    (cluster,) = found.plan.clusters
    assert sum(left.nodes for left in cluster.fit.left) == sum(pool["nodes"] for pool in nodes.values())
    if any(one.code.name == "name-clash" for one in found.diagnostics):
        return
    for one in cluster.workloads:
        assert placed(cluster).get(one.name, 0) + cluster.fit.missing.get(one.name, 0) == one.replicas.least
    assert cluster.fit.fits == (not cluster.fit.missing)
    assert cluster.fit.fits or found.diagnostics


@settings(deadline=None)
@given(operators(), pools())
def test_the_same_is_planned_the_same(ops: dict[str, dict[str, Any]], nodes: dict[str, dict[str, Any]]) -> None:
    first, second = planned(ops, platform(nodes)), planned(ops, platform(nodes))
    assert first.diagnostics == second.diagnostics
    assert plans_json([first.plan]) == plans_json([second.plan])


@settings(deadline=None)
@given(operators(), pools())
def test_the_order_of_pools_does_not_decide_what_fits(
    ops: dict[str, dict[str, Any]], nodes: dict[str, dict[str, Any]]
) -> None:
    turned = dict(reversed(nodes.items()))
    first, second = planned(ops, platform(nodes)), planned(ops, platform(turned))
    (one,), (other,) = first.plan.clusters, second.plan.clusters
    if len({(pool.get("device"), str(pool.get("sharing"))) for pool in nodes.values()}) == len(
        {pool.get("device") for pool in nodes.values()}
    ):  # else two ways to share one class are ordered as the platform names them
        assert [(w.name, w.replicas) for w in one.workloads] == [(w.name, w.replicas) for w in other.workloads]
        assert (one.fit.fits, one.fit.safe) == (other.fit.fits, other.fit.safe)
