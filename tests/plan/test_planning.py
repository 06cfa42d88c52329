"""From a comb and a platform to workloads: groups, names, classes of device, numbers of instances."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from comb_compiler.plan.asked import DEFAULT_CPU, DEFAULT_MEMORY
from comb_compiler.plan.division import Room, divide
from comb_compiler.plan.groups import groups_of
from comb_compiler.plan.model import Amounts, Plan, Replicas
from comb_compiler.plan.names import object_name
from comb_compiler.plan.planning import Planned, plan_comb
from comb_compiler.source import decode
from comb_compiler.spec import Bound, Comb, bind_comb
from comb_compiler.spec.loading import read_once
from comb_compiler.spec.platform import Platform
from comb_compiler.spec.platformfile import bind_platform

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "frame-moderation"
HEAD: dict[str, Any] = {
    "apiVersion": "comb.dev/v1",
    "kind": "Comb",
    "metadata": {"name": "ocr"},
    "interface": {"proto": "ocr.proto", "method": "ocr.v1.Ocr/Read"},
    "graph": {"text": "a()", "return": "text"},
}


def bound(content: bytes) -> Bound[Comb]:
    source, _ = decode("comb.yaml", content)
    assert source is not None
    return bind_comb(read_once(source)).base


def comb(operators: dict[str, dict[str, Any]]) -> Bound[Comb]:
    code = {"run": "m:A"}
    whole = {
        name: {"out": "ocr.v1.B", **({} if "oip" in fields else code), **fields} for name, fields in operators.items()
    }
    return bound(yaml.safe_dump({**HEAD, "operators": whole}, sort_keys=False).encode())


def platform(pools: dict[str, dict[str, Any]], **cluster: Any) -> Bound[Platform]:
    document = yaml.safe_load((EXAMPLE / "platform.yaml").read_text(encoding="utf-8"))
    zones = {"nas-a": {"storageClass": "a"}}
    document["clusters"] = {"east": {"nodePools": pools, "zones": zones, **cluster}}
    document["environments"] = {"production": {"clusters": ["east"], "namespace": "moderation"}}
    document.pop("notifications")
    document.pop("patches")
    source, _ = decode("platform.yaml", yaml.safe_dump(document, sort_keys=False).encode())
    assert source is not None
    found = bind_platform(read_once(source))
    assert found.value is not None
    assert not found.diagnostics
    return found


CPUS = {"nodes": 4, "cpu": 8, "memory": "32Gi"}
T4S = {
    "nodes": 1,
    "cpu": 8,
    "memory": "32Gi",
    "device": "nvidia-t4",
    "devices": 1,
    "sharing": "exclusive",
    "labels": {"card": "t4"},
}


def planned(operators: dict[str, dict[str, Any]], a_platform: Bound[Platform]) -> Planned:
    return plan_comb(comb(operators), a_platform, "production", operators)


def workloads(plan: Plan) -> dict[str, Replicas]:
    (cluster,) = plan.clusters
    return {one.name: one.replicas for one in cluster.workloads}


def groups(operators: dict[str, dict[str, Any]]) -> list[tuple[str, tuple[str, ...]]]:
    value = comb(operators).value
    assert value is not None
    return [(one.name, one.operators) for one in groups_of(value, operators)]


def test_a_small_comb_is_one_process() -> None:
    assert groups({"a": {}, "b": {"devices": ["nvidia-t4"]}}) == [("ocr", ("a", "b"))]


def test_who_asks_for_a_device_or_a_place_has_a_pod_of_its_own() -> None:
    found = groups({"a": {}, "b": {"devices": ["cpu"]}, "c": {"affinity": {"require": [{"zone": "nas-a"}]}}})
    assert found == [("ocr", ("a",)), ("b", ("b",)), ("c", ("c",))]


def test_a_model_on_a_server_needs_no_pod() -> None:
    tensors = {"in": {"x": "a.x"}, "out": {"y": "y"}}
    oip = {"oip": {"endpoint": "grpc://triton:8001", "model": "m", "tensors": tensors}, "devices": ["nvidia-t4"]}
    found = groups({"a": {"devices": ["cpu"]}, "b": {"devices": ["cpu"]}, "c": oip})
    assert found == [("ocr", ("c",)), ("a", ("a",)), ("b", ("b",))]
    plan = planned({"a": {"devices": ["cpu"]}, "b": {"devices": ["cpu"]}, "c": oip}, platform({"cpus": CPUS})).plan
    assert {one.device for cluster in plan.clusters for one in cluster.workloads} == {"cpu"}


def test_neighbours_share_a_pod_through_others() -> None:
    found = groups(
        {
            "a": {"affinity": {"with": ["b"]}, "devices": ["cpu"]},
            "b": {},
            "c": {"affinity": {"with": ["b"]}},
            "d": {"devices": ["cpu"]},
        }
    )
    assert found == [("ocr", ()), ("a", ("a", "b", "c")), ("d", ("d",))]


def test_operators_that_nothing_calls_are_not_planned() -> None:
    value = comb({"a": {}, "b": {"devices": ["cpu"]}, "c": {"devices": ["cpu"]}}).value
    assert value is not None
    assert groups_of(value, ["a", "b"])[0].operators == ("a", "b")


@pytest.mark.parametrize(
    ("least", "most", "rooms", "from_zero", "expected"),
    [
        (4, 8, [Room(9, 9)], False, [Replicas(4, 8)]),
        (4, 8, [Room(2, 6), Room(9, 9)], False, [Replicas(2, 6), Replicas(2, 2)]),
        (2, 8, [Room(4, 4), Room(9, 9)], False, [Replicas(2, 4), Replicas(1, 4)]),
        (2, 8, [Room(4, 4), Room(9, 9)], True, [Replicas(2, 4), Replicas(0, 4)]),
        (2, 2, [Room(4, 4), Room(9, 9)], False, [Replicas(2, 2), None]),
        (2, 8, [Room(4, 4), Room(0, 9)], False, [Replicas(2, 4), None]),
        (9, 9, [Room(2, 2), Room(3, 3)], False, [Replicas(6, 6), Replicas(3, 3)]),
        (2, 4, [Room(0, 4), Room(9, 9)], False, [None, Replicas(2, 2)]),
    ],
)
def test_instances_go_to_the_best_class_as_far_as_there_is_room(
    least: int, most: int, rooms: list[Room], from_zero: bool, expected: list[Replicas | None]
) -> None:
    assert divide(least, most, rooms, from_zero=from_zero) == expected


def test_a_class_that_is_full_sends_instances_to_the_next() -> None:
    resources = {"cpu": 1, "memory": "1Gi", "gpu": {"memory": "4Gi"}}
    many = {"resources": resources, "devices": ["nvidia-t4", "cpu"], "scale": {"min": 3}}
    found = planned({"a": many, "b": {"devices": ["cpu"]}}, platform({"cpus": CPUS, "t4s": T4S}))
    assert found.diagnostics == ()
    assert workloads(found.plan) == {
        "ocr": Replicas(1, 1),
        "ocr--a--nvidia-t4": Replicas(1, 1),
        "ocr--a--cpu": Replicas(2, 2),
        "ocr--b--cpu": Replicas(1, 1),
    }


def test_who_comes_later_finds_what_others_left() -> None:
    gpu = {"resources": {"gpu": {"memory": "4Gi"}}, "devices": ["nvidia-t4", "cpu"]}
    found = planned({"a": gpu, "b": gpu}, platform({"cpus": CPUS, "t4s": T4S}))
    (cluster,) = found.plan.clusters
    assert [(one.name, one.device) for one in cluster.workloads] == [
        ("ocr", "cpu"),
        ("ocr--a--nvidia-t4", "nvidia-t4"),
        ("ocr--b--cpu", "cpu"),
    ]
    assert cluster.fit.fits


def test_pools_that_share_a_class_in_two_ways_are_two_workloads() -> None:
    shared = {**T4S, "sharing": {"backEnd": "time-slicing", "replicas": 4}}
    a = {"resources": {"gpu": {"memory": "2Gi"}}, "devices": ["nvidia-t4"], "scale": {"min": 3}}
    found = planned({"a": a}, platform({"whole": T4S, "parted": shared}))
    assert workloads(found.plan) == {
        "ocr--nvidia-t4": Replicas(1, 1),
        "ocr--nvidia-t4--time-slicing": Replicas(2, 2),
    }


def test_a_second_class_of_device_renames_nothing() -> None:
    alone = planned({"a": {"devices": ["cpu"]}}, platform({"cpus": CPUS}))
    both = {"a": {"devices": ["nvidia-t4", "cpu"], "scale": {"min": 2}}}
    beside = planned(both, platform({"cpus": CPUS, "t4s": {**T4S, "cpu": 1, "memory": "256Mi"}}))
    assert set(workloads(alone.plan)) == {"ocr--cpu"}
    assert set(workloads(beside.plan)) == {"ocr--cpu", "ocr--nvidia-t4"}
    assert set(workloads(planned({"a": {}}, platform({"cpus": CPUS})).plan)) == {"ocr"}


def test_who_says_nothing_counts_for_something() -> None:
    (cluster,) = planned({"a": {"scale": {"min": 3}}}, platform({"cpus": {**CPUS, "nodes": 1}})).plan.clusters
    assert cluster.workloads[0].amounts == Amounts(DEFAULT_CPU, DEFAULT_MEMORY)
    (left,) = cluster.fit.left
    assert left.node.cpu == 1000 * (8 - 3 * DEFAULT_CPU)


def test_a_pod_takes_all_that_its_operators_need() -> None:
    found = planned(
        {
            "a": {"resources": {"cpu": 1, "memory": "1Gi"}, "scale": {"min": 2, "max": 6}},
            "b": {"resources": {"cpu": "500m", "memory": "512Mi"}, "scale": {"min": 3, "targets": {"cpu": "70%"}}},
        },
        platform({"cpus": CPUS}),
    )
    (cluster,) = found.plan.clusters
    (workload,) = cluster.workloads
    assert (str(workload.amounts.cpu), workload.amounts.memory) == ("1.5", 1536 * 2**20)
    assert workload.replicas == Replicas(3, 6)
    assert workload.scale.targets.cpu is not None


def test_a_long_name_is_cut_and_stays_its_own() -> None:
    long, other = "a" * 70 + "-x", "a" * 70 + "-y"
    assert len(object_name(long, "b")) == 63
    assert object_name(long) != object_name(other)
    assert object_name("ocr", "", "b") == "ocr--b"


def test_the_example_fits_its_platform_in_every_environment() -> None:
    sources = {name: decode(name, (EXAMPLE / name).read_bytes())[0] for name in ("comb.yaml", "platform.yaml")}
    the_comb, the_platform = (read_once(source) for source in sources.values() if source is not None)
    file, declared = bind_comb(the_comb), bind_platform(the_platform)
    for environment, variant in file.environments.items():
        assert variant.value is not None
        found = plan_comb(variant, declared, environment, variant.value.operators)
        assert found.diagnostics == ()
        assert all(cluster.fit.fits for cluster in found.plan.clusters)


def test_of_operators_that_share_a_pod_the_highest_priority_and_the_most_eager_scale_count() -> None:
    def scale(**fields: Any) -> dict[str, Any]:
        return {"scale": {"min": 1, "max": 4, **fields}}

    query = {"query": "load", "target": 9}
    found = planned(
        {
            "a": {"priority": "low", **scale(targets={"cpu": "60%", "queries": {"load": query}}), "devices": ["cpu"]},
            "b": {"affinity": {"with": ["a"]}, **scale(targets={"cpu": "80%"}, pace="cautious")},
            "c": {"affinity": {"with": ["b"]}, "priority": "high", **scale(targets={"cpu": "70%"}, pace="fast")},
            "d": {},
        },
        platform({"cpus": CPUS}, autoscaling="keda", prometheus={"url": "http://prometheus:9090", "exporter": "dcgm"}),
    )
    (cluster,) = found.plan.clusters
    (one,) = [one for one in cluster.workloads if "a" in one.group.operators]
    assert one.priority == "high"
    assert (one.scale.pace.value, one.scale.targets.cpu, list(one.scale.targets.queries)) == (
        "fast",
        Decimal("0.6"),
        ["load"],
    )


def test_queries_of_one_name_are_all_aimed_at() -> None:
    def scale(query: str, target: float) -> dict[str, Any]:
        return {"scale": {"max": 4, "targets": {"queries": {"load": {"query": query, "target": target}}}}}

    found = planned(
        {"a": scale("x", 3), "b": scale("y", 5), "c": scale("x", 2)},
        platform({"c": CPUS}, autoscaling="keda", prometheus={"url": "http://prometheus:9090", "exporter": "dcgm"}),
    )
    (one,) = found.plan.clusters[0].workloads
    queries = {name: (query.query, query.target) for name, query in one.scale.targets.queries.items()}
    assert queries == {"load": ("x", 2), "load-2": ("y", 5)}


def test_a_pace_that_one_operator_names_is_not_that_of_those_that_name_none() -> None:
    scale = {"min": 1, "max": 4, "targets": {"cpu": "60%"}}
    for first, second in (({}, {"pace": "cautious"}), ({"pace": "cautious"}, {})):
        found = planned(
            {"a": {"scale": {**scale, **first}}, "b": {"scale": {**scale, **second}}}, platform({"c": CPUS})
        )
        (one,) = found.plan.clusters[0].workloads
        assert one.scale.pace.value == "cautious"
