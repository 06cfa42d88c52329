"""`comb image build` as a user runs it."""

import json
import os
from pathlib import Path

import pytest

from comb_compiler.cli.exits import UsageError
from comb_compiler.cli.image.bases import Locked, chosen_bases, in_words
from comb_compiler.cli.image.locked import wheels_for
from comb_compiler.images.bases import Found, open_layout
from comb_compiler.images.layout import ImageLayout
from comb_compiler.release.images import parse_images
from tests.cli.conftest import Comb, Ran
from tests.cli.test_render import PLATFORM
from tests.images.making import base_layout, wheel
from tests.support.engines import registry
from tests.support.terminal import on_terminal

__all__ = ["registry"]

OPERATORS = """\
def Greet(name: "greeting.v1.Name") -> "greeting.v1.Greeting":
    return {"text": name.text}
"""


@pytest.fixture
def ready(checkout: Path) -> Path:
    """The comb with a platform, wheels and a base."""
    (checkout / "platform.yaml").write_text(PLATFORM, encoding="utf-8")
    (checkout / "operators.py").write_text(OPERATORS, encoding="utf-8")
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
    assert "cpu: on base, as --base says: Python 3.11 on glibc, amd64\n" in ran.err
    rendered = comb(
        "render", ".", "--platform", "platform.yaml", "--environment", "staging", "--images", "images.json", "-o", "r"
    )
    assert rendered.code == 0, rendered.err
    assert digest in (ready / "r/clusters/west/greetings/greeting/deployment-greeting.yaml").read_text(encoding="utf-8")


def test_images_of_who_records_on_servers_are_said_to_lack_their_clients(comb: Comb, ready: Path) -> None:
    assert "sampleStore" not in build(comb, "--base", "cpu=oci:base").err
    on_servers = "sampleStore: {elasticsearch: {urls: ['http://es.example:9200']}, hbase: {host: hbase.example}}\n"
    (ready / "platform.yaml").write_text(PLATFORM + on_servers, encoding="utf-8")
    wheel(ready / "wheels", "happybase")
    ran = build(comb, "--base", "cpu=oci:base")
    assert ran.code == 0, ran.err
    assert "no wheel of elasticsearch and thriftpy2: pods record no samples" in " ".join(ran.err.split())
    for name in ("elasticsearch", "thriftpy2"):
        wheel(ready / "wheels", name)
    assert "sampleStore" not in build(comb, "--base", "cpu=oci:base").err


def test_a_pushed_image_has_a_line_of_its_own_on_a_terminal(
    comb: Comb, ready: Path, registry: str, tmp_path: Path
) -> None:
    (ready / "platform.yaml").write_text(PLATFORM.replace("registry.acme.example", registry), encoding="utf-8")
    assert build(comb, "--base", "cpu=oci:base").code == 0
    shown = on_terminal(80, "image", "push", "out", cwd=ready, cache=tmp_path)
    image, sent = shown.splitlines()
    assert image.startswith(f"{registry}/combs/greeting@sha256:")
    assert sent.startswith("  3 of 3 layers sent, ")
    assert comb("image", "push", "out").out == f"{image}  nothing to send\n"


def test_of_each_base_it_is_told_for_which_classes_it_is_and_why(tmp_path: Path) -> None:
    layout = base_layout(tmp_path / "all")
    base_layout(tmp_path / "glibc")
    base_layout(tmp_path / "musl", ("usr/bin/python3.12", "lib/ld-musl-x86_64.so.1"))
    platform = {"nvidia-t4": f"oci:{tmp_path}/glibc"}
    chosen = chosen_bases([f"cpu=oci:{tmp_path}/musl"], platform, ["cpu", "nvidia-a10", "nvidia-t4"], layout, Locked())
    assert list(in_words(chosen, layout)) == [
        "cpu, nvidia-a10: on base, as --base says: Python 3.12 on musl, amd64",
        (
            "nvidia-a10: drivers of GPUs are built for glibc, and base has musl: "
            "name a base with glibc, by --base nvidia-a10=IMAGE or by `registry.base` of the platform"
        ),
        "nvidia-t4: on base, as the platform says: Python 3.11 on glibc, amd64",
    ]


