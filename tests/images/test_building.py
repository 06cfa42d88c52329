"""A base, wheels, models and code → an image, whose digest depends on nothing else."""

import hashlib
import json
import os
import shutil
import tarfile
import time
from pathlib import Path

import pytest

from comb_compiler.cli.image.build import heavy
from comb_compiler.images.assembling import Contents, ModelFile, assemble, shared_layers
from comb_compiler.images.bases import Found, look_into, open_archive, open_layout
from comb_compiler.images.layout import ImageLayout, replace_whole
from comb_compiler.images.model import FETCHED, Base, Built, ImageError
from comb_compiler.images.saving import save_images
from comb_compiler.images.tags import fits, parse_wheel_name
from tests.images.making import GLIBC, archive_of, base_layout, wheel

LABELS = {"dev.comb.name": "ocr"}


def build(
    root: Path, code: bytes = b"x = 1\n", model: bytes = b"weights", *, reverse: bool = False
) -> tuple[ImageLayout, Built]:
    layout = ImageLayout(root / "out")
    layout.prepare()
    source = base_layout(root / "base")
    base = open_layout(source)
    layout.take(source, base.layers)
    wheels = [
        wheel(root / "wheels", "comb_runtime", requires=("protobuf>=6", 'grpcio>=1; extra == "service"')),
        wheel(root / "wheels", "protobuf"),
        wheel(root / "wheels", "grpcio", tags="cp311-cp311-manylinux_2_17_x86_64"),
        wheel(root / "wheels", "numpy", tags="cp39-abi3-manylinux2014_x86_64"),
    ]
    (root / "model").write_bytes(model)
    models = [ModelFile("text@1", "ab" * 32, root / "model")]
    files = [("operators/text.py", code), ("operators/__init__.py", b"")]
    if reverse:
        wheels.reverse()
        files.reverse()
    contents = Contents(models, files, "/comb/artifacts", "/comb/code", LABELS)
    return layout, assemble(layout, base, shared_layers(layout, base, wheels), contents)


def test_the_same_inputs_make_the_same_digest_elsewhere_and_later(tmp_path: Path) -> None:
    _, first = build(tmp_path / "here")
    for path in (tmp_path / "here").rglob("*"):
        os.utime(path, (1, 1), follow_symlinks=False)
    before = os.umask(0o077)
    try:
        _, second = build(tmp_path / "there" / "far away", reverse=True)
    finally:
        os.umask(before)
    assert first == second


def test_models_that_are_large_for_an_image_are_told(tmp_path: Path) -> None:
    _, built = build(tmp_path, model=b"x" * 5000)
    assert heavy([built]) == []
    assert heavy([built, built], most=5000) == ["model text@1 has 7.7 KiB"]


def test_models_that_are_fetched_are_files_beside_the_image_which_links_to_them(tmp_path: Path) -> None:
    layout, _ = build(tmp_path)
    file = tmp_path / "model"
    sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
    base = open_layout(base_layout(tmp_path / "base"))
    away = [ModelFile("text@1", sha256, file), ModelFile("text@2", sha256, file)]
    contents = Contents([], [], "/comb/artifacts", "/comb/code", LABELS, away, "/comb/fetched")
    made = assemble(layout, base, [], contents)
    assert layout.read(f"sha256:{sha256}") == file.read_bytes()
    assert layout.manifest(made.manifest.digest)["annotations"] == {**LABELS, FETCHED: sha256}
    (layer,) = made.layers
    with tarfile.open(layout.blob(layer.blob.digest)) as archive:
        link = archive.getmember(f"comb/artifacts/{sha256}")
    assert (link.issym(), link.linkname) == (True, f"/comb/fetched/{sha256}")
    with pytest.raises(ImageError, match="is something else"):
        layout.keep(file, "sha256:" + "0" * 64)


