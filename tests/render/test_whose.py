"""What operators that share a pod caused: the one whose word counts is named."""

from pathlib import Path
from typing import Any

from comb_compiler.render.manifest import Cause, Manifest, cause_of
from tests.render.rendering import rendered

OPERATORS: dict[str, Any] = {
    "find": {
        "resources": {"cpu": 1},
        "priority": "low",
        "scale": {"min": 2, "max": 3, "targets": {"cpu": "80%", "queue": 4}},
    },
    "read": {
        "devices": ["cpu"],
        "resources": {"memory": "1Gi"},
        "affinity": {"prefer": [{"labels": {"disk": "fast"}}], "apart": ["score"], "with": ["find"]},
        "priority": "high",
        "scale": {"min": 1, "max": 8, "targets": {"cpu": "60%", "queries": {"load": {"query": "up", "target": 3}}}},
    },
    "tidy": {"affinity": {"with": ["find"]}, "priority": "low", "scale": {"pace": "fast"}},
    "score": {"devices": ["cpu"]},
}
PLATFORM: dict[str, Any] = {"priorities": {"high": {"value": 10}, "low": {"value": 1}}}


def cause(made: Manifest, *pointer: str | int) -> tuple[str | int, ...]:
    found = cause_of(made, pointer)
    assert found.written == Cause.comb().written
    return found.path[1:]


def named(made: tuple[Manifest, ...], kind: str) -> Manifest:
    return next(one for one in made if one.file == f"{kind.lower()}-ocr--find--cpu.yaml")


def test_each_part_belongs_to_the_operator_whose_word_counts(tmp_path: Path) -> None:
    cluster = {"autoscaling": "keda", "prometheus": {"url": "http://prometheus:9090", "exporter": "dcgm"}}
    text = {"in": {"frame": "ocr.v1.Text"}}
    operators = {name: {**said, **({} if name == "find" else text)} for name, said in OPERATORS.items()}
    graph = {"a": "find(frame=$request)", "b": "read(frame=a)", "c": "tidy(frame=b)", "d": "score(frame=c)"}
    made = rendered(tmp_path, operators, PLATFORM, cluster, graph={**graph, "return": "d"})
    deployment = named(made, "Deployment")
    pod = ("spec", "template", "spec")
    assert deployment.object["spec"]["template"]["spec"]["priorityClassName"] == "comb-high-10"
    assert cause(deployment, *pod, "priorityClassName") == ("read", "priority")
    requests = (*pod, "containers", 0, "resources", "requests")
    assert cause(deployment, *requests, "cpu") == ("find", "resources", "cpu")
    assert cause(deployment, *requests, "memory") == ("read", "resources", "memory")
    affinity, required = (*pod, "affinity"), "requiredDuringSchedulingIgnoredDuringExecution"
    preferred = required.replace("required", "preferred")
    assert cause(deployment, *affinity, "nodeAffinity", preferred) == ("read", "affinity", "prefer")
    assert cause(deployment, *affinity, "podAntiAffinity", required) == ("read", "affinity", "apart")
    scaled = named(made, "ScaledObject")
    spec = scaled.object["spec"]
    assert (spec["minReplicaCount"], spec["maxReplicaCount"]) == (2, 8)
    assert cause(scaled, "spec", "minReplicaCount") == ("find", "scale", "min")
    assert cause(scaled, "spec", "maxReplicaCount") == ("read", "scale", "max")
    behavior = ("spec", "advanced", "horizontalPodAutoscalerConfig", "behavior")
    assert cause(scaled, *behavior, "scaleUp") == ("tidy", "scale", "pace")
    assert [cause(scaled, "spec", "triggers", index) for index in range(len(spec["triggers"]))] == [
        ("read", "scale", "targets", "cpu"),
        ("find", "scale", "targets", "queue"),
        ("read", "scale", "targets", "queries", "load"),
    ]
