"""How many pods of a process may go when nodes are emptied."""

from pathlib import Path
from typing import Any

from tests.render.rendering import CPUS, of_kind, rendered


def test_one_pod_of_a_process_may_go_at_a_time_where_there_are_several(tmp_path: Path) -> None:
    made = rendered(tmp_path, {"find": {"scale": {"min": 2}}})
    [budget] = of_kind(made, "PodDisruptionBudget")
    assert budget["spec"]["maxUnavailable"] == 1
    assert budget["spec"]["unhealthyPodEvictionPolicy"] == "AlwaysAllow"
    [deployment] = of_kind(made, "Deployment")
    labels = deployment["spec"]["template"]["metadata"]["labels"]
    assert budget["spec"]["selector"]["matchLabels"].items() <= labels.items()


def test_one_that_is_alone_keeps_no_node_from_being_emptied(tmp_path: Path) -> None:
    assert not list(of_kind(rendered(tmp_path, {"find": {"scale": {"max": 4}}}), "PodDisruptionBudget"))


def test_pods_on_two_classes_of_device_are_counted_together(tmp_path: Path) -> None:
    t4s = {"nodes": 1, "cpu": 16, "memory": "64Gi", "device": "t4", "devices": 1, "labels": {"gpu": "t4"}}
    resources = {"cpu": 1, "gpu": {"memory": "4Gi"}}
    operators: dict[str, Any] = {
        "find": {"out": "ocr.v1.Frame", "devices": ["t4", "cpu"], "resources": resources, "scale": {"min": 2}},
        "read": {"devices": ["cpu"]},
    }
    graph = {"find": "find(frame=$request)", "read": "read(frame=find)", "return": "read"}
    cluster = {"nodePools": {"t4s": t4s, "cpus": CPUS}}
    made = rendered(tmp_path, operators, {"devices": {"t4": {"memory": "15Gi"}}}, cluster, graph=graph)
    found = {one["metadata"]["name"] for one in of_kind(made, "Deployment")}
    assert {"ocr--find--t4", "ocr--find--cpu"} < found
    [budget] = of_kind(made, "PodDisruptionBudget")
    assert budget["spec"]["selector"] == {"matchLabels": {"comb.dev/process": "ocr--find"}}