def test_a_change_of_code_replaces_one_layer_and_a_change_of_a_model_another(tmp_path: Path) -> None:
    _, first = build(tmp_path / "a")
    _, code = build(tmp_path / "b", code=b"x = 2\n")
    _, model = build(tmp_path / "c", model=b"other weights")
    titles = [one.title for one in first.layers]
    assert titles == ["the runtime", "what operators require", "model text@1", "operators' code"]
    assert [one.title for one, other in zip(first.layers, code.layers, strict=True) if one != other] == titles[3:]
    assert [one.title for one, other in zip(first.layers, model.layers, strict=True) if one != other] == titles[2:3]


def test_layers_of_an_earlier_build_are_taken_over_while_they_are_whole(tmp_path: Path) -> None:
    layout, first = build(tmp_path)
    runtime = layout.blob(first.layers[0].blob.digest)
    before = runtime.stat().st_mtime_ns
    _, again = build(tmp_path)
    assert (again, runtime.stat().st_mtime_ns) == (first, before)
    runtime.write_bytes(b"half")
    assert build(tmp_path)[1] == first
    assert runtime.stat().st_size == first.layers[0].blob.size


def test_versions_of_one_file_share_a_layer(tmp_path: Path) -> None:
    layout, _ = build(tmp_path)
    models = [ModelFile(name, "cd" * 32, tmp_path / "model") for name in ("text@2", "text@1")]
    base = open_layout(base_layout(tmp_path / "base"))
    built = assemble(layout, base, [], Contents(models, (), "/comb/artifacts", "/comb/code", LABELS))
    assert [one.title for one in built.layers] == ["model text@1, text@2", "operators' code"]


def test_the_configuration_is_what_pods_need(tmp_path: Path) -> None:
    layout, built = build(tmp_path)
    config = json.loads(layout.read(built.config.digest))
    assert config["config"]["User"] == "65532:65532"
    assert config["config"]["Entrypoint"] == ["python", "-m", "comb_compiler.runtime.service"]
    assert "PYTHONPATH=/comb/packages" in config["config"]["Env"]
    assert not any("elsewhere" in one for one in config["config"]["Env"])
    assert config["config"]["Labels"] == LABELS == layout.manifest(built.manifest.digest)["annotations"]
    assert (config["created"], len(config["rootfs"]["diff_ids"])) == ("1970-01-01T00:00:00Z", 5)
    assert len(config["history"]) == 5


def test_what_is_where_is_where_processes_look(tmp_path: Path) -> None:
    layout, built = build(tmp_path)
    names = set()
    for layer in built.layers:
        with tarfile.open(layout.blob(layer.blob.digest)) as archive:
            names |= {member.name for member in archive if not member.isdir()}
    assert names >= {
        "usr/local/bin/python",
        "comb/packages/comb_runtime/__init__.py",
        "comb/packages/numpy-1.0.dist-info/METADATA",
        f"comb/artifacts/{'ab' * 32}",
        "comb/code/operators/text.py",
    }


def test_bases_come_from_layouts_and_from_archives(tmp_path: Path) -> None:
    layout = base_layout(tmp_path / "base")
    one = open_layout(layout)
    other = ImageLayout(tmp_path / "other")
    other.prepare()
    two = open_archive(archive_of(layout, tmp_path / "base.tar"), other)
    assert one.layers == two.layers
    assert look_into(one, layout) == look_into(two, other) == Found((3, 11), "/usr/bin/python3.11", "glibc")


@pytest.mark.parametrize(
    ("names", "reason"),
    [
        ((), "no Python 3"),
        (("usr/bin/python3.11",), "neither glibc nor musl"),
        (("bin/python3", "lib/x"), "no Python 3"),
    ],
)
def test_a_base_without_python_is_none(names: tuple[str, ...], reason: str, tmp_path: Path) -> None:
    layout = base_layout(tmp_path, names)
    with pytest.raises(ImageError, match=reason):
        look_into(open_layout(layout), layout)


_OF_ITSELF = b"\x7fELF\0GLIBC_2.40\0GNU C Library (Acme GLIBC 9.9-1) stable release version 2.28.\nCopyright"
_PATH, _LIBRARY = GLIBC


