"""Files → a layer that is the same everywhere, and that readers of archives read back."""

import gzip
import hashlib
import io
import struct
import subprocess
import tarfile
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st

from comb_compiler.images.archives import File, Link, OnDisk, Plain, write_layer
from comb_compiler.images.layout import ImageLayout
from comb_compiler.images.model import ImageError, Layer
from comb_compiler.images.wheels import wheel_files

NAMES = st.text("ab_-.é", min_size=1, max_size=12).filter(lambda name: name not in (".", ".."))
PATHS = st.lists(NAMES, min_size=1, max_size=4).map("/".join)
TEXT = b"print('hello')\n" * 1000
FILES = st.dictionaries(PATHS, st.tuples(st.binary(max_size=70_000), st.booleans()), max_size=5)


@pytest.fixture
def layout(tmp_path: Path) -> ImageLayout:
    made = ImageLayout(tmp_path / "layout")
    made.prepare()
    return made


def blob(layout: ImageLayout, layer: Layer) -> bytes:
    return layout.read(layer.blob.digest)


def read_back(content: bytes) -> dict[str, tuple[bytes, int]]:
    with tarfile.open(fileobj=io.BytesIO(content), mode="r:gz") as archive:
        found = {}
        for member in archive:
            assert (member.uid, member.gid, member.mtime) == (0, 0, 0)
            file = archive.extractfile(member) if member.isfile() else None
            if file is not None:
                found[member.name] = (file.read(), member.mode)
        return found


