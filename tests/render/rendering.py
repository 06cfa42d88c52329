"""Combs and platforms that tests make up, rendered as `comb render` does it."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from comb_compiler.compiler.render import RenderedCluster, render_comb, unbuilt_images
from comb_compiler.diagnostics import Severity
from comb_compiler.render import Manifest
from comb_compiler.workspace.checkout import Checkout
from comb_compiler.workspace.sources import load_sources

__all__ = ["CPUS", "PROTO", "of_kind", "rendered", "rendered_cluster"]

PROTO = """syntax = "proto3";
package ocr.v1;
service Ocr { rpc Read(Frame) returns (Text); }
message Frame { bytes image = 1; string user = 2; }
message Text { repeated string lines = 1; }
"""
CPUS: dict[str, Any] = {"nodes": 4, "cpu": 16, "memory": "64Gi"}
_OPERATOR = {"run": "code:Read", "in": {"frame": "ocr.v1.Frame"}, "out": "ocr.v1.Text"}


def rendered(
    directory: Path,
    operators: Mapping[str, Mapping[str, Any]],
    platform: Mapping[str, Any] | None = None,
    cluster: Mapping[str, Any] | None = None,
    **comb: Any,
) -> tuple[Manifest, ...]:
    """The objects of a comb that calls each of `operators`, in the one cluster of a platform."""
    return rendered_cluster(directory, operators, platform, cluster, **comb).manifests


def rendered_cluster(
    directory: Path,
    operators: Mapping[str, Mapping[str, Any]],
    platform: Mapping[str, Any] | None = None,
    cluster: Mapping[str, Any] | None = None,
    **comb: Any,
) -> RenderedCluster:
    """What a cluster is told of such a comb.

    Further sections of comb.yaml and platform.yaml are laid over those that it takes to have a comb at all.
    """
    steps = {name: f"{name}(frame=$request)" for name in operators}
    document = {
        "apiVersion": "comb.dev/v1",
        "kind": "Comb",
        "metadata": {"name": "ocr"},
        "interface": {"proto": "ocr.proto", "method": "ocr.v1.Ocr/Read"},
        "operators": {name: _operator(said) for name, said in operators.items()},
        "graph": {**steps, "return": next(iter(steps))},
        **comb,
    }
    whole = {
        "apiVersion": "comb.dev/v1",
        "kind": "Platform",
        "metadata": {"name": "acme"},
        "devices": {"nvidia-a10": {"memory": "20Gi"}},
        "clusters": {"east": {"nodePools": {"cpus": CPUS}, **(cluster or {})}},
        "namespaces": {"vision": {}},
        "environments": {"production": {"clusters": ["east"], "namespace": "vision"}},
        "environmentRepository": {"url": "https://git.acme.example/environments.git"},
        "registry": {"push": "registry.acme.example/combs"},
        **(platform or {}),
    }
    (directory / "ocr.proto").write_text(PROTO, encoding="utf-8")
    for name, content in (("comb.yaml", document), ("platform.yaml", whole)):
        (directory / name).write_text(yaml.safe_dump(content, sort_keys=False, allow_unicode=True), encoding="utf-8")
    checkout = Checkout(directory)
    sources = load_sources(checkout, "comb.yaml"), load_sources(checkout, "platform.yaml")
    made = render_comb(*sources, "production", unbuilt_images)
    assert [one for one in made.diagnostics if one.severity is Severity.ERROR] == []
    [found] = made.clusters
    return found


def _operator(said: Mapping[str, Any]) -> dict[str, Any]:
    whole = {**_OPERATOR, **said}
    return {key: value for key, value in whole.items() if key != "run" or not {"oip", "image"} & said.keys()}


def of_kind(manifests: tuple[Manifest, ...], kind: str) -> Iterator[Mapping[str, Any]]:
    """The objects of a kind."""
    return (one.object for one in manifests if one.object["kind"] == kind)