@pytest.mark.parametrize(
    ("contents", "links", "version"),
    [
        ({_LIBRARY: b"\0" * 9999 + _OF_ITSELF}, {}, (2, 28)),
        ({_LIBRARY: _OF_ITSELF.replace(b"2.28.", b"2.28, by Roland McGrath et al.")}, {}, (2, 28)),
        ({_LIBRARY: _OF_ITSELF.replace(b"stable", b"development")}, {}, (2, 28)),
        ({}, {_LIBRARY: "libc-2.31.so"}, (2, 31)),
        ({}, {"lib64/libc.so.6": "/lib64/libc-2.31.so"}, (2, 31)),
        ({}, {_LIBRARY: "somewhere"}, None),
        ({_LIBRARY: b"\x7fELF"}, {}, None),
        ({_LIBRARY: b"GNU C Library (x) stable release version 2." + b"9" * 5000}, {}, None),
    ],
)
def test_a_base_says_which_glibc_it_has(
    contents: dict[str, bytes], links: dict[str, str], version: tuple[int, int] | None, tmp_path: Path
) -> None:
    layout = base_layout(tmp_path, (_PATH,), contents, links)
    found = look_into(open_layout(layout), layout)
    assert found == Found((3, 11), "/usr/bin/python3.11", "glibc", version)
    assert found.words == "Python 3.11 on glibc" + (f" {version[0]}.{version[1]}" if version else "")


@pytest.mark.parametrize(
    ("platforms", "runs"),
    [
        ("manylinux_2_28_x86_64", True),
        ("manylinux_2_29_x86_64", False),
        ("manylinux_2_39_x86_64.manylinux_2_5_x86_64", True),
        ("manylinux2014_x86_64", True),
        ("manylinux1_x86_64", True),
        ("linux_x86_64", True),
        ("manylinux_3_1_x86_64", False),
        ("manylinux_2_17_aarch64", False),
    ],
)
def test_a_wheel_that_needs_a_newer_glibc_does_not_fit(platforms: str, runs: bool) -> None:
    wheel_name = parse_wheel_name(f"a-1-cp311-cp311-{platforms}.whl")
    assert fits(wheel_name, Found((3, 11), "", "glibc", (2, 28)), "amd64") is runs


def test_a_base_whose_glibc_is_too_old_is_refused_with_what_to_lock(tmp_path: Path) -> None:
    layout = base_layout(tmp_path / "base", (_PATH,), {_LIBRARY: _OF_ITSELF})
    runtime = wheel(tmp_path, "comb_runtime")
    newer = wheel(tmp_path, "numpy", tags="cp311-cp311-manylinux_2_36_x86_64")
    with pytest.raises(
        ImageError,
        match=r"glibc 2\.28, amd64, and these wheels are for others: "
        r"numpy-1\.0-cp311-cp311-manylinux_2_36_x86_64\.whl; "
        r"`comb lock \. --target cp311-manylinux_2_28_x86_64` finds those for it",
    ):
        shared_layers(layout, open_layout(layout), [runtime, newer])
    older = wheel(tmp_path, "pillow", tags="cp311-cp311-manylinux_2_28_x86_64")
    assert len(shared_layers(layout, open_layout(layout), [runtime, older])) == 2


@pytest.mark.parametrize(
    ("file", "runs"),
    [
        ("a-1-py3-none-any.whl", True),
        ("a-1-py2.py3-none-any.whl", True),
        ("a-1-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl", True),
        ("a-1-cp39-abi3-manylinux2014_x86_64.whl", True),
        ("a-1-cp312-abi3-manylinux2014_x86_64.whl", False),
        ("a-1-cp312-cp312-manylinux2014_x86_64.whl", False),
        ("a-1-cp311-cp311-manylinux2014_aarch64.whl", False),
        ("a-1-cp311-cp311-musllinux_1_2_x86_64.whl", False),
        ("a-1-cp311-cp311-win_amd64.whl", False),
        ("a-1-py310-none-any.whl", True),
        ("a-1-py312-none-any.whl", False),
    ],
)
def test_wheels_fit_or_not(file: str, runs: bool) -> None:
    assert fits(parse_wheel_name(file), Found((3, 11), "", "glibc"), "amd64") is runs


