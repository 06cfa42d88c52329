"""The pages about fields, graphs and platforms: an example takes the place of its keys in a whole file.

An example of a .proto takes the place of the messages and services that it declares.
"""

import re
from pathlib import Path

import pytest

from comb_compiler.cli.against import Against
from comb_compiler.cli.code import check_code
from comb_compiler.compiler import check
from comb_compiler.compiler.render import render_comb
from comb_compiler.diagnostics import CODES, Code, codes
from comb_compiler.release.images import parse_images
from comb_compiler.source import SourceSet
from comb_compiler.workspace.checkout import Checkout
from comb_compiler.workspace.sources import load_sources, with_samples
from tests.diagnostics.test_pages import blocks, section
from tests.support.memory import REMEMBERED

COMB = """\
apiVersion: comb.dev/v1
kind: Comb
metadata: {name: frame-moderation, team: content-safety}
interface: {proto: moderation.proto, method: moderation.v1.ModerationService/Check}
models:
  angle: {versions: {"1.0.0": {artifact: "python://rapidocr/cls.onnx", sha256: SHA}}}
operators:
  detect:
    run: operators.text:Detect
    model: angle@1.0.0
    in: {frame: moderation.v1.Frame}
    out: moderation.v1.Boxes
    scale: {min: 1, max: 9, targets: {cpu: 70%}}
    timeout: 80ms
  decide: {run: "operators.text:Decide", in: {boxes: moderation.v1.Boxes}, out: moderation.v1.Verdict, timeout: 20ms}
graph:
  boxes: detect(frame=$request.frame)
  verdict: decide(boxes=boxes)
  return: verdict
sla: {deadline: 1s}
""".replace("SHA", "b" * 64)
PROTO = """\
syntax = "proto3";
package moderation.v1;
service ModerationService {
  rpc Check(CheckRequest) returns (Verdict);
}
message CheckRequest {
  Frame frame = 1;
  string user_id = 2;
  bool check_nudity = 3;
}
message Frame {
  bytes picture = 1;
}
message Boxes {
  repeated Box boxes = 1;
}
message Box {
  int32 left = 1;
  int32 top = 2;
}
message Lines {
  repeated string lines = 1;
}
message Verdict {
  string reason = 1;
  ReadResponse details = 2;
}
message ReadResponse {
  repeated string lines = 1;
}
message Features {
  repeated float pixels = 1;
  string camera = 2;
}
message Scores {
  repeated float scores = 1;
}
message Unused {
}
"""
GEOMETRY = 'syntax = "proto3";\npackage geometry.v1;\nmessage Point {\n  int32 x = 1;\n}\n'
PLATFORM = """\
apiVersion: comb.dev/v1
kind: Platform
metadata: {name: acme}
devices: {nvidia-a10: {memory: 24Gi}, nvidia-t4: {memory: 15Gi}}
clusters:
  east:
    nodePools:
      cpu: {nodes: 3, cpu: 8, memory: 32Gi, zone: nas-a}
      a10:
        nodes: 2
        cpu: 8
        memory: 32Gi
        device: nvidia-a10
        devices: 1
        sharing: {backEnd: time-slicing, replicas: 4}
        labels: {gpu: a10}
    zones: {nas-a: {storageClass: nfs-a, nodeLabels: {zone: a}}}
    prometheus: {url: "http://prometheus.monitoring.svc:9090", serviceMonitors: false}
namespaces: {combs: {teams: [content-safety], quota: {cpu: 20}}}
priorities: {high: {value: 1000}, low: {value: 10}}
environments: {production: {clusters: [east], namespace: combs}}
environmentRepository: {url: "https://git.acme.example/environments.git"}
registry: {push: registry.acme.example/combs}
floors: {sla: {deadline: 10s}}
"""
OF_A_PLATFORM = (
    codes.CLEARTEXT_CREDENTIALS,
    codes.UNKNOWN_CLUSTER,
    codes.UNKNOWN_NAMESPACE,
    codes.OVERLAPPING_ENVIRONMENTS,
    codes.PATCH_CHANGES_IDENTITY,
    codes.PATCH_WITHOUT_TARGET,
)
GATEWAY = """\
delivery: gateway-api
gateway: {name: public, namespace: gateways, hostname: combs.acme.example}
"""
ZONE_LABELS = ", nodeLabels: {zone: a}"
PUBLISHED = "storage: {workspace: {size: 50Gi, shared: zone}}\n"
BREAKING = (codes.SHRUNK_WORKSPACE, codes.BREAKS_WIRE, codes.BREAKS_JSON, codes.BREAKS_SOURCE)
NEEDS_BYTES = (
    codes.NOTHING_TO_COMPARE,
    codes.STALE_LOCK,
    codes.BAD_LOCK,
    codes.DIGEST_MISMATCH,
    codes.UNREACHABLE_ARTIFACT,
    codes.TOO_LARGE_OBJECT,
    codes.MISSING_EVIDENCE,
    codes.VOID_EVIDENCE,
    codes.UNBUILT_RELEASE,
    codes.FORBIDDEN_CHANGE,
    codes.UNKNOWN_EARLIER_STATE,
    codes.BAD_REQUIREMENT,
    codes.WEAKENED_EXAM,
    codes.POLICY_VIOLATED,
    codes.POLICY_WARNING,
    codes.BAD_POLICY,
    codes.UNSUPPORTED_POLICY,
    codes.DUPLICATE_POLICY,
    codes.COSTLY_POLICY,
    codes.CONTRADICTING_FIXTURE,
    codes.UNTESTED_POLICY,
    codes.MISSING_PARAMS,
    codes.UNKNOWN_CLAIMS,
    codes.STRAY_ENVIRONMENT,
    codes.FILE_IN_THE_WAY,
    codes.BAD_TEMPLATE_RECORD,
    codes.LOST_TEMPLATE,
    codes.TEMPLATE_CONFLICT,
    codes.REFUSED_ANSWER,
    codes.UNTOLD_BY_CLUSTER,
)
"""What is said of locks, evidence, exams, changes and megabytes: tested where those are, in golden and workspace."""

