"""A real API server takes every object that is rendered, its fields strictly checked, and the pods it leads to."""

import copy
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.api import Api, Refused
from tests.cluster.objects import Object, pods
from tests.cluster.rendering import EXAMPLES, GOLDEN, golden, render_example
from tests.cluster.sharing import SHARING, platform_sharing_by
from tests.render.rendering import rendered

RESTRICTED: Object = {
    "apiVersion": "v1",
    "kind": "Namespace",
    "metadata": {"name": "restricted", "labels": {"pod-security.kubernetes.io/enforce": "restricted"}},
}
DEPLOYMENT: Object = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "a", "namespace": "restricted"},
    "spec": {
        "selector": {"matchLabels": {"a": "b"}},
        "template": {
            "metadata": {"labels": {"a": "b"}},
            "spec": {
                "serviceAccountName": "default",
                "containers": [{"name": "c", "image": "registry.example.com/c:1"}],
            },
        },
    },
}


@pytest.fixture(scope="module", autouse=True)
def _restricted(api: Api) -> None:
    api.apply(RESTRICTED)


@pytest.mark.parametrize("back_end", SHARING)
@pytest.mark.parametrize("environment", ["staging", "production"])
@pytest.mark.parametrize("example", EXAMPLES)
def test_every_object_of_every_example_is_taken(
    example: str, environment: str, back_end: str, api: Api, tmp_path: Path
) -> None:
    refused, kinds = {}, set()
    for made in render_example(example, platform_sharing_by(back_end, tmp_path), environment):
        kinds |= {one["kind"] for one in (*made.grounds.values(), *made.comb.values())}
        api.apply_all(made.grounds.values())
        # A pod is taken only where its account is.
        api.apply_all(one for one in made.comb.values() if one["kind"] == "ServiceAccount")
        for name, document in made.comb.items():
            for one in (document, *pods(document)):
                try:
                    api.apply(one, dry=True)
                except Refused as error:
                    refused[f"{made.here.cluster}: {name} ({one['kind']})"] = str(error)
    assert refused == {}
    # What Flux is told, and what all combs share, are among them.
    assert {"Alert", "Deployment", "Kustomization", "Namespace", "PriorityClass", "Provider", "ResourceQuota"} <= kinds


def test_pods_that_fetch_models_are_taken_where_rules_are_strict(api: Api, tmp_path: Path) -> None:
    (tmp_path / "large.onnx").write_bytes(b"weights")
    versions = {"1.0.0": {"artifact": "large.onnx", "sha256": "ab" * 32}}
    registry = {"registry": {"push": "registry.acme.example/combs", "pullSecret": "pulls"}}
    models = {"reader": {"fetch": "start", "versions": versions}}
    manifests = rendered(tmp_path, {"find": {"model": "reader@1.0.0"}}, registry, models=models)
    made = [dict(one.object) for one in manifests if "metadata" in one.object]  # the rest is for kustomize
    api.apply({**RESTRICTED, "metadata": {**RESTRICTED["metadata"], "name": "vision"}})
    api.apply_all(one for one in made if one["kind"] == "ServiceAccount")
    (pod,) = (pod for one in made for pod in pods(one))
    assert [one["name"] for one in pod["spec"]["initContainers"]] == ["models"]
    for one in (*made, pod):
        api.apply(one, dry=True)


@pytest.fixture(scope="module")
def _golden_namespaces(api: Api) -> None:
    for namespace in {golden(name)["metadata"].get("namespace") for name in GOLDEN} - {None, "flux-system"}:
        api.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})


@pytest.mark.usefixtures("_golden_namespaces")
@pytest.mark.parametrize("name", GOLDEN)
def test_every_golden_object_is_taken(name: str, api: Api) -> None:
    api.apply(golden(name), dry=True)


def test_what_no_example_has_is_among_the_golden_objects() -> None:
    kinds = {golden(name)["kind"] for name in GOLDEN if name.startswith("by-routes/")}
    assert {"GRPCRoute", "HTTPRoute", "NetworkPolicy", "PodDisruptionBudget"} <= kinds


@pytest.mark.parametrize(
    ("part", "value", "said"),
    [
        (("spec", "replica"), 2, "field not declared in schema"),
        (("spec", "replicas"), "two", "expected"),
        (("spec", "template", "metadata", "labels"), {}, "selector"),
        (("spec", "template", "spec", "containers", 0, "resources"), {"limits": {"cpu": "1,5"}}, "quantities"),
        (("metadata", "name"), "Not_a_name", "RFC 1123"),
    ],
)
def test_the_server_refuses_what_is_wrong(part: tuple[str | int, ...], value: Any, said: str, api: Api) -> None:
    document = copy.deepcopy(DEPLOYMENT)
    at: Any = document
    for key in part[:-1]:
        at = at[key]
    at[part[-1]] = value
    with pytest.raises(Refused, match=said):
        api.apply(document, dry=True)


def test_a_kind_that_the_server_has_not_learnt_is_refused(api: Api) -> None:
    with pytest.raises(Refused, match=r"example\.com/v1"):
        api.apply({"apiVersion": "example.com/v1", "kind": "Thing", "metadata": {"name": "a"}}, dry=True)


@pytest.mark.parametrize(
    ("version", "kind"),
    [
        ("gateway.networking.k8s.io/v1", "HTTPRoute"),
        ("keda.sh/v1alpha1", "ScaledObject"),
        ("kustomize.toolkit.fluxcd.io/v1", "Kustomization"),
        ("monitoring.coreos.com/v1", "PrometheusRule"),
        ("notification.toolkit.fluxcd.io/v1beta3", "Alert"),
        ("resource.k8s.io/v1", "ResourceClaimTemplate"),
        ("source.toolkit.fluxcd.io/v1", "GitRepository"),
    ],
)
def test_the_server_knows_the_kinds_that_are_rendered(version: str, kind: str, api: Api) -> None:
    document = {"apiVersion": version, "kind": kind, "metadata": {"name": "a", "namespace": "restricted"}}
    with pytest.raises(Refused, match=r"[Rr]equired|not declared"):
        api.apply({**document, "spec": {"nothing": "of the kind"}}, dry=True)


def test_a_pod_that_may_do_more_than_is_needed_is_refused(api: Api) -> None:
    (pod,) = pods(DEPLOYMENT)
    with pytest.raises(Refused, match="restricted"):
        api.apply(pod, dry=True)
