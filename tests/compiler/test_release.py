"""release.json of a rendering: another where the files are, and the same where nothing but words moved."""

from collections.abc import Iterator
from copy import deepcopy
from hashlib import sha256
from typing import Any

import pytest
import yaml

from comb_compiler.compiler.render import Rendered, RenderedCluster, render_comb, unbuilt_images
from comb_compiler.diagnostics import has_errors
from comb_compiler.release.release import parse_release
from comb_compiler.release.serialised import parse_plan
from comb_compiler.source import Path
from comb_compiler.workspace.sources import load_sources
from tests.support.memory import REMEMBERED, MemoryCheckout

PROTO = """\
syntax = "proto3";
package ocr.v1;
message Frame { bytes pixels = 1; string user = 2; }
message Answer { string text = 1; }
service Ocr { rpc Read(Frame) returns (Answer); }
"""
COMB = """\
apiVersion: comb.dev/v1
kind: Comb
metadata: {name: ocr, team: vision}
interface: {proto: ocr.proto, method: ocr.v1.Ocr/Read}
operators:
  find:
    run: code:Find
    in: {frame: ocr.v1.Frame}
    out: ocr.v1.Frame
    devices: [nvidia-a10]
    resources: {cpu: 1, memory: 1Gi, gpu: {memory: 2Gi, compute: 10%}}
    priority: high
    timeout: 80ms
    scale: {min: 1, max: 3, targets: {gpuUtilization: 70%}}
  read:
    run: code:Read
    in: {frame: ocr.v1.Frame}
    out: ocr.v1.Answer
    devices: [cpu]
    affinity: {prefer: [{zone: nas-a, weight: 50}]}
    resources: {cpu: 1, memory: 1Gi}
    timeout: 80ms
    scale: {min: 2, max: 4, targets: {cpu: 70%}}
graph:
  found: find(frame=$request)
  text: read(frame=found)
  return: text
experiment:
  key: header/x-user
  arms: {control: {weight: 90}, late: {weight: 10, set: {operators: {read: {run: "code:Late"}}}}}
sla: {deadline: 1s, p99: 500ms, errorRate: 1%, timeoutRate: 1%}
environments: {production: {operators: {read: {scale: {min: 3}}}}}
"""
PLATFORM = """\
apiVersion: comb.dev/v1
kind: Platform
metadata: {name: acme, description: All that there is.}
devices:
  nvidia-a10: {memory: 22Gi, product: NVIDIA A10}
  nvidia-t4: {memory: 15Gi, product: Tesla T4}
clusters:
  east:
    zones:
      nas-a: {storageClass: nas-east-a, nodeLabels: {zone: east-a}}
      nas-b: {storageClass: nas-east-b, nodeLabels: {zone: east-b}}
    nodePools:
      a10:
        nodes: 3
        cpu: 31
        memory: 120Gi
        device: nvidia-a10
        devices: 2
        sharing: hami
        zone: nas-a
        labels: {gpu: "on"}
        taints: [{key: nvidia.com/gpu, effect: NoSchedule}]
      t4: {nodes: 1, cpu: 8, memory: 30Gi, device: nvidia-t4, devices: 1, labels: {gpu: t4}}
      cpus: {nodes: 3, cpu: 16, memory: 60Gi, zone: nas-a, labels: {kind: cpu}}
    prometheus: {url: "http://prometheus.monitoring.svc:9090", exporter: hami, podLabel: pod, namespaceLabel: namespace}
  west:
    nodePools:
      cpus: {nodes: 3, cpu: 16, memory: 60Gi}
namespaces:
  vision: {teams: [vision, audio], quota: {cpu: 96, memory: 192Gi, devices: {nvidia-a10: 4}}}
  vision-staging: {teams: [vision]}
priorities: {high: {value: 1000}, low: {value: 10, preempts: false}}
environments:
  production: {clusters: [east], namespace: vision, evidence: true}
  staging: {clusters: [east], namespace: vision-staging}
environmentRepository: {url: "https://git.acme.example/environments.git", branch: main}
registry: {push: registry.acme.example/combs, allowed: [registry.acme.example/base]}
sampleStore: {embedded: {directory: samples}}
floors: {sla: {deadline: 10s}}
firstRelease: {samples: 30, traffic: 10%}
notifications: {releases: {type: slack, secret: releases, environments: [production]}}
patches:
  settle: {why: Caches., target: {kind: Deployment, comb: ocr}, merge: {spec: {minReadySeconds: 7}}}
  elsewhere: {why: Caches., target: {kind: Deployment, cluster: west}, merge: {spec: {minReadySeconds: 8}}}
"""