SHOWN = tuple(code for code in CODES if code.id >= "COMB2" and code not in NEEDS_BYTES)


def in_place(whole: str, fragment: str) -> str:
    """`whole` with the top-level keys of `fragment` instead of its own."""
    if not re.match(r"\w", fragment):
        return fragment
    replaced = set(re.findall(r"^(\w+):", fragment, re.MULTILINE))
    kept = [part for part in re.split(r"^(?=\w)", whole, flags=re.MULTILINE) if part.split(":")[0] not in replaced]
    return "".join(kept) + fragment


def in_proto(whole: str, fragment: str, dropped: str = "") -> str:
    """`whole` with the declarations of `fragment` instead of those of the same names, and without `dropped`."""
    replaced = {*re.findall(r"^(?:message|enum|service) (\w+)", fragment, re.MULTILINE), dropped}
    head, *declared = re.split(r"^(?=message |enum |service )", whole, flags=re.MULTILINE)
    imports = "".join(re.findall(r"^import .*\n", fragment, re.MULTILINE))
    rest = re.sub(r"^import .*\n", "", fragment, flags=re.MULTILINE)
    return head + imports + "".join(one for one in declared if one.split()[1] not in replaced) + rest


def said(code: Code, language: str, fragment: str, directory: Path) -> set[str]:
    if language == "python":
        return said_of_code(fragment, directory)
    if code in OF_A_PLATFORM:
        platform = in_place(PLATFORM, fragment)
        sources = SourceSet("platform.yaml", {"platform.yaml": platform.encode()})
        return {found.code.id for found in check(sources).diagnostics}
    asks = language == "yaml" and code is not codes.OPEN_POOL
    comb = in_place(COMB, fragment) if asks else COMB
    proto = in_proto(PROTO, fragment, "" if code not in BREAKING else "Unused") if language == "proto" else PROTO
    here = checkout(directory / "now", comb, proto)
    sources = with_samples(here, load_sources(here, "comb.yaml", REMEMBERED))
    published = None
    if code in BREAKING:
        old = Against("HEAD", checkout(directory / "before", COMB + PUBLISHED, PROTO), "", REMEMBERED)
        published = old.published(sources)
    there = {codes.UNROUTABLE_ARM: GATEWAY, codes.OPEN_POOL: fragment}.get(code, "")
    whole = PLATFORM.replace(ZONE_LABELS, "") if code in (codes.NO_ZONE, codes.INDISTINCT_PLACE) else PLATFORM
    platform = in_place(whole, there or "kind: Platform\n")
    against = SourceSet("platform.yaml", {"platform.yaml": platform.encode()})
    if language == "json":
        rendered = render_comb(sources, against, "production", parse_images(fragment.encode()), REMEMBERED)
        return {found.code.id for found in rendered.diagnostics}
    return {found.code.id for found in check(sources, against, REMEMBERED, published).diagnostics}


def said_of_code(fragment: str, directory: Path) -> set[str]:
    """What `--code` says of a comb whose operator is the class `Decide` of the fragment."""
    here = checkout(directory / "code", COMB, PROTO)
    (directory / "code" / "operators").mkdir(exist_ok=True)
    detect = 'class Detect:\n    def __call__(self, frame: "moderation.v1.Frame") -> "moderation.v1.Boxes": ...\n'
    (directory / "code" / "operators" / "text.py").write_text(f"{detect}\n\n{fragment}", encoding="utf-8")
    return {found.code.id for found in check_code(here, ["comb.yaml"], REMEMBERED)}


def checkout(directory: Path, comb: str, proto: str) -> Checkout:
    directory.mkdir(exist_ok=True)
    for name, content in {"comb.yaml": comb, "moderation.proto": proto, "geometry.proto": GEOMETRY}.items():
        (directory / name).write_text(content, encoding="utf-8")
    for number in range(4):
        (directory / "samples" / "rotated" / str(number)).mkdir(parents=True, exist_ok=True)
    return Checkout(directory)


def test_the_whole_files_are_right(tmp_path: Path) -> None:
    assert said(codes.UNKNOWN_KEY, "yaml", "kind: Comb\n", tmp_path) == set()
    assert said(codes.BAD_PROTO, "proto", "", tmp_path) == set()
    assert said(codes.UNKNOWN_CLUSTER, "yaml", "kind: Platform\n", tmp_path) == set()


@pytest.mark.parametrize("code", SHOWN, ids=lambda code: code.name)
def test_the_example_has_the_finding_and_what_is_shown_instead_has_not(code: Code, tmp_path: Path) -> None:
    [(language, example)] = blocks(section(code, "Example"))
    assert code.id in said(code, language, example, tmp_path)
    better = blocks(section(code, "Instead"))
    assert better
    assert all(code.id not in said(code, *block, tmp_path) for block in better)
