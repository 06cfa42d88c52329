"""`comb lock --base`: an image to build on, pinned by the digest that a real registry has for a tag."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from comb_compiler.images.layout import ImageLayout
from comb_compiler.images.model import MANIFEST, Descriptor
from comb_compiler.images.names import Reference
from comb_compiler.images.registry import Repository
from tests.architecture.imports import ROOT
from tests.images.making import GLIBC, base_layout, wheel
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


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The smallest comb, and wheels of its own; its platform names no base."""
    made = shutil.copytree(ROOT / "examples" / "hello", tmp_path / "comb", ignore=shutil.ignore_patterns("__pycache__"))
    (made / ".git").mkdir()
    (made / "comb.lock").unlink()
    (made / "platform.yaml").write_text(
        "apiVersion: comb.dev/v1\nkind: Platform\nmetadata: {name: here}\n"
        "clusters: {west: {nodePools: {cpus: {nodes: 4, cpu: 8, memory: 32Gi}}}}\n"
        "namespaces: {greetings: {}}\n"
        "environments: {local: {clusters: [west], namespace: greetings}}\n"
        'environmentRepository: {url: "https://git.acme.example/environments.git"}\n'
        "registry: {push: registry.acme.example/combs}\n",
        encoding="utf-8",
    )
    wheel(made / "wheels", "comb_runtime")
    return made


def run(root: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "comb_compiler", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1"}
    return subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True)


def bases(root: Path) -> list[dict[str, str]]:
    found: list[dict[str, str]] = json.loads((root / "comb.lock").read_bytes()).get("bases", [])
    return found


def build(root: Path) -> "subprocess.CompletedProcess[str]":
    return run(root, "image", "build", ".", *_WHERE, "--wheels", "wheels", "--no-code", "-o", "out")


def test_a_tag_is_pinned_built_on_and_moved_on_demand_alone(root: Path, registry: str, tmp_path: Path) -> None:
    image = f"{registry}/bases/python:moves"
    first = tagged(base_layout(tmp_path / "first"), registry, "moves")
    done = run(root, "lock", ".", "--base", image)
    assert (done.returncode, "1 base and the interface pinned" in done.stderr) == (0, True), done.stderr
    assert bases(root) == [{"image": image, "digest": first}]
    built = build(root)
    assert built.returncode == 0, built.stderr
    layers = json.loads(next((root / "out").glob("index.json")).read_bytes())["manifests"]
    assert layers
    second = tagged(base_layout(tmp_path / "second", (*GLIBC, "etc/new")), registry, "moves")
    assert run(root, "lock", ".").returncode == 0
    assert run(root, "lock", ".", "--check").returncode == 0
    assert bases(root) == [{"image": image, "digest": first}]
    assert run(root, "lock", ".", "--upgrade").returncode == 0
    assert bases(root) == [{"image": image, "digest": second}]


def test_what_no_registry_has_pins_nothing(root: Path, registry: str) -> None:
    done = run(root, "lock", ".", "--base", f"{registry}/bases/nothing:1")
    assert (done.returncode, "has no such repository, or no such image" in done.stderr) == (4, True), done.stderr
    assert not (root / "comb.lock").exists()


@pytest.mark.parametrize("name", ["python", "python:3.12", "a.example/b", "a.example/b:1 --x", "a.example/../b:1/2"])
def test_a_base_that_is_no_tag_of_a_registry_is_usage(name: str, root: Path) -> None:
    done = run(root, "lock", ".", "--base", name)
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
def test_where_nothing_says_a_base_one_that_does_is_named(target: str | None, said: str, root: Path) -> None:
    told = {"version": 1, "artifacts": []}
    requirements = {} if target is None else {"requirements": {"sha256": "0" * 64, "targets": {target: []}}}
    (root / "comb.lock").write_text(json.dumps({**told, **requirements}), encoding="utf-8")
    done = build(root)
    assert (done.returncode, said in done.stderr) == (2, True), done.stderr
