"""Who reaches a comb's pods and whom they reach: the rendered policies, applied as Kubernetes defines them."""

from collections.abc import Mapping
from decimal import Decimal
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from comb_compiler.compiler.rollout import read_stable, render_step
from comb_compiler.render import Manifest
from comb_compiler.render.addresses import namespace_of, ways_to
from tests.render.rendering import of_kind, rendered, rendered_cluster

PASSES: dict[str, Any] = {"out": "ocr.v1.Frame", "devices": ["cpu"]}
OPERATORS: dict[str, Any] = {"find": PASSES, "read": PASSES, "tidy": {}}
GRAPH = {"find": "find(frame=$request)", "read": "read(frame=find)", "tidy": "tidy(frame=read)", "return": "tidy"}
URL = "http://prometheus.monitoring.svc:9090"


class End(NamedTuple):
    """One end of a connection: a pod, by its labels and its namespace, or an address outside of the cluster."""

    labels: Mapping[str, str]
    namespace: str = "vision"
    address: str = ""


class Cluster(NamedTuple):
    policies: list[Mapping[str, Any]]

    def lets(self, source: End, target: End, port: int, protocol: str = "TCP") -> bool:
        """Whether a connection comes about: both ends must allow it."""
        return self._allows("Egress", source, target, port, protocol) and self._allows(
            "Ingress", target, source, port, protocol
        )

    def _allows(self, way: str, pod: End, other: End, port: int, protocol: str) -> bool:
        there = [
            one["spec"]
            for one in self.policies
            if one["metadata"]["namespace"] == pod.namespace
            and one["spec"]["podSelector"]["matchLabels"].items() <= pod.labels.items()
            and not pod.address
            and way in one["spec"]["policyTypes"]
        ]
        rules = [rule for spec in there for rule in spec.get(way.lower(), ())]
        peers = "to" if way == "Egress" else "from"
        return not there or any(
            _port(rule, port, protocol) and (peers not in rule or any(_is(one, other, pod) for one in rule[peers]))
            for rule in rules
        )


def _port(rule: Mapping[str, Any], port: int, protocol: str) -> bool:
    return not rule.get("ports") or any(one == {"protocol": protocol, "port": port} for one in rule["ports"])


def _is(peer: Mapping[str, Any], other: End, pod: End) -> bool:
    if "ipBlock" in peer:
        return bool(other.address) and ip_address(other.address) in ip_network(peer["ipBlock"]["cidr"])
    if other.address:
        return False
    pods = peer.get("podSelector", {}).get("matchLabels", {})
    if "namespaceSelector" not in peer:
        return other.namespace == pod.namespace and pods.items() <= other.labels.items()
    wanted = peer["namespaceSelector"].get("matchLabels", {})
    named = {"kubernetes.io/metadata.name": other.namespace}
    return bool(wanted.items() <= named.items() and pods.items() <= other.labels.items())


def policies(made: tuple[Manifest, ...]) -> Cluster:
    return Cluster(list(of_kind(made, "NetworkPolicy")))


def pod(made: tuple[Manifest, ...], name: str) -> End:
    [found] = [one for one in of_kind(made, "Deployment") if one["metadata"]["name"] == name]
    return End(found["spec"]["template"]["metadata"]["labels"])


CALLER = End({"app": "shop"}, "shops")
PROMETHEUS = End({"app": "prometheus"}, "monitoring")
DNS = End({"k8s-app": "kube-dns"}, "kube-system")
WORLD = End({}, address="203.0.113.9")


def test_callers_reach_the_entry_and_only_the_entry_reaches_the_others(tmp_path: Path) -> None:
    made = rendered(tmp_path, OPERATORS, graph=GRAPH)
    cluster, entry = policies(made), pod(made, "ocr")
    find, read = pod(made, "ocr--find--cpu"), pod(made, "ocr--read--cpu")
    assert cluster.lets(CALLER, entry, 50051)
    assert cluster.lets(CALLER, entry, 8080)
    assert not cluster.lets(CALLER, entry, 22)
    assert cluster.lets(entry, find, 50051)
    assert not cluster.lets(CALLER, find, 50051)
    assert not cluster.lets(find, read, 50051)
    assert not cluster.lets(find, entry, 50051)
    assert not cluster.lets(entry, CALLER, 50051)


def test_names_are_found_and_nobody_else_is(tmp_path: Path) -> None:
    made = rendered(tmp_path, OPERATORS, graph=GRAPH)
    for one in (pod(made, "ocr"), pod(made, "ocr--find--cpu")):
        assert policies(made).lets(one, DNS, 53, "UDP")
        assert policies(made).lets(one, DNS, 53)
        assert not policies(made).lets(one, WORLD, 443)
        assert not policies(made).lets(one, End({}, address="169.254.169.254"), 80)


def test_prometheus_reads_metrics_of_every_process(tmp_path: Path) -> None:
    made = rendered(tmp_path, OPERATORS, graph=GRAPH, cluster={"prometheus": {"url": URL}})
    for name in ("ocr", "ocr--find--cpu"):
        assert policies(made).lets(PROMETHEUS, pod(made, name), 8080)
    assert not policies(made).lets(PROMETHEUS, pod(made, "ocr--find--cpu"), 50051)
    assert not policies(made).lets(CALLER, pod(made, "ocr--find--cpu"), 8080)
    bare = rendered(tmp_path, OPERATORS, graph=GRAPH)
    assert not policies(bare).lets(PROMETHEUS, pod(bare, "ocr--find--cpu"), 8080)
    outside = rendered(
        tmp_path, OPERATORS, graph=GRAPH, cluster={"prometheus": {"url": "https://prometheus.acme.example.com"}}
    )
    assert policies(outside).lets(WORLD, pod(outside, "ocr--find--cpu"), 8080)


