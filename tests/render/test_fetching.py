"""Pods that fetch models: what runs before the process, where files are put, and the way that is open for it."""

from pathlib import Path
from typing import Any

from comb_compiler.images.artifacts import _REPOSITORY
from comb_compiler.render import Cause, Manifest, cause_of, layout
from tests.render.rendering import CPUS, of_kind, rendered

SHA256 = "ab" * 32
VERSIONS: dict[str, Any] = {"1.0.0": {"artifact": "large.onnx", "sha256": SHA256}}
FETCHED: dict[str, Any] = {"reader": {"fetch": "start", "versions": VERSIONS}}


def made(directory: Path, models: dict[str, Any], **operator: Any) -> tuple[Manifest, ...]:
    (directory / "large.onnx").write_bytes(b"weights")
    return rendered(directory, {"find": {"model": "reader@1.0.0", **operator}}, models=models)


def pod(manifests: tuple[Manifest, ...]) -> dict[str, Any]:
    [deployment] = of_kind(manifests, "Deployment")
    found: dict[str, Any] = deployment["spec"]["template"]["spec"]
    return found


def egress(manifests: tuple[Manifest, ...]) -> list[Any]:
    return [rule for one in of_kind(manifests, "NetworkPolicy") for rule in one["spec"].get("egress", [])]


def test_a_model_is_fetched_before_the_process_starts(tmp_path: Path) -> None:
    manifests = made(tmp_path, FETCHED, resources={"cpu": 1, "memory": "1Gi"})
    [fetcher], [process] = pod(manifests)["initContainers"], pod(manifests)["containers"]
    assert fetcher["command"] == ["python", "-m", "comb_compiler.runtime.fetching"]
    places = [f"--into={layout.FETCHED}", f"--artifacts={layout.ARTIFACTS}"]
    assert fetcher["args"] == ["registry.acme.example/combs/models", SHA256, *places]
    for same in ("image", "resources", "securityContext"):
        assert fetcher[same] == process[same]
    assert fetcher["volumeMounts"] == [{"name": "models", "mountPath": layout.FETCHED}]
    assert {"name": "models", "mountPath": layout.FETCHED, "readOnly": True} in process["volumeMounts"]
    assert {"name": "models", "emptyDir": {}} in pod(manifests)["volumes"]
    assert {"ports": [{"protocol": "TCP", "port": 443}]} in egress(manifests)
    [deployment] = [one for one in manifests if one.object["kind"] == "Deployment"]
    path = ("spec", "template", "spec", "initContainers", 0, "args", 1)
    assert cause_of(deployment, path) == Cause.comb("models", "reader", "versions", "1.0.0")


def test_no_device_is_asked_for_to_fetch(tmp_path: Path) -> None:
    cards = {"nodes": 2, "cpu": 16, "memory": "64Gi", "device": "nvidia-a10", "devices": 2, "sharing": "hami"}
    cluster = {"nodePools": {"cards": cards, "cpus": CPUS}}
    (tmp_path / "large.onnx").write_bytes(b"weights")
    operator = {"model": "reader@1.0.0", "devices": ["nvidia-a10"], "resources": {"gpu": {"memory": "4Gi"}}}
    manifests = rendered(tmp_path, {"find": operator}, None, cluster, models=FETCHED)
    pods = [one["spec"]["template"]["spec"] for one in of_kind(manifests, "Deployment")]
    (told,) = (one for one in pods if "initContainers" in one)
    assert "nvidia.com" in str(told["containers"][0]["resources"])
    assert told["initContainers"][0]["resources"].keys() == {"requests"}
    assert told["initContainers"][0]["resources"]["requests"].keys() == {"cpu", "memory"}


def test_a_registry_that_wants_to_know_who_asks_is_told_by_a_secret(tmp_path: Path) -> None:
    registry = {"push": "registry.acme.example/combs", "pullSecret": "pulls"}
    (tmp_path / "large.onnx").write_bytes(b"weights")
    told = pod(rendered(tmp_path, {"find": {"model": "reader@1.0.0"}}, {"registry": registry}, models=FETCHED))
    assert told["imagePullSecrets"] == [{"name": "pulls"}]
    [fetcher], [process] = told["initContainers"], told["containers"]
    assert fetcher["env"] == [{"name": "DOCKER_CONFIG", "value": layout.REGISTRY_DIRECTORY}]
    mount = {"name": "registry", "mountPath": layout.REGISTRY_DIRECTORY, "readOnly": True}
    assert mount in fetcher["volumeMounts"]
    assert mount not in process["volumeMounts"]
    items = [{"key": ".dockerconfigjson", "path": "config.json"}]
    assert {"name": "registry", "secret": {"secretName": "pulls", "items": items}} in told["volumes"]
    plain = pod(rendered(tmp_path, {"find": {}}, {"registry": registry}))
    assert plain["imagePullSecrets"] == [{"name": "pulls"}]
    assert not [one for one in plain["volumes"] if one["name"] == "registry"]


def test_what_an_image_has_opens_no_way(tmp_path: Path) -> None:
    manifests = made(tmp_path, {"reader": {"fetch": "build", "versions": VERSIONS}})
    assert "initContainers" not in pod(manifests)
    assert {"ports": [{"protocol": "TCP", "port": 443}]} not in egress(manifests)


def test_an_image_that_an_operator_brings_along_has_its_models(tmp_path: Path) -> None:
    manifests = made(tmp_path, FETCHED, image=f"registry.acme.example/combs/own@sha256:{SHA256}")
    pods = [one["spec"]["template"]["spec"] for one in of_kind(manifests, "Deployment")]
    assert len(pods) == 2
    assert not any("initContainers" in one for one in pods)


def test_models_are_pushed_to_where_they_are_fetched_from() -> None:
    assert _REPOSITORY == layout.MODELS
