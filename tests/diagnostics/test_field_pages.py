"""The pages about fields, graphs and platforms: an example takes the place of its keys in a whole file."""

import re

import pytest

from comb_compiler.compiler import check
from comb_compiler.diagnostics import CODES, Code, codes
from comb_compiler.source import SourceSet
from tests.diagnostics.test_pages import blocks, section

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
    in: {frame: moderation.v1.Frame}
    out: moderation.v1.Boxes
    scale: {min: 1, max: 9}
    timeout: 80ms
graph:
  boxes: detect(frame=$request.frame)
  return: boxes
sla: {deadline: 1s}
""".replace("SHA", "b" * 64)
PLATFORM = """\
apiVersion: comb.dev/v1
kind: Platform
metadata: {name: acme}
devices: {nvidia-a10: {memory: 24Gi}}
clusters: {east: {nodePools: {cpu: {nodes: 3, cpu: 8, memory: 32Gi}}, zones: {nas-a: {storageClass: nfs-a}}}}
namespaces: {combs: {}}
priorities: {high: {value: 1000}}
environments: {production: {clusters: [east], namespace: combs}}
environmentRepository: {url: "https://git.acme.example/environments.git"}
registry: {push: registry.acme.example/combs}
floors: {sla: {deadline: 10s}}
"""
OF_A_PLATFORM = (codes.UNKNOWN_CLUSTER, codes.UNKNOWN_NAMESPACE)
NEEDS_BYTES = (codes.STALE_LOCK, codes.BAD_LOCK, codes.DIGEST_MISMATCH, codes.UNREACHABLE_ARTIFACT)
"""What is said of locks and bytes: tested where those are, in tests/golden and tests/workspace."""

SHOWN = tuple(code for code in CODES if code.id >= "COMB2" and code not in NEEDS_BYTES)


def in_place(whole: str, fragment: str) -> str:
    """`whole` with the top-level keys of `fragment` instead of its own."""
    if not re.match(r"\w", fragment):
        return fragment
    replaced = set(re.findall(r"^(\w+):", fragment, re.MULTILINE))
    kept = [part for part in re.split(r"^(?=\w)", whole, flags=re.MULTILINE) if part.split(":")[0] not in replaced]
    return "".join(kept) + fragment


def said(code: Code, fragment: str) -> set[str]:
    comb, platform = COMB, PLATFORM
    if code in OF_A_PLATFORM:
        platform = in_place(PLATFORM, fragment)
        sources = SourceSet("platform.yaml", {"platform.yaml": platform.encode()})
        return {found.code.id for found in check(sources).diagnostics}
    comb = in_place(COMB, fragment)
    sources = SourceSet("comb.yaml", {"comb.yaml": comb.encode()})
    against = SourceSet("platform.yaml", {"platform.yaml": platform.encode()})
    return {found.code.id for found in check(sources, against).diagnostics}


def test_the_whole_files_are_right() -> None:
    assert said(codes.UNKNOWN_KEY, "kind: Comb\n") == set()
    assert said(codes.UNKNOWN_CLUSTER, "kind: Platform\n") == set()


@pytest.mark.parametrize("code", SHOWN, ids=lambda code: code.name)
def test_the_example_has_the_finding_and_what_is_shown_instead_has_not(code: Code) -> None:
    [(_, example)] = blocks(section(code, "Example"))
    assert code.id in said(code, example)
    better = blocks(section(code, "Instead"))
    assert better
    assert all(code.id not in said(code, block) for _, block in better)
