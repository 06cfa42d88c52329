"""`comb image build` as a user runs it."""

import json
from pathlib import Path

import pytest

from comb_compiler.images.layout import ImageLayout
from comb_compiler.release.images import parse_images
from tests.cli.conftest import Comb, Ran
from tests.cli.test_render import PLATFORM
from tests.images.making import base_layout, wheel


@pytest.fixture
def ready(checkout: Path) -> Path:
    """The comb with a platform, wheels and a base."""
    (checkout / "platform.yaml").write_text(PLATFORM, encoding="utf-8")
    (checkout / "operators.py").write_text("class Greet: ...\n", encoding="utf-8")
    wheel(checkout / "wheels", "comb_runtime")
    base_layout(checkout / "base")
    return checkout


def build(comb: Comb, *more: str) -> Ran:
    ways = ("--wheels", "wheels", "--platform", "platform.yaml", "--environment", "staging", "-o", "out")
    return comb("image", "build", ".", *ways, *more)


def test_images_are_built_and_named_and_rendered(comb: Comb, ready: Path) -> None:
    ran = build(comb, "--base", "cpu=oci:base")
    assert ran.code == 0, ran.err
    images = parse_images((ready / "images.json").read_bytes())
    name, _, digest = images.by_process["greeting"]["cpu"].partition("@")
    assert (name, images.unbuilt) == ("registry.acme.example/combs/greeting", False)
    assert ImageLayout(ready / "out").images()["registry.acme.example/combs/greeting/cpu"].digest == digest
    assert digest in ran.out
    rendered = comb(
        "render", ".", "--platform", "platform.yaml", "--environment", "staging", "--images", "images.json", "-o", "r"
    )
    assert rendered.code == 0, rendered.err
    assert digest in (ready / "r/clusters/west/greetings/greeting/deployment-greeting.yaml").read_text(encoding="utf-8")


def test_the_same_comb_makes_the_same_images_again(comb: Comb, ready: Path) -> None:
    build(comb, "--base", "cpu=oci:base")
    first = (ready / "images.json").read_bytes()
    ran = build(comb, "--base", "cpu=oci:base", "--images", "again.json")
    assert (ran.code, (ready / "again.json").read_bytes()) == (0, first)
    (ready / "operators.py").write_text("class Greet: pass\n", encoding="utf-8")
    build(comb, "--base", "cpu=oci:base")
    assert json.loads((ready / "images.json").read_bytes()) != json.loads(first)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ([], "which base for cpu?"),
        (["--base", "base"], "write CLASS=oci:DIR"),
        (["--base", "cpu=oci:nowhere"], "which image? there is none"),
        (["--base", "cpu=comb.yaml"], "no archive of one image"),
        (["--base", "cpu=oci:base@other"], "no `other`"),
        (["--base", "cpu=oci:base", "--wheels", "nowhere"], "no such directory"),
        (["--base", "cpu=oci:base", "--wheels", "base"], "no wheel of comb-runtime"),
    ],
)
def test_what_cannot_be_built_is_usage_and_leaves_no_images(
    comb: Comb, ready: Path, more: list[str], said: str
) -> None:
    ran = build(comb, *more)
    assert (ran.code, said in ran.err) == (2, True), ran.err
    assert not (ready / "images.json").exists()
