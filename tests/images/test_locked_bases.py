"""`comb lock --base`: an image to build on, pinned by the digest that a real registry has for a tag."""

import json
import subprocess
from pathlib import Path

import pytest

from comb_compiler.images.layout import ImageLayout
from comb_compiler.images.model import MANIFEST, Descriptor
from comb_compiler.images.names import Reference
from comb_compiler.images.registry import Repository
from tests.images.example import run
from tests.images.making import GLIBC, base_layout
from tests.images.test_pushing import connecting, push

pytestmark = pytest.mark.slow
_WHERE = ("--platform", "platform.yaml", "--environment", "local")


def tagged(layout: ImageLayout, registry: str, tag: str) -> str:
    """Have a registry name the image of a layout by a tag: its digest."""
    digest = layout.images()["base"].digest
    image = Reference(registry, "bases/python", digest)
    push(layout, image)
    content = layout.read(digest)
    there = Repository(connecting()(image), image.repository)
    there.put_manifest(Descriptor(MANIFEST, digest, len(content)), content, tag)
    return digest


def bases(smallest: Path) -> list[dict[str, str]]:
    found: list[dict[str, str]] = json.loads((smallest / "comb.lock").read_bytes()).get("bases", [])
    return found


def build(smallest: Path) -> "subprocess.CompletedProcess[str]":
    return run(smallest, "image", "build", ".", *_WHERE, "--wheels", "wheels", "--no-code", "-o", "out")


def test_a_tag_is_pinned_built_on_and_moved_on_demand_alone(smallest: Path, registry: str, tmp_path: Path) -> None:
    image = f"{registry}/bases/python:moves"
    first = tagged(base_layout(tmp_path / "first"), registry, "moves")
    done = run(smallest, "lock", ".", "--base", image)
    assert (done.returncode, "1 base and the interface pinned" in done.stderr) == (0, True), done.stderr
    assert bases(smallest) == [{"image": image, "digest": first}]
    built = build(smallest)
    assert built.returncode == 0, built.stderr
    layers = json.loads(next((smallest / "out").glob("index.json")).read_bytes())["manifests"]
    assert layers
    second = tagged(base_layout(tmp_path / "second", (*GLIBC, "etc/new")), registry, "moves")
    assert run(smallest, "lock", ".").returncode == 0
    assert run(smallest, "lock", ".", "--check").returncode == 0
    assert bases(smallest) == [{"image": image, "digest": first}]
    assert run(smallest, "lock", ".", "--upgrade").returncode == 0
    assert bases(smallest) == [{"image": image, "digest": second}]


def test_what_no_registry_has_pins_nothing(smallest: Path, registry: str) -> None:
    done = run(smallest, "lock", ".", "--base", f"{registry}/bases/nothing:1")
    assert (done.returncode, "has no such repository, or no such image" in done.stderr) == (4, True), done.stderr
    assert not (smallest / "comb.lock").exists()


@pytest.mark.parametrize("name", ["python", "python:3.12", "a.example/b", "a.example/b:1 --x", "a.example/../b:1/2"])
def test_a_base_that_is_no_tag_of_a_registry_is_usage(name: str, smallest: Path) -> None:
    done = run(smallest, "lock", ".", "--base", name)
    assert (done.returncode, "is no image by a tag" in done.stderr) == (2, True), done.stderr


@pytest.mark.parametrize(
    ("target", "said"),
    [
        (None, "or pin one by `comb lock . --base IMAGE:TAG`"),
        (
            "cp312-musllinux_1_2_x86_64",
            "all wheels for musl: pin one by `comb lock . --base docker.io/library/python:3.12-alpine`",
        ),
        (
            "cp311-manylinux_2_36_x86_64",
            "wheels for glibc: pin one by `comb lock . --base docker.io/library/python:3.11-slim`",
        ),
    ],
)
def test_where_nothing_says_a_base_one_that_does_is_named(target: str | None, said: str, smallest: Path) -> None:
    told = {"version": 1, "artifacts": []}
    requirements = {} if target is None else {"requirements": {"sha256": "0" * 64, "targets": {target: []}}}
    (smallest / "comb.lock").write_text(json.dumps({**told, **requirements}), encoding="utf-8")
    done = build(smallest)
    assert (done.returncode, said in done.stderr) == (2, True), done.stderr
