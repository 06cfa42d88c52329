"""Every pod runs a process that its plan has, and reaches its peers by Services that are there."""

import json
from pathlib import Path
from typing import Any

from comb_compiler.render import Manifest
from tests.render.rendering import of_kind, rendered


def arguments(made: tuple[Manifest, ...]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for one in of_kind(made, "Deployment"):
        [container] = one["spec"]["template"]["spec"]["containers"]
        found[one["metadata"]["name"]] = container["args"]
    return found


def plan(made: tuple[Manifest, ...]) -> dict[str, Any]:
    [found] = [one["data"]["plan.json"] for one in of_kind(made, "ConfigMap") if "plan.json" in one["data"]]
    read: dict[str, Any] = json.loads(found)
    return read


def test_a_step_that_the_answer_does_not_rest_on_gets_no_pod(tmp_path: Path) -> None:
    cpu = {"devices": ["cpu"]}
    made = rendered(tmp_path, {"find": cpu, "read": cpu, "idle": cpu}, graph={
        "found": "find(frame=$request)",
        "spare": "idle(frame=$request)",
        "return": "found",
    })  # fmt: skip
    told = {one.removeprefix("--process=") for said in arguments(made).values() for one in said if "--process=" in one}
    assert told == {one["name"] for one in plan(made)["processes"]} == {"ocr"}


def test_peers_are_told_by_services_that_are_there(tmp_path: Path) -> None:
    passes = {"out": "ocr.v1.Frame", "devices": ["cpu"]}
    graph = {
        "found": "find(frame=$request)",
        "text": "read(frame=found)",
        "tidied": "tidy(frame=text)",
        "return": "tidied",
    }
    made = rendered(tmp_path, {"find": passes, "read": passes, "tidy": {}}, graph=graph)
    services = {one["metadata"]["name"]: one["spec"] for one in of_kind(made, "Service")}
    peers = [one.removeprefix("--peer=") for one in arguments(made)["ocr"] if one.startswith("--peer=")]
    assert [one.partition("=")[0] for one in peers] == ["ocr--find", "ocr--read"]
    for one in peers:
        name, _, address = one.partition("=")
        assert address == f"{name}.vision.svc:50051"
        assert {"name": "grpc", "port": 50051, "targetPort": "grpc", "appProtocol": "grpc"} in services[name]["ports"]
        assert services[name]["selector"] == {"comb.dev/process": name}


def test_a_process_with_the_graph_alone_has_a_limit_of_memory(tmp_path: Path) -> None:
    """Nothing in comb.yaml could give it one, which a policy may ask of all."""
    own = {"devices": ["cpu"], "resources": {"cpu": 1, "memory": "2Gi"}}
    made = rendered(tmp_path, {"find": {**own, "out": "ocr.v1.Frame"}, "read": own}, graph={
        "found": "find(frame=$request)",
        "text": "read(frame=found)",
        "return": "text",
    })  # fmt: skip
    limits = {}
    for one in of_kind(made, "Deployment"):
        [container] = one["spec"]["template"]["spec"]["containers"]
        limits[one["metadata"]["name"]] = container["resources"]["limits"]["memory"]
    assert limits == {"ocr": "4Gi", "ocr--find--cpu": "2Gi", "ocr--read--cpu": "2Gi"}