def test_musl_takes_its_own() -> None:
    wheel_name = parse_wheel_name("a-1-cp311-cp311-musllinux_1_2_x86_64.whl")
    assert fits(wheel_name, Found((3, 11), "", "musl"), "amd64")


def shared(tmp_path: Path, *wheels: Path) -> None:
    layout = base_layout(tmp_path / "base", GLIBC)
    shared_layers(layout, open_layout(layout), wheels)


def test_without_the_runtime_there_is_no_image(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="no wheel of comb-runtime"):
        shared(tmp_path, wheel(tmp_path, "numpy"))


def test_of_one_package_an_image_has_one_wheel(tmp_path: Path) -> None:
    older = wheel(tmp_path, "numpy")
    newer = older.with_name("numpy-10.0-py3-none-any.whl")
    shutil.copy(older, newer)
    with pytest.raises(ImageError, match=r"numpy-10\.0-py3-none-any\.whl are wheels of one package"):
        shared(tmp_path, wheel(tmp_path, "comb_runtime"), older, newer)


def test_what_is_no_file_of_ones_own_is_written_to_and_not_replaced(tmp_path: Path) -> None:
    link, pipe = tmp_path / "link", tmp_path / "pipe"
    link.symlink_to(tmp_path / "file")
    os.mkfifo(pipe)
    reading = os.open(pipe, os.O_RDWR)
    try:
        replace_whole(link, b"one")
        replace_whole(pipe, b"two")
        assert (link.is_symlink(), (tmp_path / "file").read_bytes()) == (True, b"one")
        assert (pipe.is_fifo(), os.read(reading, 10)) == (True, b"two")
    finally:
        os.close(reading)


def test_wheels_for_others_are_named(tmp_path: Path) -> None:
    wrong = wheel(tmp_path, "numpy", tags="cp312-cp312-win_amd64")
    with pytest.raises(ImageError, match=r"Python 3\.11 on glibc, amd64.* numpy-1\.0-cp312-cp312-win_amd64\.whl"):
        shared(tmp_path, wheel(tmp_path, "comb_runtime"), wrong)


def test_a_layout_that_lies_is_found_out(tmp_path: Path) -> None:
    layout = base_layout(tmp_path)
    base: Base = open_layout(layout)
    layout.blob(base.layers[0].digest).write_bytes(b"something else")
    other = ImageLayout(tmp_path / "other")
    other.prepare()
    with pytest.raises(ImageError, match="something else"):
        other.take(layout, base.layers)


@pytest.mark.parametrize("content", [b"", b"{}", b'{"manifests": [{}]}', b"[]"])
def test_what_is_no_layout_is_said(content: bytes, tmp_path: Path) -> None:
    layout = base_layout(tmp_path)
    (tmp_path / "index.json").write_bytes(content)
    with pytest.raises(ImageError):
        open_layout(layout)


def test_an_archive_for_engines_has_each_layer_once(tmp_path: Path) -> None:
    layout, built = build(tmp_path)
    with (tmp_path / "all.tar").open("wb") as file:
        save_images(layout, {"one:1": built.manifest, "two:1": built.manifest}, file)
    with tarfile.open(tmp_path / "all.tar") as archive:
        names = archive.getnames()
        told = json.loads(archive.extractfile("manifest.json").read())  # type: ignore[union-attr]
    assert len(names) == len(set(names)) == 1 + 5 + 1
    assert [one["RepoTags"] for one in told] == [["one:1"], ["two:1"]]
    assert set(told[0]["Layers"]) <= set(names)


def test_what_a_killed_build_left_half_written_goes_with_a_later_one(tmp_path: Path) -> None:
    layout = ImageLayout(tmp_path)
    layout.prepare()
    blobs = tmp_path / "blobs" / "sha256"
    with layout.writing() as blob:
        blob.write(b"whole")
    kept = {"0" * 64: 7200, ".under-way": 60}
    for name, age in {**kept, ".left": 7200}.items():
        (blobs / name).write_bytes(b"half")
        os.utime(blobs / name, (time.time() - age,) * 2)
    layout.tidy(time.time() - 3600)
    assert {one.name for one in blobs.iterdir()} == {*kept, blob.digest.removeprefix("sha256:")}
