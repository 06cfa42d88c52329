"""What moves the number of replicas, and that a real Prometheus sees in the rendered queries what HPA would see."""

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, strategies as st

from comb_compiler.render import Manifest, cause_of
from comb_compiler.render.platform import render_platform
from comb_compiler.render.promql import pods_of, quoted
from comb_compiler.render.scaling.adapter import adapter_rules
from comb_compiler.spec.platform import Platform
from comb_compiler.spec.platform.clusters import Prometheus as Said
from tests.conftest import RequiresTool
from tests.render.rendering import CPUS, of_kind, rendered
from tests.support.prometheus import Prometheus, prometheus_with

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "frame-moderation"
A10 = {"devices": {"nvidia-a10": {"memory": "20Gi"}}}
GPUS = {"nodes": 2, "cpu": 16, "memory": "64Gi", "device": "nvidia-a10", "devices": 2, "labels": {"gpu": "a10"}}
URL = "http://prometheus.monitoring.svc:9090"


def cluster(sharing: str | Mapping[str, Any] = "exclusive", **said: Any) -> dict[str, Any]:
    pools = {"cpus": CPUS, "gpus": {**GPUS, "sharing": sharing}}
    return {"nodePools": pools, "prometheus": {"url": URL}, **said}


def scaled(targets: Mapping[str, Any], **operator: Any) -> dict[str, dict[str, Any]]:
    resources = {"cpu": 1, "memory": "1Gi", **({"gpu": operator.pop("gpu")} if "gpu" in operator else {})}
    return {"read": {"resources": resources, "scale": {"min": 2, "max": 4, "targets": targets}, **operator}}


def gpu_scaled(targets: Mapping[str, Any], **operator: Any) -> dict[str, dict[str, Any]]:
    said = {"gpu": {"memory": "4Gi", "compute": "20%"}, "devices": ["nvidia-a10"], **operator}
    return scaled(targets, **said)


def hpa(manifests: tuple[Manifest, ...]) -> Mapping[str, Any]:
    [found] = of_kind(manifests, "HorizontalPodAutoscaler")
    spec: Mapping[str, Any] = found["spec"]
    return spec


def test_what_an_autoscaler_owns_a_deployment_does_not_say(tmp_path: Path) -> None:
    made = rendered(tmp_path, scaled({"cpu": "70%"}))
    [deployment] = of_kind(made, "Deployment")
    assert "replicas" not in deployment["spec"]
    found = hpa(made)
    assert found["scaleTargetRef"] == {"apiVersion": "apps/v1", "kind": "Deployment", "name": "ocr"}
    assert (found["minReplicas"], found["maxReplicas"]) == (2, 4)
    target = {"type": "Utilization", "averageUtilization": 70}
    assert found["metrics"] == [{"type": "Resource", "resource": {"name": "cpu", "target": target}}]


@pytest.mark.parametrize(
    ("targets", "said"),
    [
        ({}, {}),
        ({"cpu": "70%"}, {"autoscaling": "none"}),
    ],
)
def test_what_nothing_moves_has_replicas_and_no_autoscaler(
    tmp_path: Path, targets: dict[str, Any], said: dict[str, Any]
) -> None:
    made = rendered(tmp_path, scaled(targets), cluster={"nodePools": {"cpus": CPUS}, **said})
    [deployment] = of_kind(made, "Deployment")
    assert deployment["spec"]["replicas"] == 2
    assert {one.object["kind"] for one in made}.isdisjoint({"HorizontalPodAutoscaler", "ScaledObject"})


def test_keda_and_hpa_never_move_the_same(tmp_path: Path) -> None:
    made = rendered(tmp_path, scaled({"cpu": "70%", "queue": 4}), cluster=cluster(autoscaling="keda"))
    assert not list(of_kind(made, "HorizontalPodAutoscaler"))
    [found] = of_kind(made, "ScaledObject")
    assert (found["spec"]["minReplicaCount"], found["spec"]["maxReplicaCount"]) == (2, 4)
    kinds = [(one["type"], one["metricType"]) for one in found["spec"]["triggers"]]
    assert kinds == [("cpu", "Utilization"), ("prometheus", "AverageValue")]
    assert found["spec"]["triggers"][1]["metadata"]["serverAddress"] == URL
    assert found["spec"]["triggers"][1]["metadata"]["ignoreNullValues"] == "false"