@settings(max_examples=60, deadline=None)
@given(files=FILES)
def test_what_is_put_in_is_read_back(
    files: dict[str, tuple[bytes, bool]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folders = {"/".join(path.split("/")[:count]) for path in files for count in range(1, path.count("/") + 1)}
    if folders & files.keys():
        return
    layout = ImageLayout(tmp_path_factory.mktemp("layout"))
    layout.prepare()
    entries = [File(path, Plain(content), executable) for path, (content, executable) in files.items()]
    layer = write_layer(layout, "files", entries)
    packed = blob(layout, layer)
    assert read_back(packed) == {
        path: (content, 0o755 if executable else 0o644) for path, (content, executable) in files.items()
    }
    assert layer.diff_id == f"sha256:{hashlib.sha256(gzip.decompress(packed)).hexdigest()}"
    assert layer.blob.size == len(packed)
    assert write_layer(layout, "files", reversed(entries)) == layer


def test_other_tools_read_it_too(layout: ImageLayout, tmp_path: Path) -> None:
    (tmp_path / "large").write_bytes(bytes(range(256)) * 9000)
    entries: list[File | Link] = [
        File("comb/code/run", Plain(b"#!/bin/sh\n"), executable=True),
        File(f"comb/{'long/' * 40}name", OnDisk(tmp_path / "large", 256 * 9000)),
        Link("comb/python", "/usr/bin/python3.11"),
    ]
    packed = tmp_path / "layer.tar.gz"
    packed.write_bytes(blob(layout, write_layer(layout, "files", entries)))
    target = tmp_path / "target"
    target.mkdir()
    subprocess.run(["gzip", "-t", str(packed)], check=True)
    subprocess.run(["tar", "-xzf", str(packed), "-C", str(target), "--no-same-owner"], check=True)
    assert (target / "comb" / ("long/" * 40) / "name").read_bytes() == (tmp_path / "large").read_bytes()
    assert (target / "comb/code/run").stat().st_mode & 0o777 == 0o755
    assert (target / "comb/python").is_symlink()


def test_a_wheels_files_are_taken_over_as_they_are_compressed(layout: ImageLayout, tmp_path: Path) -> None:
    wheel = tmp_path / "one-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr(zipfile.ZipInfo("one/__init__.py"), TEXT, zipfile.ZIP_DEFLATED)
        archive.writestr(zipfile.ZipInfo("one/data.bin"), b"stored")
        archive.writestr(zipfile.ZipInfo("one-1.0.data/scripts/one"), b"#!python\n")
        archive.writestr(zipfile.ZipInfo("one-1.0.data/platlib/one/native.so"), b"\x7fELF" * 500, zipfile.ZIP_DEFLATED)
    packed = blob(layout, write_layer(layout, "wheels", wheel_files(wheel, "comb/packages")))
    assert read_back(packed) == {
        "comb/packages/one/__init__.py": (TEXT, 0o644),
        "comb/packages/one/data.bin": (b"stored", 0o644),
        "comb/packages/bin/one": (b"#!python\n", 0o755),
        "comb/packages/one/native.so": (b"\x7fELF" * 500, 0o644),
    }
    assert len(packed) < len(TEXT) // 2  # and most of it are the heads of its entries


def test_a_wheel_need_not_fit_into_memory(layout: ImageLayout, tmp_path: Path) -> None:
    wheel = tmp_path / "one-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, how in {"deflated": zipfile.ZIP_DEFLATED, "stored": zipfile.ZIP_STORED}.items():
            archive.writestr(zipfile.ZipInfo(name), bytes(48 << 20), how)
    tracemalloc.start()
    try:
        write_layer(layout, "wheels", wheel_files(wheel, "a"))
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 12 << 20


def longer(wheel: bytes) -> bytes:
    """With another size of the only file in the directory."""
    return wheel.replace(struct.pack("<I", len(TEXT)), struct.pack("<I", len(TEXT) + 1))


def shorter(wheel: bytes) -> bytes:
    return wheel.replace(struct.pack("<I", len(TEXT)), struct.pack("<I", 5))


def another(wheel: bytes) -> bytes:
    """With another CRC of the only file in the directory."""
    crc = struct.pack("<I", zlib.crc32(TEXT))
    return wheel.replace(crc, bytes(4))


def with_more(wheel: bytes) -> bytes:
    """With a byte more of the compressed stream than its end."""
    with zipfile.ZipFile(io.BytesIO(wheel)) as archive:
        size = archive.infolist()[0].compress_size
    return wheel.replace(struct.pack("<II", size, len(TEXT)), struct.pack("<II", size + 1, len(TEXT)))


def elsewhere(wheel: bytes) -> bytes:
    """With a local header that is none."""
    return b"PX" + wheel[2:]


@pytest.mark.parametrize("change", [longer, shorter, another, with_more, elsewhere])
def test_a_wheel_whose_files_are_others_than_it_says_is_no_layer(
    change: Callable[[bytes], bytes], layout: ImageLayout, tmp_path: Path
) -> None:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr(zipfile.ZipInfo("one.py"), TEXT, zipfile.ZIP_DEFLATED)
    wheel = tmp_path / "one-1.0-py3-none-any.whl"
    wheel.write_bytes(made.getvalue())
    write_layer(layout, "wheels", wheel_files(wheel, "a"))
    before = set(layout.path.rglob("*"))
    wheel.write_bytes(change(made.getvalue()))
    assert wheel.read_bytes() != made.getvalue()
    with pytest.raises(ImageError, match=r"something else than it says|no wheel that can be read"):
        write_layer(layout, "wheels", wheel_files(wheel, "a"))
    assert set(layout.path.rglob("*")) == before


@pytest.mark.parametrize("path", ["../x", "/x", "a/../../x", "", "a//b", "a/./b", "a\0b"])
def test_no_path_leads_out(layout: ImageLayout, path: str) -> None:
    with pytest.raises(ImageError, match="no path inside"):
        write_layer(layout, "files", [File(path, Plain(b""))])
    assert list((layout.path / "blobs" / "sha256").iterdir()) == []


@pytest.mark.parametrize(
    ("paths", "reason"), [(("a", "a"), "there twice"), (("a", "a/b"), "a file, and a directory too")]
)
def test_a_path_is_one_thing(layout: ImageLayout, paths: tuple[str, str], reason: str) -> None:
    with pytest.raises(ImageError, match=reason):
        write_layer(layout, "files", [File(path, Plain(b"")) for path in paths])


def test_a_file_that_changes_while_it_is_read_is_no_layer(layout: ImageLayout, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"short")
    with pytest.raises(ImageError, match="changed while"):
        write_layer(layout, "files", [File("a", OnDisk(tmp_path / "file", 10))])
    assert list((layout.path / "blobs" / "sha256").iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"no zip", b"PK\x03\x04" + b"\0" * 50])
def test_what_is_no_wheel_is_said(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.whl").write_bytes(content)
    with pytest.raises(ImageError, match="no wheel"):
        list(wheel_files(tmp_path / "x.whl", "a"))