def rendered(comb: str = COMB, platform: str = PLATFORM, environment: str = "production", code: str = "") -> Rendered:
    files = {"comb.yaml": comb.encode(), "ocr.proto": PROTO.encode(), "platform.yaml": platform.encode()}
    checkout = MemoryCheckout(files)
    sources, on = (load_sources(checkout, name, REMEMBERED) for name in ("comb.yaml", "platform.yaml"))
    return render_comb(sources, on, environment, unbuilt_images, REMEMBERED, code)


def only(made: Rendered) -> RenderedCluster:
    assert not has_errors(made.diagnostics), made.diagnostics
    (cluster,) = made.clusters
    return cluster


def tree(cluster: RenderedCluster) -> dict[str, bytes]:
    files = {
        f"{cluster.directory}/{name}": content for name, content in cluster.files.items() if name != "release.json"
    }
    return {**files, cluster.flux_file: cluster.flux_bytes}


BASE = only(rendered())


def test_it_is_the_last_file_and_lists_all_others() -> None:
    *others, last = BASE.files
    assert last == "release.json"
    release = parse_release(BASE.files[last])
    assert release == BASE.release
    assert release.files == {name: sha256(BASE.files[name]).hexdigest() for name in others}
    assert release.flux == sha256(BASE.flux_bytes).hexdigest()


def test_its_plan_is_the_one_that_pods_mount() -> None:
    (plan,) = [one.object for one in BASE.manifests if one.file.startswith("configmap-ocr--plan-")]
    content = plan["data"]["plan.json"].encode()
    assert BASE.release.plan == sha256(content).hexdigest()
    assert BASE.release.promise.descriptors == parse_plan(content).descriptors
    assert BASE.release.promise.channels == ("ocr.v1.Answer", "ocr.v1.Frame")


def test_environments_have_one_subject_and_releases_of_their_own() -> None:
    staging = only(rendered(environment="staging")).release
    assert (staging.subject, staging.arms) == (BASE.release.subject, BASE.release.arms)
    assert staging.digest != BASE.release.digest
    assert BASE.release.arms["late"] != BASE.release.arms["control"] == BASE.release.subject


def test_operators_code_is_a_part_of_the_subject_alone() -> None:
    other = only(rendered(code="1" * 64))
    assert other.release.subject != BASE.release.subject
    assert tree(other) == tree(BASE)


def test_words_and_their_order_change_nothing() -> None:
    turned = yaml.safe_dump(yaml.safe_load(PLATFORM), sort_keys=True)
    comb = COMB.replace("graph:\n", "# a comment\n\ngraph:\n")
    assert only(rendered(comb, f"# another\n{turned}")).files == BASE.files