def test_a_model_server_is_reached_by_who_calls_it(tmp_path: Path) -> None:
    tensors = {
        "in": {"pixels": {"field": "frame.image", "type": "UINT8", "shape": [-1]}},
        "out": {"lines": {"field": "lines", "shape": [-1]}},
    }
    server = {"endpoint": "grpc://triton.models.svc:8001", "model": "m", "tensors": tensors}
    operators: dict[str, Any] = {"find": PASSES, "read": PASSES, "guess": {"oip": server}}
    graph = {"find": GRAPH["find"], "read": GRAPH["read"], "guess": "guess(frame=read)", "return": "guess"}
    made = rendered(tmp_path, operators, graph=graph)
    triton = End({"app": "triton"}, "models")
    assert policies(made).lets(pod(made, "ocr"), triton, 8001)
    assert not policies(made).lets(pod(made, "ocr--find--cpu"), triton, 8001)
    assert not policies(made).lets(pod(made, "ocr"), End({}, "others"), 8001)


def test_samples_and_spans_leave_from_the_entry(tmp_path: Path) -> None:
    store = {
        "elasticsearch": {"urls": ["https://10.1.2.3:9200", "https://search.acme.example.com"]},
        "hbase": {"host": "hbase.data.svc.cluster.local"},
    }
    cluster = {"traces": "http://collector.telemetry.svc:4317"}
    made = rendered(tmp_path, OPERATORS, {"sampleStore": store}, cluster, graph=GRAPH)
    reached = [
        (End({}, address="10.1.2.3"), 9200),
        (End({}, address="203.0.113.9"), 443),
        (End({"app": "thrift"}, "data"), 9090),
        (End({"app": "collector"}, "telemetry"), 4317),
    ]
    for end, port in reached:
        assert policies(made).lets(pod(made, "ocr"), end, port)
        assert not policies(made).lets(pod(made, "ocr--find--cpu"), end, port)
    assert not policies(made).lets(pod(made, "ocr"), End({}, address="10.1.2.4"), 9200)
    [entry] = [one for one in of_kind(made, "Deployment") if one["metadata"]["name"] == "ocr"]
    environment = entry["spec"]["template"]["spec"]["containers"][0]["env"]
    assert {"name": "OTEL_EXPORTER_OTLP_ENDPOINT", "value": cluster["traces"]} in environment


def test_a_candidate_is_reached_where_there_is_a_rollout(tmp_path: Path) -> None:
    made = rendered(tmp_path, {"find": {}})
    assert not policies(made).lets(pod(made, "ocr"), pod(made, "ocr"), 50051)
    rollout: dict[str, Any] = {
        "rollout": {"steps": ["1%"]},
        "experiment": {"key": "request.user", "arms": {"a": {"weight": 1}}},
    }
    stable = rendered_cluster(tmp_path, {"find": {}}, **rollout)
    candidate = rendered_cluster(tmp_path, {"find": {"run": "code:Better"}}, **rollout)
    beside = render_step(candidate, read_stable(stable.files), Decimal("0.01"))
    both = (*stable.manifests, *beside.manifests)
    assert policies(both).lets(pod(both, "ocr"), pod(both, "ocr--candidate"), 50051)
    for source, target in (("ocr--candidate", "ocr"), ("ocr", "ocr"), ("ocr--candidate", "ocr--candidate")):
        assert not policies(both).lets(pod(both, source), pod(both, target), 50051)
    assert policies(both).lets(CALLER, pod(both, "ocr"), 50051)
    assert not policies(both).lets(CALLER, pod(both, "ocr--candidate"), 50051)


@pytest.mark.parametrize(
    ("url", "namespace"),
    [
        ("http://prometheus.monitoring.svc:9090", "monitoring"),
        ("http://prometheus.monitoring.svc.cluster.local.:9090", "monitoring"),
        ("grpc://triton.models:8001", "models"),
        ("grpc://triton:8001", "own"),
        ("https://search.acme.example", None),
        ("http://10.0.0.1:9090", None),
        ("grpc://[2001:db8::1]:8001", None),
    ],
)
def test_a_service_is_known_by_its_namespace(url: str, namespace: str | None) -> None:
    assert namespace_of(url, "own") == namespace


def test_a_name_that_may_be_either_is_let_through_as_either() -> None:
    service, anywhere = ways_to("grpc://triton.models:8001", "own")
    assert "ports" not in service
    assert anywhere == {"ports": [{"protocol": "TCP", "port": 8001}]}
    assert len(ways_to("grpc://triton.models.svc:8001", "own")) == 1
    assert ways_to("https://search.acme.example", "own") == [{"ports": [{"protocol": "TCP", "port": 443}]}]
    assert ways_to("grpc://[2001:db8::1]:8001", "own")[0]["to"] == [{"ipBlock": {"cidr": "2001:db8::1/128"}}]
