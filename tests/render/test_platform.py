"""What a cluster is told once for all combs, and what Flux is told of each."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from comb_compiler.compiler.render import render_platforms
from comb_compiler.render.manifest import Cause, Manifest, cause_of
from comb_compiler.render.platform import RenderedPlatform, source_objects
from comb_compiler.spec.checks.patches import KINDS
from comb_compiler.spec.platform import Platform
from comb_compiler.spec.platform.notifications import NotificationType
from tests.cluster import schemas
from tests.compiler.test_release import BASE

GPU: dict[str, Any] = {"nodes": 1, "cpu": 8, "memory": "64Gi", "device": "nvidia-a10", "devices": 2}
MIG = {"memory": "5Gi", "compute": "14%", "perDevice": 7}


def platform(**more: Any) -> Platform:
    return Platform.model_validate(
        {
            "apiVersion": "comb.dev/v1",
            "kind": "Platform",
            "metadata": {"name": "acme"},
            "devices": {"nvidia-a10": {"memory": "22Gi", "mig": {"1g.5gb": MIG}}},
            "clusters": {
                "east": {"nodePools": {"cpus": {"nodes": 2, "cpu": 4, "memory": "16Gi"}}},
                "west": {"nodePools": {"cpus": {"nodes": 2, "cpu": 4, "memory": "16Gi"}}},
                "idle": {"nodePools": {"cpus": {"nodes": 2, "cpu": 4, "memory": "16Gi"}}},
            },
            "namespaces": {"vision": {}, "audio": {}, "unused": {}},
            "environments": {
                "staging": {"clusters": ["west"], "namespace": "audio"},
                "production": {"clusters": ["east", "west"], "namespace": "vision"},
            },
            "environmentRepository": {"url": "https://git.acme.example/environments.git"},
            "registry": {"push": "registry.acme.example/combs"},
            **more,
        }
    )


def rendered(cluster: str = "east", **more: Any) -> RenderedPlatform:
    return next(one for one in render_platforms(platform(**more)) if one.cluster == cluster)


def of_kind(kind: str, manifests: tuple[Manifest, ...]) -> dict[str, Mapping[str, Any]]:
    return {
        one.object["metadata"]["name"]: one.object
        for one in manifests
        if one.object["kind"] == kind and one.file != "kustomization.yaml"
    }


def test_a_cluster_that_no_environment_is_on_is_told_nothing() -> None:
    assert [one.cluster for one in render_platforms(platform())] == ["east", "west"]


def test_namespaces_are_those_of_its_environments_restricted_and_never_removed() -> None:
    assert [*of_kind("Namespace", rendered("east").manifests)] == ["vision"]
    found = of_kind("Namespace", rendered("west").manifests)
    assert sorted(found) == ["audio", "vision"]
    for one in found.values():
        assert one["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
        assert one["metadata"]["annotations"] == {"kustomize.toolkit.fluxcd.io/prune": "disabled"}


def test_priorities_are_classes_that_no_pod_has_unasked() -> None:
    found = of_kind(
        "PriorityClass",
        rendered(priorities={"high": {"value": 9, "default": True}, "low": {"value": -1, "preempts": False}}).manifests,
    )
    assert {name: (one["value"], one["preemptionPolicy"]) for name, one in found.items()} == {
        "comb-high-9": (9, "PreemptLowerPriority"),
        "comb-low--1-waits": (-1, "Never"),
    }
    assert not any("globalDefault" in one for one in found.values())


@pytest.mark.parametrize(
    ("sharing", "hard"),
    [
        ("exclusive", {"requests.nvidia.com/gpu": "3"}),
        ("hami", {"requests.nvidia.com/gpumem": str(3 * 22 * 1024), "requests.nvidia.com/gpucores": "300"}),
        ({"backEnd": "time-slicing", "replicas": 4}, {"requests.nvidia.com/gpu": "12"}),
        (
            {"backEnd": "mps", "replicas": 2, "resource": "nvidia.com/gpu.shared"},
            {"requests.nvidia.com/gpu.shared": "6"},
        ),
        ("mig", {"requests.nvidia.com/mig-1g.5gb": "21"}),
        ("dra", {"gpu.nvidia.com.deviceclass.resource.k8s.io/devices": "3"}),
    ],
    ids=str,
)
def test_a_quota_counts_devices_as_the_back_end_does(sharing: Any, hard: dict[str, str]) -> None:
    clusters = {"east": {"nodePools": {"a10": {**GPU, "sharing": sharing}}}}
    environments = {"production": {"clusters": ["east"], "namespace": "vision"}}
    namespaces = {"vision": {"quota": {"devices": {"nvidia-a10": 3}}}}
    made = rendered(clusters=clusters, environments=environments, namespaces=namespaces)
    assert of_kind("ResourceQuota", made.manifests)["comb"]["spec"]["hard"] == hard


def test_where_cores_are_counted_a_container_that_asks_for_none_counts_for_some() -> None:
    made = rendered(namespaces={"vision": {"quota": {"cpu": "1500m"}}})
    (quota,) = [one for one in made.manifests if one.object["kind"] == "ResourceQuota"]
    assert quota.object["spec"]["hard"] == {"requests.cpu": "1500m"}
    assert cause_of(quota, ("spec", "hard", "requests.cpu")) == Cause.platform("namespaces", "vision", "quota", "cpu")
    (limits,) = of_kind("LimitRange", made.manifests).values()
    assert limits["spec"]["limits"] == [{"type": "Container", "defaultRequest": {"cpu": "100m"}}]


def test_all_objects_are_listed_and_flux_applies_the_list() -> None:
    made = rendered(priorities={"high": {"value": 9}})
    *others, listing = made.manifests
    assert listing.file == "kustomization.yaml"
    assert listing.object["resources"] == sorted(one.file for one in others)
    (flux,) = made.flux
    assert flux.object["spec"]["path"] == f"./{made.directory}"


def test_who_is_to_hear_of_an_environment_hears_of_all_its_combs() -> None:
    notifications = {
        "everybody": {"type": "slack", "secret": "address"},
        "testers": {"type": "slack", "secret": "testers", "environments": ["staging"]},
    }
    east, west = (rendered(cluster, notifications=notifications).flux for cluster in ("east", "west"))
    assert sorted(of_kind("Alert", east)) == ["comb-everybody"]
    assert of_kind("Provider", west)["comb-testers"]["spec"] == {"type": "slack", "secretRef": {"name": "testers"}}
    told = {
        name: [source["matchLabels"]["comb.dev/environment"] for source in one["spec"]["eventSources"]]
        for name, one in of_kind("Alert", west).items()
    }
    assert told == {"comb-everybody": ["staging", "production"], "comb-testers": ["staging"]}


def test_what_may_be_told_is_what_flux_can_tell() -> None:
    kinds = json.loads(schemas.FILE.read_text(encoding="utf-8"))["kinds"]
    [spec] = [kind["properties"]["spec"] for name, kind in kinds.items() if name.endswith(" Provider")]
    assert sorted(NotificationType) == sorted(spec["properties"]["type"]["enum"])


def test_a_comb_has_a_kustomization_of_its_own_after_the_platforms() -> None:
    made = BASE.flux.object
    assert BASE.flux_file == "clusters/east/_flux/vision.ocr.yaml"
    assert (made["metadata"]["name"], made["metadata"]["namespace"]) == ("vision.ocr", "flux-system")
    assert made["metadata"]["labels"]["comb.dev/environment"] == "production"
    spec = made["spec"]
    assert (spec["path"], spec["targetNamespace"]) == (f"./{BASE.directory}", "vision")
    (platform_flux,) = rendered().flux
    (waits_for,) = spec["dependsOn"]
    assert waits_for["name"] == platform_flux.object["metadata"]["name"]
    assert "readyExpr" in waits_for  # else each commit has all combs wait for half a minute
    assert (spec["prune"], spec["wait"]) == (True, True)


def test_what_flux_is_told_by_hand_fetches_only_what_is_the_clusters_and_knows_who_may_commit() -> None:
    repository = {"url": "ssh://git@git.acme.example/environments.git", "branch": "live"}
    told = platform(environmentRepository=repository)
    source, root = (one.object for one in source_objects(told, "west", "git-key", "comb-publishers"))
    assert [schemas.offences(dict(one)) for one in (source, root)] == [[], []]
    assert source["spec"]["sparseCheckout"] == ["clusters/west"]
    assert (source["spec"]["url"], source["spec"]["ref"]) == (repository["url"], {"branch": "live"})
    assert source["spec"]["secretRef"] == {"name": "git-key"}
    assert source["spec"]["verify"] == {"mode": "HEAD", "secretRef": {"name": "comb-publishers"}}
    assert root["spec"]["path"] == "./clusters/west/_flux"
    (sourced,) = {json.dumps(one["spec"]["sourceRef"]) for one in (root, BASE.flux.object, rendered().flux[0].object)}
    assert json.loads(sourced) == {"kind": source["kind"], "name": source["metadata"]["name"]}
    assert "verify" not in next(source_objects(told, "west")).object["spec"]


def test_a_patch_may_be_for_the_platforms_objects() -> None:
    patch = {
        "why": "Ours.",
        "target": {"kind": "Namespace", "name": "vision"},
        "merge": {"metadata": {"labels": {"mesh": "on"}}},
    }
    made = rendered(patches={"meshed": patch})
    (namespace,) = [one for one in made.manifests if one.object["kind"] == "Namespace"]
    assert namespace.object["metadata"]["labels"]["mesh"] == "on"
    cause = cause_of(namespace, ("metadata", "labels", "mesh"))
    assert cause == Cause.platform("patches", "meshed", "merge", "metadata", "labels", "mesh")


def test_the_kinds_that_patches_may_name_are_those_that_are_rendered() -> None:
    notifications = {"all": {"type": "slack", "secret": "address"}}
    quota = {"vision": {"quota": {"cpu": 3}}}
    made = rendered(notifications=notifications, namespaces=quota, priorities={"high": {"value": 9}})
    manifests = (*made.manifests, *made.flux, *BASE.manifests, BASE.flux)
    assert {one.object["kind"] for one in manifests} <= set(KINDS)
