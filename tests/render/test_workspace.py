"""The workspace that operators leave files in: the pod's own, or a claim on the file system of the zone they run in."""

from pathlib import Path
from typing import Any

import pytest

from comb_compiler.render import Cause, Manifest, cause_of
from tests.render.rendering import CPUS, of_kind, rendered

ZONES = {"nas-a": {"storageClass": "fast", "nodeLabels": {"room": "a"}}}
CLUSTER = {"zones": ZONES, "nodePools": {"elsewhere": CPUS, "here": {**CPUS, "zone": "nas-a"}}}


def pod(made: tuple[Manifest, ...]) -> dict[str, Any]:
    [deployment] = of_kind(made, "Deployment")
    found: dict[str, Any] = deployment["spec"]["template"]["spec"]
    return found


def volume(made: tuple[Manifest, ...]) -> dict[str, Any]:
    [found] = [one for one in pod(made)["volumes"] if one["name"] == "workspace"]
    return {name: value for name, value in found.items() if name != "name"}


def test_a_shared_one_is_a_claim_on_the_zone_and_pods_must_be_there(tmp_path: Path) -> None:
    storage = {"workspace": {"size": "50Gi", "shared": "zone"}}
    made = rendered(tmp_path, {"find": {}}, cluster=CLUSTER, storage=storage)
    [claim] = of_kind(made, "PersistentVolumeClaim")
    assert claim["spec"]["accessModes"] == ["ReadWriteMany"]
    assert claim["spec"]["storageClassName"] == "fast"
    assert claim["spec"]["resources"]["requests"] == {"storage": "50Gi"}
    assert volume(made) == {"persistentVolumeClaim": {"claimName": claim["metadata"]["name"]}}
    required = pod(made)["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    labels = [{"key": "room", "operator": "In", "values": ["a"]}]
    assert required == {"nodeSelectorTerms": [{"matchExpressions": labels}]}
    [manifest] = [one for one in made if one.object is claim]
    size = cause_of(manifest, ("spec", "resources", "requests", "storage"))
    assert size == Cause.comb("storage", "workspace", "size")
    of_class = cause_of(manifest, ("spec", "storageClassName"))
    assert of_class == Cause.platform("clusters", "east", "zones", "nas-a", "storageClass")


def test_one_of_a_pod_is_on_its_node_and_bounded(tmp_path: Path) -> None:
    made = rendered(tmp_path, {"find": {}}, cluster=CLUSTER, storage={"workspace": {"size": "2Gi"}})
    assert not list(of_kind(made, "PersistentVolumeClaim"))
    assert volume(made) == {"emptyDir": {"sizeLimit": "2Gi"}}
    assert "affinity" not in pod(made)


@pytest.mark.parametrize("storage", [{}, {"workspace": {"size": "1Gi"}}])
def test_whatever_a_pod_writes_on_its_node_is_bounded(tmp_path: Path, storage: dict[str, Any]) -> None:
    found = [
        one["emptyDir"]
        for one in pod(rendered(tmp_path, {"find": {}}, storage=storage))["volumes"]
        if "emptyDir" in one
    ]
    assert found
    assert all("sizeLimit" in one for one in found)


def test_a_long_zone_keeps_the_claims_name_within_bounds(tmp_path: Path) -> None:
    zone = "z" * 63
    cluster = {"zones": {zone: ZONES["nas-a"]}, "nodePools": {"here": {**CPUS, "zone": zone}}}
    storage = {"workspace": {"size": "1Gi", "shared": "zone"}}
    made = rendered(tmp_path, {"find": {}}, cluster=cluster, storage=storage)
    [claim] = of_kind(made, "PersistentVolumeClaim")
    assert len(claim["metadata"]["name"]) == 63
    assert volume(made)["persistentVolumeClaim"]["claimName"] == claim["metadata"]["name"]


def test_a_start_waits_for_no_peer_and_an_end_for_its_clients(tmp_path: Path) -> None:
    [container] = pod(rendered(tmp_path, {"find": {}}))["containers"]
    assert container["startupProbe"]["httpGet"]["path"] == "/healthz"
    assert container["livenessProbe"]["httpGet"]["path"] == "/healthz"
    assert container["readinessProbe"]["httpGet"]["path"] == "/readyz"
