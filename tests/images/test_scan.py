"""Images are handed to a scanner that is there; that there is none is said, and is no pass.

The scanner here is a program of a few lines that checks what it is given: real ones need their databases.
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from comb_compiler.images.bases import open_layout
from comb_compiler.images.layout import ImageLayout
from comb_compiler.images.model import MANIFEST
from tests.architecture.imports import ROOT
from tests.images.making import base_layout

SCANNER = f"""#!{sys.executable}
import json, os, sys
sys.path.insert(0, {str(ROOT)!r})
from pathlib import Path
from comb_compiler.images.bases import open_layout
from comb_compiler.images.layout import ImageLayout
place = sys.argv[-1].removeprefix("oci-dir:")
layout = ImageLayout(Path(place))
base = open_layout(layout)  # the only one
for layer in base.layers:
    layout.read(layer.digest)
print(json.dumps([base.name, sys.argv[1:-1]]))
if "--die" in sys.argv:
    os.kill(os.getpid(), 9)
sys.exit(7 if "--fail" in sys.argv else 0)
"""


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """A layout of two images, one of which has two names."""
    layout = base_layout(tmp_path / "images")
    (base,) = layout.images().values()
    other = layout.write_json(MANIFEST, {**layout.manifest(base.digest), "annotations": {"a": "b"}})
    layout.name({"one": base, "two": other, "uno": base})
    return layout.path


def scan(
    images: Path, scanners: tuple[str, ...], *arguments: str, program: str = SCANNER
) -> "subprocess.CompletedProcess[str]":
    path = images.parent / "programs"
    path.mkdir()
    for name in scanners:
        (path / name).write_text(program)
        (path / name).chmod(0o755)
    return subprocess.run(
        [sys.executable, "-m", "comb_compiler", "image", "scan", str(images), *arguments],
        env={**os.environ, "PYTHONPATH": str(ROOT), "PATH": str(path), "NO_COLOR": "1"},
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize(
    ("scanners", "arguments", "handed"),
    [
        (("trivy", "grype"), (), ["image", "--input"]),
        (("grype",), (), []),
        (("trivy", "grype"), ("--scanner", "grype", "--", "--fail-on", "high"), ["--fail-on", "high"]),
        (("trivy",), ("--", "--severity", "CRITICAL"), ["image", "--severity", "CRITICAL", "--input"]),
    ],
)
def test_each_image_is_handed_over_once_and_whole(
    images: Path, scanners: tuple[str, ...], arguments: tuple[str, ...], handed: list[str]
) -> None:
    done = scan(images, scanners, *arguments)
    assert done.returncode == 0, done.stderr
    assert [json.loads(line) for line in done.stdout.splitlines()] == [["uno", handed], ["two", handed]]


def test_what_a_scanner_finds_is_a_finding(images: Path) -> None:
    done = scan(images, ("trivy",), "--", "--fail")
    assert done.returncode == 1
    assert "trivy ended with code 7 for two" in done.stderr


def test_what_kills_a_scanner_is_no_pass_and_no_finding(images: Path) -> None:
    done = scan(images, ("grype",), "--", "--die")
    assert done.returncode == 4
    assert "grype was killed by signal 9 while it scanned uno" in done.stderr


@pytest.mark.parametrize("program", ["no program", "#!/nowhere/at/all\n"])
def test_a_scanner_that_cannot_be_started_is_said(images: Path, program: str) -> None:
    done = scan(images, ("grype",), program=program)
    assert done.returncode == 4
    assert re.search(r"nothing was scanned: \S+/grype cannot be started: ", done.stderr)


@pytest.mark.parametrize(("content", "said"), [(b"", "is something else"), (None, "cannot be read: No such file")])
def test_an_image_is_handed_over_only_where_it_is_what_its_digest_names(
    images: Path, content: bytes | None, said: str
) -> None:
    layer = open_layout(ImageLayout(images), "one").layers[0].digest
    blob = ImageLayout(images).blob(layer)
    blob.unlink() if content is None else blob.write_bytes(content)
    done = scan(images, ("grype",))
    assert (done.returncode, done.stdout) == (2, "")
    assert f"{layer} {said}" in done.stderr


@pytest.mark.parametrize("arguments", [(), ("--scanner", "grype")])
def test_without_a_scanner_nothing_passes(images: Path, arguments: tuple[str, ...]) -> None:
    done = scan(images, ("trivy",) if arguments else (), *arguments)
    assert done.returncode == 4
    assert "nothing was scanned" in done.stderr
    assert "https://trivy.dev" in done.stderr


def test_without_images_nothing_passes(tmp_path: Path) -> None:
    layout = ImageLayout(tmp_path / "empty")
    layout.prepare()
    done = scan(layout.path, ("trivy",))
    assert done.returncode == 2
    assert "there are no images" in done.stderr
