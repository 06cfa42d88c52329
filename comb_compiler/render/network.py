"""NetworkPolicies: a comb's pods reach nobody and are reached by nobody, but for the ways that it needs."""

from collections.abc import Iterator
from typing import Any

from comb_compiler.plan import Group
from comb_compiler.plan.traffic import CANDIDATE
from comb_compiler.render import layout
from comb_compiler.render.addresses import NAMESPACE, namespace_of, ways_to
from comb_compiler.render.fetching import way_to_registry
from comb_compiler.render.manifest import Cause, Manifest, caused, manifest
from comb_compiler.render.rendering import Rendering

__all__ = ["calls_name", "network_policies", "way_to_candidate"]

_GRPC = {"protocol": "TCP", "port": layout.GRPC_PORT}
_HTTP = {"protocol": "TCP", "port": layout.HTTP_PORT}
_DNS = [{"protocol": "UDP", "port": 53}, {"protocol": "TCP", "port": 53}]


def network_policies(rendering: Rendering) -> Iterator[Manifest]:
    """One for all of the comb's pods, which shuts what it does not open; and one for each process with its own ways.

    The kubelet's probes come from the node, which is never shut out.
    """
    all_pods, named = rendering.selects_comb(), Cause.comb("metadata", "name")
    yield _policy(rendering, rendering.name, all_pods, _scraped(rendering), [_names()], named)
    for group in rendering.groups:
        pods, callers, called = rendering.selects_process(group), _callers(rendering, group), _called(rendering, group)
        yield _policy(rendering, calls_name(rendering, group), pods, callers, called, rendering.cause_of_group(group))


def calls_name(rendering: Rendering, group: Group) -> str:
    """The name of the policy with a process's own ways."""
    return rendering.object_name("" if group.is_entry else group.name, "calls")


def _policy(
    rendering: Rendering, name: str, pods: dict[str, str], ingress: list[Any], egress: list[Any], cause: Cause
) -> Manifest:
    return manifest(
        {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "NetworkPolicy",
            "metadata": rendering.metadata(name),
            "spec": {
                "podSelector": {"matchLabels": pods},
                "policyTypes": ["Ingress", "Egress"],
                "ingress": ingress or None,
                "egress": egress or None,
            },
        },
        cause,
    )


def _names() -> dict[str, Any]:
    """DNS, wherever it is: in a namespace of its own or, cached, on the node."""
    return {"ports": _DNS}


def _scraped(rendering: Rendering) -> list[Any]:
    """Metrics, for the namespace that Prometheus is in; for all, where it is outside of the cluster."""
    prometheus = rendering.cluster.prometheus
    if prometheus is None:
        return []
    namespace = namespace_of(prometheus.url, rendering.namespace)
    cause = Cause.platform("clusters", rendering.here.cluster, "prometheus", "url")
    return [caused({"from": [_namespace(namespace)] if namespace else None, "ports": [_HTTP]}, cause)]


def _namespace(name: str) -> dict[str, Any]:
    return {"namespaceSelector": {"matchLabels": {NAMESPACE: name}}}


def _callers(rendering: Rendering, group: Group) -> list[Any]:
    """Anybody may call the comb, the stable release alone a candidate, and the entry alone the other processes."""
    if group.is_entry and rendering.track:
        stable = {"podSelector": {"matchLabels": rendering._replace(track="").selects_process(group)}}
        return [{"from": [stable], "ports": [_GRPC]}]
    if group.is_entry:
        return [{"from": [{"namespaceSelector": {}}], "ports": [_GRPC, _HTTP]}]
    entry = rendering.selects_process(rendering.groups[0])
    return [{"from": [{"podSelector": {"matchLabels": entry}}], "ports": [_GRPC]}]


def _called(rendering: Rendering, group: Group) -> list[Any]:
    """Whom a process calls."""
    ways = [*_model_servers(rendering, group), *way_to_registry(rendering, group)]
    if group.is_entry:
        ways += [*_peers(rendering), *_candidate(rendering, group), *_collector(rendering), *_store(rendering)]
    return ways


def _peers(rendering: Rendering) -> Iterator[Any]:
    for other in rendering.groups[1:]:
        pods = {"podSelector": {"matchLabels": rendering.selects_process(other)}}
        yield caused({"to": [pods], "ports": [_GRPC]}, rendering.cause_of_group(other))


def _candidate(rendering: Rendering, entry: Group) -> Iterator[Any]:
    """A release that is tried on some users is called by the stable one."""
    if rendering.comb.rollout is not None and not rendering.track:
        yield caused(way_to_candidate(rendering, entry), Cause.comb("rollout"))


def way_to_candidate(rendering: Rendering, entry: Group) -> dict[str, Any]:
    """What lets the stable release's entry call a candidate's."""
    pods = {"podSelector": {"matchLabels": rendering._replace(track=CANDIDATE).selects_process(entry)}}
    return {"to": [pods], "ports": [_GRPC]}


def _collector(rendering: Rendering) -> Iterator[Any]:
    if rendering.cluster.traces is not None:
        cause = Cause.platform("clusters", rendering.here.cluster, "traces")
        for way in ways_to(rendering.cluster.traces, rendering.namespace):
            yield caused(way, cause)


def _store(rendering: Rendering) -> Iterator[Any]:
    """Where samples are kept, if that is on servers."""
    store = rendering.platform.sample_store
    found = [] if store.elasticsearch is None else [(url, "elasticsearch") for url in store.elasticsearch.urls]
    if store.hbase is not None:
        found.append((f"thrift://{store.hbase.host}:{store.hbase.port}", "hbase"))
    yield from _unlike(rendering, [(url, Cause.platform("sampleStore", name)) for url, name in found])


def _model_servers(rendering: Rendering, group: Group) -> Iterator[Any]:
    """Model servers that operators of a process are on, in all arms."""
    execution = rendering.execution
    process = next(one for one in execution.processes if one.name == rendering.process(group))
    bindings = [execution.bindings[index] for index in process.bindings]
    yield from _unlike(
        rendering,
        [(one.oip.endpoint, Cause.comb("operators", one.operator, "oip", "endpoint")) for one in bindings if one.oip],
    )


def _unlike(rendering: Rendering, found: list[tuple[str, Cause]]) -> Iterator[Any]:
    """The ways to some URLs, each once."""
    told: list[Any] = []
    for url, cause in found:
        for way in ways_to(url, rendering.namespace):
            if way not in told:
                told.append(way)
                yield caused(way, cause)
