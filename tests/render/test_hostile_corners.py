"""Combs and platforms at the edge of what there can be are rendered, or refused with a finding."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from comb_compiler.render import Manifest
from comb_compiler.render.emit import emit
from tests.render.rendering import CPUS, of_kind, rendered

LONGEST = 63
OIP: dict[str, Any] = {
    "oip": {
        "endpoint": "grpc://triton.models:8001",
        "model": "ocr",
        "tensors": {"in": {"image": "frame.image"}, "out": {"lines": "lines"}},
    }
}
GPU = {"devices": ["nvidia-a10"], "resources": {"gpu": {"memory": "1Gi"}}}
POOLS = {
    "cpus": CPUS,
    "gpus": {"nodes": 1, "cpu": 16, "memory": "64Gi", "device": "nvidia-a10", "devices": 8, "sharing": "hami"},
}


def chain(operators: Mapping[str, Mapping[str, Any]]) -> tuple[dict[str, Any], dict[str, str]]:
    """Operators that take what the one before has given, and the graph that they form."""
    *_, last = operators
    made = {
        name: {
            "run": "code:Read",
            "in": {"frame": "ocr.v1.Frame"},
            "out": "ocr.v1.Text" if name == last else "ocr.v1.Frame",
            **said,
        }
        for name, said in operators.items()
    }
    steps = {
        f"step{number}": f"{name}(frame={f'step{number - 1}' if number else '$request'})"
        for number, name in enumerate(operators)
    }
    return made, {**steps, "return": f"step{len(operators) - 1}"}


def test_none_at_rest_where_something_can_wake_them(tmp_path: Path) -> None:
    cluster = {"autoscaling": "keda", "prometheus": {"url": "http://prometheus.monitoring:9090"}}
    scale = {"min": 0, "max": 3, "targets": {"queries": {"waiting": {"query": "sum(waiting)", "target": 4}}}}
    made = rendered(tmp_path, {"read": {"scale": scale}}, cluster=cluster)
    (scaled,) = of_kind(made, "ScaledObject")
    assert (scaled["spec"]["minReplicaCount"], scaled["spec"]["maxReplicaCount"]) == (0, 3)
    assert all("replicas" not in one["spec"] for one in of_kind(made, "Deployment"))
    assert not list(of_kind(made, "PodDisruptionBudget"))


def test_operators_on_model_servers_alone_leave_the_entry(tmp_path: Path) -> None:
    made = rendered(tmp_path, {"read": OIP})
    (deployment,) = of_kind(made, "Deployment")
    assert deployment["metadata"]["name"] == "ocr"


def test_an_operator_that_only_an_arm_calls_has_its_pods(tmp_path: Path) -> None:
    operators, graph = chain({"find": GPU, "read": {}})
    other = {**graph, "step1": "turn(frame=step0)"}
    arms = {"control": {"weight": 90}, "other": {"weight": 10, "set": {"graph": other}}}
    operators["turn"] = {**operators["read"], **GPU}
    experiment = {"key": "header/x-user", "arms": arms}
    made = rendered(tmp_path, operators, cluster={"nodePools": POOLS}, graph=graph, experiment=experiment)
    labels = [one["spec"]["template"]["metadata"]["labels"] for one in of_kind(made, "Deployment")]
    assert {one["comb.dev/process"] for one in labels} == {"ocr", "ocr--find", "ocr--turn"}


def test_a_cluster_without_anything_beside_nodes(tmp_path: Path) -> None:
    made = rendered(tmp_path, {"read": {"scale": {"min": 2, "max": 5}}}, cluster={"autoscaling": "none"})
    assert {one.object["kind"] for one in made} == {
        "ConfigMap", "Deployment", "Kustomization", "NetworkPolicy", "PodDisruptionBudget", "Service", "ServiceAccount",
    }  # fmt: skip
    (deployment,) = of_kind(made, "Deployment")
    assert deployment["spec"]["replicas"] == 2


def of(tmp_path: Path, operators: Mapping[str, Mapping[str, Any]], name: str = "ocr") -> tuple[Manifest, ...]:
    made, graph = chain(operators)
    return rendered(tmp_path, made, cluster={"nodePools": POOLS}, graph=graph, metadata={"name": name, "team": "t"})


def test_names_that_are_too_long_are_cut_and_kept_apart(tmp_path: Path) -> None:
    made = of(tmp_path, dict.fromkeys((f"{'reads-' * 9}{end}" for end in ("one", "two")), GPU), "o" * 40)
    told = [(one.object["kind"], one.object["metadata"]["name"]) for one in made if "metadata" in one.object]
    assert len(set(told)) == len(told)
    assert max(len(name) for _, name in told) <= LONGEST
    assert len({one.file for one in made}) == len(made)
    for deployment in of_kind(made, "Deployment"):
        labels = deployment["spec"]["template"]["metadata"]["labels"]
        assert max(map(len, labels.values())) <= LONGEST
    assert len(list(of_kind(made, "Deployment"))) == len(list(of_kind(made, "Service"))) == 3


def test_five_hundred_operators_with_pods_of_their_own(tmp_path: Path) -> None:
    asked = {"devices": ["nvidia-a10", "cpu"], "scale": {"min": 2, "max": 4, "targets": {"cpu": "70%"}}}
    operators, graph = chain({f"read-{number}": asked for number in range(500)})
    pools = {"cpus": {**CPUS, "nodes": 20}, "gpus": {**POOLS["gpus"], "nodes": 20}}
    begun = time.process_time()
    made = rendered(tmp_path, operators, cluster={"nodePools": pools}, graph=graph)
    assert time.process_time() - begun < 30  # a few seconds, and far more than it takes if anything is quadratic
    names = [(one.object["kind"], one.object["metadata"]["name"]) for one in made if "metadata" in one.object]
    assert len(set(names)) == len(names)
    assert len(list(of_kind(made, "Service"))) == 501
    (config,) = (one for one in of_kind(made, "ConfigMap") if "plan.json" in one["data"])
    assert len(config["data"]["plan.json"]) < 2**20


def test_a_comb_with_another_name_has_no_object_of_the_one_before(tmp_path: Path) -> None:
    told = []
    for name in ("ocr", "reader"):
        (tmp_path / name).mkdir()
        made = of(tmp_path / name, {"find": GPU, "turn": GPU}, name)
        told.append({(one.object["kind"], one.object["metadata"]["name"]) for one in made if "metadata" in one.object})
    assert told[0].isdisjoint(told[1])
    assert len(told[0]) == len(told[1]) > 10


@pytest.mark.slow
def test_five_hundred_operators(tmp_path: Path) -> None:
    """Most in the entry; a process each for those on devices."""
    operators: dict[str, Any] = {f"read{number}": {} for number in range(492)}
    operators |= {f"see{number}": GPU for number in range(8)}
    began = time.process_time()
    made = of(tmp_path, operators)
    took = time.process_time() - began
    assert len(list(of_kind(made, "Service"))) == len(list(of_kind(made, "Deployment"))) == 9
    assert max(len(emit(one.object)) for one in made) < 2**20
    assert took < 60, took
