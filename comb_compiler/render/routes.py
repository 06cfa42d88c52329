"""Routes of the Gateway API to a comb, where the platform divides traffic by it.

A weighted choice would deal a user anew with each request. So the edge puts each user into a bucket by a hash, routes
match buckets and say the arm by a header, and the comb's own router takes that one.
"""

from collections.abc import Iterator
from typing import Any

from comb_compiler.plan.buckets import buckets_of
from comb_compiler.render import layout
from comb_compiler.render.manifest import Cause, Manifest, caused, manifest
from comb_compiler.render.rendering import Rendering
from comb_compiler.spec.platform.release import Delivery, Gateway

__all__ = ["ARM_HEADER", "is_routed", "routes"]

ARM_HEADER, RELEASE_HEADER = "comb-arm", "comb-release"
_CALL = "/v1/call"
"""Where the comb's processes take calls by HTTP."""
_MOST_MATCHES = 64
"""Of one rule."""


def is_routed(rendering: Rendering) -> bool:
    """Whether arms come by routes."""
    return rendering.platform.delivery is Delivery.GATEWAY_API and rendering.platform.gateway is not None


def routes(rendering: Rendering) -> Iterator[Manifest]:
    """A GRPCRoute for the comb's method; and where the Gateway has a host for HTTP, an HTTPRoute for its path there."""
    gateway = rendering.platform.gateway
    if gateway is None or not is_routed(rendering):
        return
    method = rendering.execution.method
    named = {"type": "Exact", "service": method.service, "method": method.name}
    called = {"method": caused(named, Cause.comb("interface", "method"))}
    yield _route(rendering, gateway, "GRPCRoute", gateway.hostname, layout.GRPC_PORT, called, [])
    if gateway.http_hostname is not None:
        # A whole path: a rule that takes off a prefix may have one match only; and who is outside may call, no more.
        path = {"path": {"type": "Exact", "value": f"/{rendering.namespace}/{rendering.name}{_CALL}"}}
        own = {"type": "URLRewrite", "urlRewrite": {"path": {"type": "ReplaceFullPath", "replaceFullPath": _CALL}}}
        yield _route(rendering, gateway, "HTTPRoute", gateway.http_hostname, layout.HTTP_PORT, path, [own])


def _route(
    rendering: Rendering, gateway: Gateway, kind: str, host: str, port: int, called: dict[str, Any], more: list[Any]
) -> Manifest:
    backend = {"name": rendering.service(rendering.groups[0]), "port": port}
    rules = [
        caused({"matches": matches, "filters": [*filters, *more] or None, "backendRefs": [backend]}, cause)
        for matches, filters, cause in _rules(rendering, gateway, called)
    ]
    return manifest(
        {
            "apiVersion": "gateway.networking.k8s.io/v1",
            "kind": kind,
            "metadata": rendering.metadata(rendering.name),
            "spec": {
                "parentRefs": [{"name": gateway.name, "namespace": gateway.namespace}],
                "hostnames": [host],
                "rules": rules,
            },
        },
        Cause.platform("gateway"),
    )


_Rule = tuple[list[Any], list[Any], Cause]


def _rules(rendering: Rendering, gateway: Gateway, called: dict[str, Any]) -> Iterator[_Rule]:
    """For each arm its buckets; then whoever has none, of whom the comb's router makes what it will."""
    experiment = rendering.comb.experiment
    weights = {arm: one.weight for arm, one in experiment.arms.items()} if experiment is not None else {}
    header = caused(gateway.bucket_header, Cause.platform("gateway", "bucketHeader"))
    for arm, buckets in buckets_of(weights).items():
        for start in range(buckets.start, buckets.stop, _MOST_MATCHES):
            numbers = range(start, min(start + _MOST_MATCHES, buckets.stop))
            matches = [
                {**called, "headers": [{"type": "Exact", "name": header, "value": str(number)}]} for number in numbers
            ]
            chosen = _headers({"set": [{"name": ARM_HEADER, "value": arm}], "remove": [RELEASE_HEADER]})
            yield matches, [chosen], Cause.comb("experiment", "arms", arm, "weight")
    # Nobody chooses an arm from outside.
    unchosen = [_headers({"remove": [ARM_HEADER, RELEASE_HEADER]})] if experiment is not None else []
    yield [called], unchosen, Cause.comb("interface", "method")


def _headers(change: dict[str, Any]) -> dict[str, Any]:
    return {"type": "RequestHeaderModifier", "requestHeaderModifier": change}
