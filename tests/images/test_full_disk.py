"""A build whose disk is full: said, nothing is named that is not there whole, and the next one goes on."""

import os
import subprocess
import zipfile
from pathlib import Path

import pytest

from comb_compiler.images.bases import open_archive
from comb_compiler.images.layout import ImageLayout
from comb_compiler.images.pip import PipFailed
from comb_compiler.images.requirements import fetch
from comb_compiler.images.targets import SLIM
from tests.images.example import run
from tests.images.making import archive_of, base_layout
from tests.images.test_requirements import index, pinned, wheel

__all__ = ["index"]

pytestmark = pytest.mark.slow


def test_a_build_says_that_its_disk_is_full_and_the_next_goes_on(smallest: Path, small_disk: Path) -> None:
    base_layout(smallest / "base")
    (smallest / "large.py").write_bytes(b"# " + os.urandom(400_000).hex().encode())
    out = small_disk / "out"
    where = ("--platform", "platform.yaml", "--environment", "local", "--wheels", "wheels", "--base", "cpu=oci:base")
    done = run(smallest, "image", "build", ".", *where, "--no-code", "-o", str(out))
    assert (done.returncode, "cannot be written: No space left on device" in done.stderr) == (4, True), done.stderr
    assert not (smallest / "images.json").exists()
    assert ImageLayout(out).images() == {}
    assert not [one for one in out.rglob("*") if one.name.startswith(".")]
    subprocess.run(["mount", "-o", "remount,size=4m", str(small_disk)], check=True)
    again = run(smallest, "image", "build", ".", *where, "--no-code", "-o", str(out))
    assert again.returncode == 0, again.stderr
    (image,) = ImageLayout(out).images().values()
    assert image.digest in (smallest / "images.json").read_text(encoding="utf-8")


def test_a_base_that_has_no_room_is_no_archive_that_is_wrong(tmp_path: Path, small_disk: Path) -> None:
    saved = archive_of(base_layout(tmp_path / "base", contents={"large": os.urandom(700_000)}), tmp_path / "saved.tar")
    layout = ImageLayout(small_disk / "out")
    layout.prepare()
    with pytest.raises(OSError, match="No space left on device"):
        open_archive(saved, layout)


def test_wheels_that_have_no_room_are_no_fault_of_what_is_required(index: Path, small_disk: Path) -> None:
    large = wheel(index, "large")
    with zipfile.ZipFile(large, "a") as archive:
        archive.writestr("large/data.bin", os.urandom(700_000))
    with pytest.raises(PipFailed, match="no space is left for what pip fetches, in"):
        fetch(pinned(large), SLIM, small_disk / "wheels")
    assert not [one for one in small_disk.rglob("*") if one.is_file()]
