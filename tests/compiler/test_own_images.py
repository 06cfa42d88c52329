"""An operator that is an image runs in that, in a pod of its own; the others run in what is built."""

from typing import Any

import yaml

from comb_compiler.compiler.images import to_build
from comb_compiler.compiler.render import Rendered, render_comb, unbuilt_images
from comb_compiler.diagnostics import codes
from comb_compiler.release.images import Images
from comb_compiler.workspace.sources import load_sources
from tests.support.memory import REMEMBERED, MemoryCheckout

PROTO = """\
syntax = "proto3";
package ocr.v1;
message Frame { bytes pixels = 1; }
message Answer { string text = 1; }
service Ocr { rpc Read(Frame) returns (Answer); }
"""
OWN = "registry.acme.example/combs/read@sha256:" + "0123456789abcdef" * 4
BUILT = "registry.acme.example/combs/ocr@sha256:" + "f" * 64
COMB = f"""\
apiVersion: comb.dev/v1
kind: Comb
metadata: {{name: ocr}}
interface: {{proto: ocr.proto, method: ocr.v1.Ocr/Read}}
operators:
  find: {{run: "code:Find", in: {{frame: ocr.v1.Frame}}, out: ocr.v1.Frame}}
  read: {{image: "{OWN}", in: {{frame: ocr.v1.Frame}}, out: ocr.v1.Answer}}
graph:
  found: find(frame=$request)
  text: read(frame=found)
  return: text
"""
PLATFORM = """\
apiVersion: comb.dev/v1
kind: Platform
metadata: {name: acme}
clusters: {east: {nodePools: {cpus: {nodes: 4, cpu: 8, memory: 32Gi}}}}
namespaces: {vision: {}}
environments: {production: {clusters: [east], namespace: vision}}
environmentRepository: {url: "https://git.acme.example/environments.git"}
registry: {push: registry.acme.example/combs}
"""


def rendered(comb: str = COMB, images: Any = unbuilt_images) -> Rendered:
    files = {"comb.yaml": comb, "ocr.proto": PROTO, "platform.yaml": PLATFORM}
    checkout = MemoryCheckout({name: text.encode() for name, text in files.items()})
    sources = [load_sources(checkout, f"{name}.yaml", REMEMBERED) for name in ("comb", "platform")]
    return render_comb(sources[0], sources[1], "production", images, REMEMBERED)


def images_of(made: Rendered) -> dict[str, str]:
    (cluster,) = made.clusters
    objects = [yaml.safe_load(content) for name, content in cluster.files.items() if name.startswith("deployment-")]
    return {one["metadata"]["name"]: one["spec"]["template"]["spec"]["containers"][0]["image"] for one in objects}


def test_it_runs_in_its_image_and_nothing_else_does() -> None:
    made = rendered(images=Images({"ocr": {"cpu": BUILT}}))
    assert made.diagnostics == ()
    assert images_of(made) == {"ocr": BUILT, "ocr--read": OWN}
    assert made.clusters[0].release.images == {"ocr": {"cpu": BUILT}, "ocr--read": {"cpu": OWN}}


def test_without_images_only_those_that_are_built_are_stood_in_for() -> None:
    found = images_of(rendered())
    assert found["ocr--read"] == OWN
    assert found["ocr"].startswith("unbuilt.invalid/")


def test_nobody_builds_what_is_there() -> None:
    made = rendered()
    assert made.plan is not None
    assert made.comb is not None
    assert made.comb.value is not None
    assert list(to_build(made.plan, made.comb.value)) == ["ocr"]


def test_another_image_starts_its_pods_anew() -> None:
    built = Images({"ocr": {"cpu": BUILT}})
    (one,), (other,) = rendered(images=built).clusters, rendered(COMB.replace("0123", "3210"), built).clusters
    assert one.files != other.files
    assert one.release.subject != other.release.subject


def test_an_image_from_elsewhere_is_told_like_any_other() -> None:
    made = rendered(COMB.replace("registry.acme.example/combs/read", "docker.io/library/read"))
    assert [one.code for one in made.diagnostics] == [codes.FOREIGN_IMAGE]