def leaves(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    if isinstance(value, dict):
        for key, one in value.items():
            yield from leaves(one, (*path, key))
    elif isinstance(value, list):
        for index, one in enumerate(value):
            yield from leaves(one, (*path, index))
    else:
        yield path, value


WHOLE: Any = yaml.safe_load(PLATFORM)
LEAVES = dict(leaves(WHOLE))
CHANGED = {"nodes": 2, "on": "off", "hami": "exclusive", "slack": "discord", "NoSchedule": "NoExecute"}
RATHER: dict[Path, Any] = {
    ("clusters", "east", "prometheus", "exporter"): "dcgm",
    ("clusters", "east", "nodePools", "a10", "nodes"): 2,
}
SIZES = {"22Gi": "24Gi", "15Gi": "16Gi", "120Gi": "100Gi", "30Gi": "31Gi", "60Gi": "50Gi", "192Gi": "190Gi"}
RENAMED = {
    "10s": "9s",
    "10%": "20%",
    "nvidia-a10": "nvidia-t4",
    "registry.acme.example/combs": "registry.acme.example/c",
}


def other(path: Path, value: Any) -> Any:
    """Another value of the kind."""
    if path in RATHER:
        return RATHER[path]
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value - 1 if value > 1 else value + 1
    return CHANGED.get(value) or SIZES.get(value) or RENAMED.get(value) or f"{value}x"


def with_leaf(path: Path, value: Any) -> str:
    changed = deepcopy(WHOLE)
    at = changed
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = value
    return yaml.safe_dump(changed, sort_keys=False)


PARTLY = (("clusters", "east", "prometheus", "url"), ("sampleStore", "embedded", "directory"))
"""Services of which the files say less than the platform does."""
ROOM = ("nodes", "cpu", "memory", "devices")
"""How much there is of it decides how instances are divided, which the files say; it is no ground of its own."""


@pytest.mark.slow
@pytest.mark.parametrize("path", LEAVES, ids=lambda path: ".".join(map(str, path)))
def test_a_field_of_the_platform_changes_the_release_where_it_changes_a_file(path: Path) -> None:
    made = rendered(platform=with_leaf(path, other(path, LEAVES[path])))
    if has_errors(made.diagnostics) or not made.clusters:
        assert made.diagnostics  # what refers to it is said
        return
    cluster = only(made)
    if tree(cluster) == tree(BASE) and path not in PARTLY:
        assert cluster.files["release.json"] == BASE.files["release.json"]
    elif tree(cluster) != tree(BASE) and path[-1] not in ROOM:
        assert cluster.release.platform != BASE.release.platform or cluster.directory != BASE.directory


@pytest.mark.parametrize(
    "path",
    [
        ("devices", "nvidia-t4", "memory"),
        ("clusters", "east", "zones", "nas-b", "nodeLabels", "zone"),
        ("clusters", "east", "nodePools", "t4", "labels", "gpu"),
        ("clusters", "west", "nodePools", "cpus", "cpu"),
        ("namespaces", "vision", "quota", "cpu"),
        ("priorities", "low", "value"),
        ("environmentRepository", "branch"),
        ("notifications", "releases", "secret"),
        ("patches", "elsewhere", "merge", "spec", "minReadySeconds"),
    ],
    ids=lambda path: ".".join(map(str, path)),
)
def test_what_another_comb_uses_changes_nothing(path: Path) -> None:
    assert only(rendered(platform=with_leaf(path, other(path, LEAVES[path])))).files == BASE.files


def test_what_a_patch_says_why_is_no_part_of_it() -> None:
    path = ("patches", "settle", "why")
    assert only(rendered(platform=with_leaf(path, "Something else."))).files == BASE.files


def test_an_image_that_no_pod_runs_is_no_part_of_it() -> None:
    images = unbuilt_images(rendered().plan, "ocr")  # type: ignore[arg-type]
    more = images._replace(
        by_process={**images.by_process, "other": {"cpu": "unbuilt.invalid/other@sha256:" + "1" * 64}}
    )
    files = {"comb.yaml": COMB.encode(), "ocr.proto": PROTO.encode(), "platform.yaml": PLATFORM.encode()}
    sources, on = (load_sources(MemoryCheckout(files), name, REMEMBERED) for name in ("comb.yaml", "platform.yaml"))
    assert only(render_comb(sources, on, "production", more, REMEMBERED)).files == BASE.files
