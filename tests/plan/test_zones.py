"""A workspace that is shared in a zone keeps a comb in one zone of a cluster: which, and what if none will do."""

from typing import Any

import yaml

from comb_compiler.plan.model import ClusterPlan
from comb_compiler.plan.planning import Planned, plan_comb
from tests.plan.test_planning import CPUS, HEAD, T4S, bound, platform

ZONES = {"nas-a": {"storageClass": "a", "nodeLabels": {"room": "a"}}, "nas-b": {"storageClass": "b"}}
A, B = {"zone": "nas-a"}, {"zone": "nas-b"}


def planned(operators: dict[str, dict[str, Any]], pools: dict[str, dict[str, Any]], shared: str = "zone") -> Planned:
    whole = {name: {"run": "m:A", "out": "ocr.v1.B", **fields} for name, fields in operators.items()}
    storage = {"workspace": {"size": "1Gi", "shared": shared}}
    comb = bound(yaml.safe_dump({**HEAD, "operators": whole, "storage": storage}, sort_keys=False).encode())
    return plan_comb(comb, platform(pools, zones=ZONES), "production", operators)


def only(found: Planned) -> ClusterPlan:
    (cluster,) = found.plan.clusters
    return cluster


def pools_of(cluster: ClusterPlan) -> set[str]:
    return {pool for one in cluster.workloads for pool in one.pools}


def test_all_of_it_runs_in_one_zone_which_has_room_for_it() -> None:
    operators = {"a": {"devices": ["cpu"], "resources": {"cpu": 6}}, "b": {"devices": ["cpu"], "resources": {"cpu": 6}}}
    small, large = {**CPUS, **A, "nodes": 1}, {**CPUS, **B, "nodes": 3, "labels": {"room": "b"}}
    found = planned(operators, {"small": small, "large": large, "nowhere": CPUS})
    assert not found.diagnostics
    assert only(found).zone == "nas-b"
    assert pools_of(only(found)) == {"large"}
    assert pools_of(only(planned(operators, {"small": small, "large": large}, "pod"))) == {"small", "large"}


def test_the_zone_with_the_better_devices_is_chosen_although_another_comes_first() -> None:
    operators = {"a": {"devices": ["nvidia-t4", "cpu"], "resources": {"gpu": {"memory": "1Gi"}}}}
    found = planned(operators, {"cpus": {**CPUS, **A}, "t4s": {**T4S, **B, "labels": {"gpu": "on"}}})
    assert only(found).zone == "nas-b"
    assert [one.device for one in only(found).workloads] == ["nvidia-t4"]


def test_of_zones_that_are_alike_the_one_that_is_preferred_is_chosen() -> None:
    pools = {"a": {**CPUS, **A}, "b": {**CPUS, **B, "labels": {"room": "b"}}}
    assert only(planned({"a": {}}, pools)).zone == "nas-a"
    wish = {"a": {"affinity": {"prefer": [{"zone": "nas-b", "weight": 10}]}}}
    assert only(planned(wish, pools)).zone == "nas-b"


def test_a_zone_that_an_operator_requires_is_taken_and_two_of_them_cannot_be() -> None:
    pools = {"a": {**CPUS, **A}, "b": {**CPUS, **B, "labels": {"room": "b"}}}
    in_b = {"affinity": {"require": [{"zone": "nas-b"}]}}
    assert only(planned({"a": in_b, "b": {}}, pools)).zone == "nas-b"
    torn = planned({"a": in_b, "b": {"affinity": {"require": [{"zone": "nas-a"}]}}}, pools)
    (finding,) = torn.diagnostics
    assert finding.code.id == "COMB4104"
    assert [label.text for label in finding.related] == ["this keeps all pods in one zone"]


def test_what_does_not_fit_into_one_zone_is_told_though_the_cluster_has_room() -> None:
    operators = {"a": {"resources": {"cpu": 8}, "scale": {"min": 3}}}
    pools = {"a": {**CPUS, **A, "nodes": 2}, "b": {**CPUS, **B, "nodes": 2, "labels": {"room": "b"}}}
    (finding,) = planned(operators, pools).diagnostics
    assert finding.code.id == "COMB4105"
    assert finding.related[-1].text == "this keeps all pods in one zone"
    assert not planned(operators, pools, "pod").diagnostics


def test_a_zone_that_is_the_whole_cluster_needs_no_labels() -> None:
    assert not planned({"a": {}}, {"b": {**CPUS, **B}}).diagnostics
    (finding,) = planned({"a": {}}, {"b": {**CPUS, **B}, "c": CPUS}).diagnostics
    assert finding.code.id == "COMB4111"