@pytest.mark.parametrize("pace", ["cautious", "steady", "fast"])
def test_a_pace_is_the_same_in_both(tmp_path: Path, pace: str) -> None:
    operators = scaled({"cpu": "70%"})
    operators["read"]["scale"]["pace"] = pace
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    by_hpa = hpa(rendered(tmp_path / "a", operators))["behavior"]
    [by_keda] = of_kind(rendered(tmp_path / "b", operators, cluster=cluster(autoscaling="keda")), "ScaledObject")
    assert by_keda["spec"]["advanced"]["horizontalPodAutoscalerConfig"]["behavior"] == by_hpa
    waits = {"cautious": (120, 900), "steady": (15, 300), "fast": (0, 60)}[pace]
    assert tuple(by_hpa[way]["stabilizationWindowSeconds"] for way in ("scaleUp", "scaleDown")) == waits


def test_a_share_of_compute_is_reached_at_its_share(tmp_path: Path) -> None:
    """A container with 20% of a device can use no more than that: 70% of it are 14% of the device."""
    said = cluster("hami", prometheus={"url": URL, "exporter": "hami"})
    found = hpa(rendered(tmp_path, gpu_scaled({"gpuUtilization": "70%"}), A10, said))
    [metric] = found["metrics"]
    assert metric["pods"] == {
        "metric": {"name": "comb_gpu_utilization"},
        "target": {"type": "AverageValue", "averageValue": "14"},
    }


def test_a_whole_device_is_reached_at_what_was_said(tmp_path: Path) -> None:
    [metric] = hpa(rendered(tmp_path, gpu_scaled({"gpuUtilization": "70%"}), A10, cluster()))["metrics"]
    assert metric["pods"]["target"]["averageValue"] == "70"


def test_slices_of_mig_are_measured_by_what_tells_them_apart(tmp_path: Path) -> None:
    profiles = {"1g.10gb": {"memory": "10Gi", "compute": "20%", "perDevice": 2}}
    device = {"devices": {"nvidia-a10": {"memory": "20Gi", "mig": profiles}}}
    made = rendered(tmp_path, gpu_scaled({"gpuUtilization": "70%"}), device, cluster("mig"))
    assert hpa(made)["metrics"][0]["pods"]["metric"]["name"] == "comb_gpu_slice_utilization"


def test_each_target_is_caused_by_its_line(tmp_path: Path) -> None:
    made = rendered(tmp_path, scaled({"cpu": "70%", "queue": 4}), cluster=cluster())
    [found] = (one for one in made if one.object["kind"] == "HorizontalPodAutoscaler")
    assert cause_of(found, ("spec", "metrics", 1)).path == ("operators", "read", "scale", "targets", "queue")
    assert cause_of(found, ("spec", "minReplicas")).path == ("operators", "read", "scale", "min")


SERIES = [
    ("DCGM_FI_DEV_GPU_UTIL", {"exported_namespace": "vision", "exported_pod": pod, "gpu": gpu}, value)
    for pod, gpu, value in (
        ("ocr--nvidia-a10-6d4f8c9b7d-abcde", "0", 60.0),
        ("ocr--nvidia-a10-6d4f8c9b7d-abcde", "1", 80.0),
        ("ocr--nvidia-a10-6d4f8c9b7d-fghij", "0", 30.0),
        ("ocr--nvidia-a10-other-6d4f8c9b7d-klmno", "0", 99.0),
    )
] + [
    (name, {"exported_namespace": "vision", "exported_pod": pod, "gpu": "0"}, value)
    for pod, used, free in (
        ("ocr--nvidia-a10-6d4f8c9b7d-abcde", 15000.0, 5000.0),
        ("ocr--nvidia-a10-6d4f8c9b7d-fghij", 5000.0, 15000.0),
    )
    for name, value in (("DCGM_FI_DEV_FB_USED", used), ("DCGM_FI_DEV_FB_FREE", free))
]
HAMI_SERIES = [
    (name, {"namespace": "vision", "pod": pod, "container": "comb", "device_uuid": "GPU-1"}, value)
    for pod, ratio, used in (
        ("ocr--nvidia-a10-6d4f8c9b7d-abcde", 18.0, 3.0),
        ("ocr--nvidia-a10-6d4f8c9b7d-fghij", 6.0, 1.0),
    )
    for name, value in (
        ("hami_container_device_utilization_ratio", ratio),
        ("hami_vgpu_memory_used_bytes", used * 2**30),
        ("hami_vgpu_memory_limit_bytes", 4.0 * 2**30),
    )
]
OWN_SERIES = [
    (name, {"namespace": "vision", "pod": pod, **labels}, value)
    for pod, waiting in (
        ("ocr--nvidia-a10-6d4f8c9b7d-abcde", 5.0),
        ("ocr--nvidia-a10-6d4f8c9b7d-fghij", 1.0),
        ("ocr--cpu-8f7d6c5b4-pqrst", 2.0),
    )
    for name, labels, value in (
        ("comb_queue_length", {"operator": "read"}, waiting),
        ("comb_queue_length", {"operator": "find"}, waiting * 2),
        ("comb_build_info", {"release": "r"}, 1.0),
    )
] + [("requests_per_second", {"path": "/v1/call"}, 90.0)]