def test_code_that_would_not_start_in_the_image_is_not_built(comb: Comb, ready: Path) -> None:
    (ready / "operators.py").write_text(f"import yaml\n{OPERATORS}", encoding="utf-8")
    ran = build(comb, "--base", "cpu=oci:base")
    said = "operators' code imports `yaml` (operators.py:1), which no wheel of the image has, nor base: name what"
    assert (ran.code, said in ran.err, (ready / "images.json").exists()) == (2, True, False), ran.err
    ran = build(comb, "--base", "cpu=oci:base", "--no-code")
    assert (ran.code, said in ran.err) == (0, True), ran.err
    wheel(ready / "wheels", "yaml")
    ran = build(comb, "--base", "cpu=oci:base")
    assert (ran.code, "imports" in ran.err) == (0, False), ran.err


@pytest.mark.parametrize(
    ("version", "taken"), [((2, 41), "2_36"), ((2, 36), "2_36"), ((2, 31), "2_28"), ((2, 17), "2_28"), (None, "2_28")]
)
def test_of_several_targets_the_newest_that_the_base_takes_is_built(
    version: tuple[int, int] | None, taken: str, tmp_path: Path
) -> None:
    targets = {f"cp3{python}-manylinux_{glibc}_x86_64": () for python in (11, 12) for glibc in ("2_36", "2_28")}
    base = open_layout(base_layout(tmp_path))
    assert wheels_for(targets, Found((3, 12), "", "glibc", version), base)[0].name == f"cp312-manylinux_{taken}_x86_64"


def test_wheels_to_lock_are_those_for_the_glibc_of_the_base(tmp_path: Path) -> None:
    base = open_layout(base_layout(tmp_path))
    with pytest.raises(UsageError, match=r"run `comb lock \. --target cp312-manylinux_2_31_x86_64`, or give --wheels"):
        wheels_for({"cp311-manylinux_2_31_x86_64": ()}, Found((3, 12), "", "glibc", (2, 31)), base)


def test_the_same_comb_makes_the_same_images_again(comb: Comb, ready: Path) -> None:
    build(comb, "--base", "cpu=oci:base")
    first = (ready / "images.json").read_bytes()
    ran = build(comb, "--base", "cpu=oci:base", "--images", "again.json")
    assert (ran.code, (ready / "again.json").read_bytes()) == (0, first)
    (ready / "operators.py").write_text(f"{OPERATORS}\n", encoding="utf-8")
    build(comb, "--base", "cpu=oci:base")
    assert json.loads((ready / "images.json").read_bytes()) != json.loads(first)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ([], "which base for cpu?"),
        (["--environment", "stage"], "the platform has no environment `stage`; did you mean `staging`?"),
        (["--base", "base"], "write CLASS=oci:DIR"),
        (["--base", "cpu=oci:nowhere"], "which image? there is none"),
        (["--base", "cpu=comb.yaml"], "no archive of one image"),
        (["--base", "cpu=/dev/zero"], "as `docker save` writes it: it is no file"),
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


@pytest.mark.parametrize("option", ["--images", "--attest", "-o"])
def test_what_cannot_be_written_is_named(comb: Comb, ready: Path, option: str) -> None:
    (ready / "file").write_text("", encoding="utf-8")
    ran = build(comb, "--base", "cpu=oci:base", option, "file/below")
    assert (ran.code, "comb: `file/below` cannot be written: " in ran.err) == (4, True), ran.err


