"""Routes of the Gateway API: who has which bucket gets which arm, and nobody chooses one from outside."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from comb_compiler.render import Manifest
from tests.render.rendering import of_kind, rendered

GATEWAY = {"name": "public", "namespace": "gateways", "hostname": "combs.acme.example"}
BY_ROUTES = {"delivery": "gateway-api", "gateway": GATEWAY}


def made(directory: Path, weights: Mapping[str, int], **gateway: Any) -> tuple[Manifest, ...]:
    arms = {arm: {"weight": weight} for arm, weight in weights.items()}
    experiment: dict[str, Any] = {"experiment": {"key": "request.user", "arms": arms}} if arms else {}
    return rendered(directory, {"find": {}}, {**BY_ROUTES, "gateway": {**GATEWAY, **gateway}}, **experiment)


def route(manifests: tuple[Manifest, ...], kind: str = "GRPCRoute") -> Mapping[str, Any]:
    [found] = of_kind(manifests, kind)
    spec: Mapping[str, Any] = found["spec"]
    return spec


def sent(spec: Mapping[str, Any], headers: Mapping[str, str]) -> dict[str, str]:
    """The headers that arrive of a request with these: the rule whose match says most has it."""
    matching = [
        (len(match.get("headers", ())), rule)
        for rule in spec["rules"]
        for match in rule["matches"]
        if all(headers.get(one["name"]) == one["value"] for one in match.get("headers", ()))
    ]
    _, rule = max(matching, key=lambda pair: pair[0])
    arriving = dict(headers)
    for one in rule.get("filters", ()):
        change = one.get("requestHeaderModifier", {})
        arriving |= {header["name"]: header["value"] for header in change.get("set", ())}
        for name in change.get("remove", ()):
            arriving.pop(name, None)
    return arriving


def matches(spec: Mapping[str, Any]) -> Iterator[int]:
    return (len(rule["matches"]) for rule in spec["rules"])


def test_users_get_the_arm_of_their_bucket(tmp_path: Path) -> None:
    spec = route(made(tmp_path, {"control": 90, "rotate": 10}))
    arms = [sent(spec, {"x-user-bucket": str(bucket)})["comb-arm"] for bucket in range(100)]
    assert arms == ["control"] * 90 + ["rotate"] * 10


@pytest.mark.parametrize("header", ["comb-arm", "comb-release"])
def test_nobody_chooses_from_outside(header: str, tmp_path: Path) -> None:
    spec = route(made(tmp_path, {"control": 90, "rotate": 10}))
    assert header not in sent(spec, {header: "rotate"})
    assert sent(spec, {header: "rotate", "x-user-bucket": "5"}).get("comb-arm") == "control"
    assert "comb-arm" not in sent(spec, {"x-user-bucket": "100"})


@pytest.mark.parametrize("weights", [{"a": 1}, {"a": 90, "b": 10}, {f"a{n}": 1 for n in range(14)}, {"a": 0, "b": 1}])
def test_a_route_has_no_more_than_routes_may(weights: dict[str, int], tmp_path: Path) -> None:
    spec = route(made(tmp_path, weights))
    assert len(spec["rules"]) <= 16
    assert max(matches(spec)) <= 64
    assert sum(matches(spec)) <= 128


def test_a_comb_is_known_by_its_method_and_hangs_on_the_gateway(tmp_path: Path) -> None:
    manifests = made(tmp_path, {})
    spec = route(manifests)
    assert spec["parentRefs"] == [{"name": "public", "namespace": "gateways"}]
    assert spec["hostnames"] == ["combs.acme.example"]
    [rule] = spec["rules"]
    assert rule["matches"] == [{"method": {"type": "Exact", "service": "ocr.v1.Ocr", "method": "Read"}}]
    [service] = of_kind(manifests, "Service")
    assert rule["backendRefs"] == [{"name": service["metadata"]["name"], "port": service["spec"]["ports"][0]["port"]}]
    assert not list(of_kind(manifests, "HTTPRoute"))


def test_http_has_a_host_and_a_path_of_its_own(tmp_path: Path) -> None:
    spec = route(made(tmp_path, {"a": 1, "b": 1}, httpHostname="web.acme.example", bucketHeader="x-b"), "HTTPRoute")
    assert spec["hostnames"] == ["web.acme.example"]
    for rule in spec["rules"]:
        assert all(match["path"] == {"type": "Exact", "value": "/vision/ocr/v1/call"} for match in rule["matches"])
        rewrites = [one["urlRewrite"]["path"] for one in rule["filters"] if "urlRewrite" in one]
        assert rewrites == [{"type": "ReplaceFullPath", "replaceFullPath": "/v1/call"}]
        assert rule["backendRefs"][0]["port"] == 8080
    assert sent(spec, {"x-b": "99"})["comb-arm"] == "b"


def test_the_process_takes_arms_that_routes_choose_and_no_others(tmp_path: Path) -> None:
    def arguments(manifests: tuple[Manifest, ...]) -> list[str]:
        [deployment] = of_kind(manifests, "Deployment")
        said: list[str] = deployment["spec"]["template"]["spec"]["containers"][0]["args"]
        return said

    weights = {"a": 1, "b": 1}
    assert "--forced-arms=true" in arguments(made(tmp_path, weights))
    assert "--forced-arms=true" not in arguments(made(tmp_path, {}))
    by_router = rendered(tmp_path, {"find": {}}, experiment={"key": "request.user", "arms": {"a": {"weight": 1}}})
    assert "--forced-arms=true" not in arguments(by_router)
    assert not list(of_kind(by_router, "GRPCRoute"))