@pytest.fixture(scope="module")
def server(requires_tool: RequiresTool, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    programs = requires_tool("prometheus"), requires_tool("promtool")
    series = [*SERIES, *HAMI_SERIES, *OWN_SERIES]
    with prometheus_with(series, tmp_path_factory.mktemp("prometheus"), *programs) as started:
        yield started


def of_pods(server: Prometheus, prometheus: Mapping[str, Any], name: str, pods: list[str]) -> dict[str, float]:
    """What an adapter answers to HPA's question for a metric of pods: its rule, with the pods in it."""
    [rule] = [one for one in adapter_rules(Said.model_validate(prometheus))["rules"] if one["name"]["as"] == name]
    labels = {one["resource"]: label for label, one in rule["resources"]["overrides"].items()}
    matchers = f'{labels["namespace"]}="vision",{labels["pod"]}=~"{"|".join(pods)}"'
    query = rule["metricsQuery"].replace("<<.LabelMatchers>>", matchers).replace("<<.GroupBy>>", labels["pod"])
    return {dict(found)[labels["pod"]]: value for found, value in server.query(query).items()}


PODS = ["ocr--nvidia-a10-6d4f8c9b7d-abcde", "ocr--nvidia-a10-6d4f8c9b7d-fghij"]
HAMI = {"url": URL, "exporter": "hami", "podLabel": "pod", "namespaceLabel": "namespace"}
CASES = [
    pytest.param({"url": URL}, "exclusive", "gpuUtilization", "70%", [70.0, 30.0], "70", id="dcgm-utilization"),
    pytest.param({"url": URL}, "exclusive", "gpuMemory", "80%", [75.0, 25.0], "80", id="dcgm-memory"),
    pytest.param(HAMI, "hami", "gpuUtilization", "70%", [18.0, 6.0], "14", id="hami-utilization"),
    pytest.param(HAMI, "hami", "gpuMemory", "80%", [75.0, 25.0], "80", id="hami-memory"),
    pytest.param({"url": URL}, "exclusive", "queue", 4, [15.0, 3.0], "4", id="queue"),
]


@pytest.mark.tool
@pytest.mark.parametrize(("prometheus", "sharing", "measure", "target", "expected", "threshold"), CASES)
def test_prometheus_yields_what_hpa_and_keda_aim_at(
    server: Prometheus,
    tmp_path: Path,
    prometheus: dict[str, Any],
    sharing: str,
    measure: str,
    target: Any,
    expected: list[float],
    threshold: str,
) -> None:
    """HPA divides the sum over pods by their number, as KEDA does with the whole: both aim at the same."""
    (tmp_path / "hpa").mkdir()
    (tmp_path / "keda").mkdir()
    operators = gpu_scaled({measure: target})
    said = cluster(sharing, prometheus=prometheus)
    [metric] = hpa(rendered(tmp_path / "hpa", operators, A10, said))["metrics"]
    assert metric["pods"]["target"] == {"type": "AverageValue", "averageValue": threshold}
    found = of_pods(server, prometheus, metric["pods"]["metric"]["name"], PODS)
    assert found == dict(zip(PODS, map(pytest.approx, expected), strict=True))

    [scaled_object] = of_kind(
        rendered(tmp_path / "keda", operators, A10, {**said, "autoscaling": "keda"}), "ScaledObject"
    )
    [trigger] = scaled_object["spec"]["triggers"]
    assert trigger["metadata"]["threshold"] == threshold
    [whole] = server.query(trigger["metadata"]["query"]).values()
    assert whole == pytest.approx(sum(expected))


@pytest.mark.tool
def test_a_query_of_ones_own_is_a_series_that_hpa_asks_for(server: Prometheus, tmp_path: Path) -> None:
    queries = {"queries": {"requests": {"query": "sum(requests_per_second)", "target": 12.5}}}
    made = rendered(tmp_path, scaled(queries), cluster=cluster())
    [rule] = of_kind(made, "PrometheusRule")
    [recorded] = rule["spec"]["groups"][0]["rules"]
    assert list(server.query(recorded["expr"]).values()) == [90.0]
    [metric] = hpa(made)["metrics"]
    assert metric["external"]["metric"]["name"] == recorded["record"]
    assert metric["external"]["metric"]["selector"]["matchLabels"].items() <= recorded["labels"].items()
    assert recorded["labels"]["namespace"] == "vision"
    assert metric["external"]["target"] == {"type": "AverageValue", "averageValue": "12500m"}
    external = adapter_rules(Said.model_validate({"url": URL}))["externalRules"]
    assert [one["name"]["as"] for one in external] == [recorded["record"]]


@pytest.mark.tool
def test_a_query_is_parted_over_classes_of_device(server: Prometheus, tmp_path: Path) -> None:
    """Of three instances two are on GPUs: their part of 90 is 60, so that all together aim at the target."""
    queries = {"queries": {"requests": {"query": "sum(requests_per_second)  # all of them", "target": 10}}}
    operators = scaled(queries, gpu={"memory": "20Gi"}, devices=["nvidia-a10", "cpu"])
    operators["read"]["scale"] |= {"min": 3, "max": 8}
    made = rendered(tmp_path, operators, A10, cluster(autoscaling="keda"))
    queries_of = {
        one["metadata"]["name"]: one["spec"]["triggers"][0]["metadata"]["query"]
        for one in of_kind(made, "ScaledObject")
    }
    assert sorted(queries_of) == ["ocr--cpu", "ocr--nvidia-a10"]
    assert list(server.query(queries_of["ocr--cpu"]).values()) == [pytest.approx(30.0)]
    assert list(server.query(queries_of["ocr--nvidia-a10"]).values()) == [pytest.approx(60.0)]


def a_pod_of(deployment: str, template: str, drawn: str) -> str:
    """A pod's name as Kubernetes makes it: of its ReplicaSet's, cut, and five that are drawn."""
    return f"{deployment}-{template}-"[:58] + drawn


@given(length=st.integers(1, 63), template=st.from_regex(r"[a-z0-9]{8,10}", fullmatch=True), data=st.data())
def test_pods_are_known_by_name_however_long_it_is(length: int, template: str, data: st.DataObject) -> None:
    name = ("ocr--read" + "-longer" * 8)[:length].rstrip("-")
    drawn = data.draw(st.from_regex(r"[a-z0-9]{5}", fullmatch=True))
    assert re.fullmatch(pods_of(name), a_pod_of(name, template, drawn))
    other = f"{name}-nvidia-a10"
    if len(other) <= 58:
        assert not re.fullmatch(pods_of(name), a_pod_of(other, template, drawn))


@pytest.mark.tool
@pytest.mark.parametrize("hostile", ['a"b', "a\\b", "a\nb", "a{b}", "{{a}}", "é", "`a`"])
def test_a_string_stays_a_string_of_promql(server: Prometheus, hostile: str) -> None:
    [(labels, _)] = server.query(f'label_replace(vector(1), "found", {quoted(hostile)}, "", "")').items()
    assert dict(labels)["found"].replace("$", "") == hostile


def test_the_platform_tells_an_adapter_its_rules_where_hpa_scales() -> None:
    for autoscaling, count in (("hpa", 1), ("keda", 0), ("none", 0)):
        found = render_platform(platform(autoscaling=autoscaling, prometheus=HAMI), "east").manifests
        configs = [one.object for one in found if one.object["kind"] == "ConfigMap"]
        assert len(configs) == count
        for one in configs:
            assert yaml.safe_load(one["data"]["config.yaml"]) == adapter_rules(Said.model_validate(HAMI))
            assert one["metadata"]["namespace"] == "monitoring"


def platform(**said: Any) -> Platform:
    document = yaml.safe_load((EXAMPLE / "platform.yaml").read_text(encoding="utf-8"))
    document["clusters"]["east"] |= said
    return Platform.model_validate(document)


def test_amounts_are_exact(tmp_path: Path) -> None:
    queries = {"queries": {"requests": {"query": "1", "target": 0.1}}}
    [metric] = hpa(rendered(tmp_path, scaled(queries), cluster=cluster()))["metrics"]
    assert Decimal(metric["external"]["target"]["averageValue"].removesuffix("m")) / 1000 == Decimal("0.1")