def test_what_is_of_others_is_neither_read_nor_overwritten(comb: Comb, ready: Path) -> None:
    (ready / "index.json").write_text("ours", encoding="utf-8")
    os.mkfifo(ready / "wheels" / "endless-1.0-py3-none-any.whl")
    ran = build(comb, "--base", "cpu=oci:base", "-o", ".")
    assert (ran.code, "its index.json is of something else" in ran.err) == (2, True), ran.err
    assert (ready / "index.json").read_text(encoding="utf-8") == "ours"
    assert build(comb, "--base", "cpu=oci:base").code == 0
    os.mkfifo(ready / "pipe.json")
    ran = comb("image", "push", "out", "--images", "pipe.json")
    assert (ran.code, "it is no file" in ran.err) == (2, True), ran.err


def test_an_operator_that_cannot_be_imported_is_found_before_anything_is_built(comb: Comb, ready: Path) -> None:
    (ready / "operators.py").write_text(f"import nowhere\n{OPERATORS}", encoding="utf-8")
    ran = build(comb, "--base", "cpu=oci:base")
    assert (ran.code, "COMB3701" in ran.err, "nowhere" in ran.err) == (1, True, True), ran.err
    assert not (ready / "out").exists()
    assert build(comb, "--base", "cpu=oci:base", "--no-code").code == 0


def test_secrets_and_what_lies_outside_are_in_no_image(
    comb: Comb, ready: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    (ready / ".env").write_text("PASSWORD=hunter2\n", encoding="utf-8")
    (ready / "id_rsa").write_text("-----BEGIN PRIVATE KEY-----\n", encoding="utf-8")
    outside = tmp_path_factory.mktemp("outside")
    (outside / "passwords.py").write_text("everything\n", encoding="utf-8")
    (ready / "linked").symlink_to(outside)
    assert build(comb, "--base", "cpu=oci:base").code == 0
    held = b"".join(path.read_bytes() for path in (ready / "out/blobs/sha256").iterdir())
    assert b"def Greet" in held
    assert not any(one in held for one in (b"hunter2", b"PRIVATE KEY", b"everything"))
    (ready / "requirements.txt").write_text(
        "numpy\n--index-url https://ann:hunter2@pypi.example.com/\n", encoding="utf-8"
    )
    ran = build(comb, "--base", "cpu=oci:base")
    assert (ran.code, "requirements.txt:2: a password in an address" in ran.err) == (2, True), ran.err
    assert "hunter2" not in ran.out + ran.err
    (ready / "requirements.txt").unlink()
    (ready / "outside.py").symlink_to(outside / "passwords.py")
    ran = build(comb, "--base", "cpu=oci:base")
    assert (ran.code, "outside" in ran.err) == (2, True), ran.err


def test_a_registry_that_is_not_there_is_nobodys_mistake(comb: Comb, ready: Path) -> None:
    build(comb, "--base", "cpu=oci:base")
    ran = comb("image", "push", "out", env={"HTTPS_PROXY": "http://127.0.0.1:1"})
    assert (ran.code, "registry.acme.example/combs/greeting: registry.acme.example cannot be reached" in ran.err) == (
        4,
        True,
    )


@pytest.mark.parametrize(
    ("images", "said"),
    [
        ("no JSON", "it is no JSON"),
        ('{"images": {"a": {"cpu": "registry.example/a:1"}}}', "must be an image by its digest"),
        ('{"images": {"a": {"cpu": "a/b@sha256:' + "0" * 64 + '"}}}', "no image by its digest"),
        ('{"images": {"a": {"cpu": "r.example/b@sha256:' + "0" * 64 + '"}}}', "cannot be read: No such file"),
        (None, "--images images.json: there is no such file; `comb image build` writes it"),
    ],
)
def test_what_cannot_be_pushed_is_usage(comb: Comb, checkout: Path, images: str | None, said: str) -> None:
    if images is not None:
        (checkout / "images.json").write_text(images, encoding="utf-8")
    ran = comb("image", "push", "out")
    assert (ran.code, said in ran.err) == (2, True), ran.err
