"""All that clusters are told of some combs, as files: a change of rendering is read in their difference.

`pytest --update` rewrites the files below `golden/`. What they hold is checked against the schema of its kind, so that
nothing is written there that a cluster would refuse.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from comb_compiler.compiler.render import render_comb, unbuilt_images
from comb_compiler.render import emit
from comb_compiler.workspace.checkout import Checkout
from comb_compiler.workspace.sources import load_sources
from tests.cluster.schemas import offences
from tests.render.rendering import CPUS, rendered

ROOT = Path(__file__).parents[2]
GOLDEN = Path(__file__).parent / "golden"
Files = Mapping[str, bytes]


def example(_: Path) -> Files:
    """The example in production: two clusters that share GPUs, scale and are scraped in different ways."""
    checkout = Checkout(ROOT)
    comb, platform = (load_sources(checkout, f"examples/frame-moderation/{name}.yaml") for name in ("comb", "platform"))
    made = render_comb(comb, platform, "production", unbuilt_images)
    found = {f"{one.directory}/{name}": content for one in made.clusters for name, content in one.files.items()}
    told = {file: content for file, content in found.items() if file.endswith(".yaml")}  # release.json is all digests
    return told | {one.flux_file: one.flux_bytes for one in made.clusters}


def by_routes(directory: Path) -> Files:
    """Routes, spans, samples on servers, a model server, and a workspace of the pod's own."""
    tensors = {
        "in": {"pixels": {"field": "frame.image", "type": "UINT8", "shape": [-1]}},
        "out": {"lines": {"field": "lines", "shape": [-1]}},
    }
    operators: dict[str, Any] = {
        "find": {"out": "ocr.v1.Frame", "devices": ["cpu"], "affinity": {"apart": ["turn"]}, "scale": {"min": 2}},
        "turn": {"out": "ocr.v1.Frame", "devices": ["cpu"]},
        "read": {"oip": {"endpoint": "grpc://triton.models.svc:8001", "model": "read", "tensors": tensors}},
    }
    graph = {"found": "find(frame=$request)", "turned": "turn(frame=found)", "text": "read(frame=turned)"}
    platform = {
        "delivery": "gateway-api",
        "gateway": {
            "name": "public",
            "namespace": "gateways",
            "hostname": "combs.acme.example",
            "httpHostname": "web.acme.example",
        },
        "sampleStore": {
            "elasticsearch": {"urls": ["https://search.data.svc:9200"], "credentials": "samples-store"},
            "hbase": {"host": "10.1.2.3"},
        },
    }
    cluster = {"nodePools": {"cpus": CPUS}, "traces": "http://collector.telemetry.svc:4317"}
    made = rendered(
        directory,
        operators,
        platform,
        cluster,
        graph={**graph, "return": "text"},
        experiment={"key": "request.user", "arms": {"control": {"weight": 95}, "other": {"weight": 5}}},
        rollout={"steps": ["1%"]},
        storage={"workspace": {"size": "2Gi"}},
    )
    return {one.file: emit(one.object).encode() for one in made}


CASES = {"frame-moderation": example, "by-routes": by_routes}


def kept(directory: Path) -> dict[str, bytes]:
    return {str(path.relative_to(directory)): path.read_bytes() for path in directory.rglob("*") if path.is_file()}


@pytest.mark.parametrize("name", CASES)
def test_what_clusters_are_told_is_what_was_read(name: str, tmp_path: Path, update: bool) -> None:
    found = CASES[name](tmp_path)
    if update:
        _write(GOLDEN / name, found)
    told = kept(GOLDEN / name)
    assert sorted(told) == sorted(found)
    changed = [file for file, content in found.items() if told[file] != content]
    assert changed == []


def _write(directory: Path, files: Files) -> None:
    for stale in kept(directory).keys() - files.keys():
        (directory / stale).unlink()
    for file, content in files.items():
        (directory / file).parent.mkdir(parents=True, exist_ok=True)
        (directory / file).write_bytes(content)


@pytest.mark.parametrize("name", CASES)
def test_what_was_read_is_what_a_cluster_takes(name: str) -> None:
    wrong = {}
    for file, content in kept(GOLDEN / name).items():
        if file.endswith(".yaml") and not file.endswith("kustomization.yaml"):
            wrong[file] = offences(yaml.load(content, yaml.CSafeLoader))
    assert wrong
    assert {file: told for file, told in wrong.items() if told} == {}
