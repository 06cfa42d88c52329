"""Where pods come to be by labels and taints: on nodes of their pools, or on others that nothing keeps them off."""

from typing import Any

import pytest

from comb_compiler.plan.model import Workload
from tests.plan.test_planning import CPUS, T4S, planned, platform

OPEN = {**T4S, "labels": {}}
TAINT = {"taints": [{"key": "nvidia.com/gpu", "effect": "NoSchedule"}]}
A10S = {**T4S, "device": "nvidia-a10", "labels": {"card": "a10"}}
ON_A_CARD = {"devices": ["nvidia-t4"], "resources": {"gpu": {"memory": "4Gi"}}}
ON_CPUS: dict[str, Any] = {}


def workload(operator: dict[str, Any], pools: dict[str, dict[str, Any]]) -> tuple[Workload, list[str]]:
    found = planned({"a": operator}, platform(pools))
    (cluster,) = found.plan.clusters
    return cluster.workloads[0], [one.code.name for one in found.diagnostics]


@pytest.mark.parametrize(
    ("operator", "pools", "strays"),
    [
        (ON_CPUS, {"cpus": CPUS, "cards": OPEN}, ("cards",)),
        (ON_CPUS, {"cpus": CPUS, "cards": T4S}, ()),
        (ON_CPUS, {"cpus": CPUS, "cards": {**OPEN, **TAINT}}, ()),
        (ON_CPUS, {"cpus": {**CPUS, "labels": {"pool": "cpu"}}, "cards": OPEN}, ()),
        # What nodes of any pool may have tells nothing, nor does what its own pools have, too.
        (ON_CPUS, {"cpus": CPUS, "cards": {**OPEN, "labels": {"kubernetes.io/os": "linux"}}}, ("cards",)),
        (ON_CPUS, {"cpus": {**CPUS, "labels": {"a": "b"}}, "cards": {**OPEN, "labels": {"a": "b"}}}, ("cards",)),
        (ON_A_CARD, {"cards": OPEN, "others": {**A10S, "labels": {}}}, ("others",)),
        (ON_A_CARD, {"cards": OPEN, "others": A10S}, ()),
        (ON_A_CARD, {"cards": T4S, "others": {**A10S, "labels": {}}}, ()),
        (ON_A_CARD, {"cards": {**OPEN, **TAINT}, "others": {**A10S, "labels": {}, **TAINT}}, ("others",)),
        (ON_A_CARD, {"cards": OPEN, "others": {**A10S, "labels": {}, **TAINT}}, ()),
        (ON_A_CARD, {"cards": OPEN, "others": {**A10S, "labels": {}, "sharing": "dra"}}, ()),
        (ON_A_CARD, {"cards": OPEN, "others": {**A10S, "labels": {}, "sharing": "hami"}}, ("others",)),
        (ON_A_CARD, {"cards": {**OPEN, "sharing": "hami"}, "others": {**A10S, "labels": {}}}, ()),
    ],
)
def test_pods_stray_where_no_taint_and_no_label_keeps_them_off(
    operator: dict[str, Any], pools: dict[str, dict[str, Any]], strays: tuple[str, ...]
) -> None:
    found, codes = workload(operator, pools)
    assert found.strays == strays
    assert codes == ["open-pool"] * len(strays)


def test_what_strays_counts_where_it_may_come_to_be() -> None:
    """The only place beside the card may be taken by one that has no need of it."""
    small = {**CPUS, "nodes": 1, "cpu": 2}
    operators = {
        "a": {"devices": ["cpu"], "resources": {"cpu": 1, "memory": "1Gi"}},
        "b": {**ON_A_CARD, "resources": {"cpu": 8, "memory": "1Gi", "gpu": {"memory": "4Gi"}}},
    }
    for cards, safe in ((OPEN, False), (T4S, True)):
        (cluster,) = planned(operators, platform({"cpus": small, "cards": cards})).plan.clusters
        assert cluster.fit.fits
        assert cluster.fit.safe is safe
