"""Images as `comb ci` builds them before gates, and as `comb ci merged` sends them before a publication.

The registry is a real one; wheels are made by hand, as pip finds them in a directory.
"""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from packaging.requirements import Requirement

from comb_compiler.images.names import parse_reference
from comb_compiler.images.ownwheel import runtime_requirements
from comb_compiler.images.registry import Repository
from comb_compiler.release.images import parse_images
from tests.architecture.imports import ROOT
from tests.cli.test_ci import edit, git
from tests.images.example import smallest_comb
from tests.images.making import base_layout
from tests.images.test_locked_bases import tagged
from tests.images.test_pushing import connecting
from tests.publish.environment import Remote, keypair, remote_at

pytestmark = pytest.mark.slow
TARGET = "cp311-manylinux_2_36_x86_64"


def wheels(directory: Path) -> Path:
    """A wheel of everything that the runtime requires, of the oldest version that does."""
    directory.mkdir()
    for requirement in map(Requirement, runtime_requirements(conditions=False, gpus=False)):
        version = max((one.version for one in requirement.specifier if one.operator in (">=", "==")), default="1.0")
        stem = f"{requirement.name.replace('-', '_')}-{version}"
        metadata = f"Metadata-Version: 2.1\nName: {requirement.name}\nVersion: {version}\n"
        with zipfile.ZipFile(directory / f"{stem}-py3-none-any.whl", "w") as archive:
            archive.writestr(zipfile.ZipInfo(f"{stem}.dist-info/METADATA"), metadata)
            archive.writestr(zipfile.ZipInfo(f"{stem}.dist-info/WHEEL"), "Wheel-Version: 1.0\n")
    return directory


class Work(NamedTuple):
    """A repository whose comb has images, and the environment repository that it is published to."""

    root: Path
    remote: Remote
    environment: dict[str, str]

    def comb(self, *arguments: str, code: int = 0, **more: str) -> str:
        """What a command says, which ends with this code."""
        command = [sys.executable, "-m", "comb_compiler", *arguments]
        environment = {**self.environment, **more}
        done = subprocess.run(command, cwd=self.root, env=environment, capture_output=True, text=True)
        assert "Traceback" not in done.stdout + done.stderr, done.stderr
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    def commit(self) -> None:
        git(self.root, "add", ".")
        git(self.root, "commit", "-q", "-m", "a change")


@pytest.fixture
def work(registry: str, tmp_path: Path) -> Work:
    root, remote = smallest_comb(tmp_path / "comb"), remote_at(tmp_path / "environment.git")
    shutil.rmtree(root / ".git")
    shutil.rmtree(root / "wheels")
    edit(root / "platform.yaml", "https://git.acme.example/environments.git", remote.url)
    edit(root / "platform.yaml", "registry.acme.example/combs", f"{registry}/combs")
    pip = {"PIP_CONFIG_FILE": os.devnull, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheels(tmp_path / "wheels"))}
    environment = {**os.environ, **pip, "PYTHONPATH": str(ROOT), "NO_COLOR": "1"}
    made = Work(root, remote, environment)
    git(root, "init", "-q", "-b", "main")
    git(root, "remote", "add", "origin", "https://git.acme.example/combs.git")
    (root / ".gitignore").write_text("__pycache__\n", "utf-8")
    tagged(base_layout(tmp_path / "base"), registry, "ci")
    made.comb("lock", ".", "--base", f"{registry}/bases/python:ci", "--target", TARGET)
    made.commit()
    edit(root / "comb.yaml", "    out: hello.v1.GreetResponse", "    out: hello.v1.GreetResponse\n    scale: {min: 2}")
    made.commit()
    return made


_CI = ("ci", "--base", "HEAD^", "--platform", "platform.yaml", "--build", "../images", "--out", "../out")


def images_of(file: Path) -> str:
    return parse_images(file.read_bytes()).by_process["hello"]["cpu"]


def report(work: Work) -> dict[str, Any]:
    (comb,) = json.loads((work.root.parent / "out/report.json").read_bytes())["combs"]
    return dict(comb)


def test_images_are_built_once_then_sent_and_published_as_they_were_built(work: Work) -> None:
    home = work.root.parent
    work.comb(*_CI)
    digest = images_of(home / "images/hello.images.json")
    blobs = sorted((home / "images/hello/blobs/sha256").iterdir())
    largest = max(blobs, key=lambda path: path.stat().st_size)
    written = largest.stat().st_mtime_ns
    work.comb(*_CI)
    assert sorted((home / "images/hello/blobs/sha256").iterdir()) == blobs
    assert largest.stat().st_mtime_ns == written, "a layer is known by what it is made of"
    key, _ = keypair(home, "ci")
    merged = ("ci", "merged", "../out", "--key", str(key), "--as", "ci", "--build", "../sent")
    said = work.comb(*merged, "--platform", "platform.yaml", "--environment", "local")
    assert "layers sent" in said
    assert "published as" in said
    assert images_of(home / "sent/images.json") == digest
    image = parse_reference(digest)
    assert Repository(connecting()(image), image.repository).manifest(image.digest)
    assert digest in work.remote.content("clusters/west/greetings/hello/deployment-hello.yaml")


def test_of_a_comb_whose_images_cannot_be_built_no_gate_is_asked(work: Work) -> None:
    code = (work.root / "operators.py").read_text("utf-8")
    (work.root / "operators.py").write_text(f"import nowhere\n{code}", "utf-8")
    work.commit()
    said = work.comb(*_CI, code=1)
    assert "its images cannot be built for local: " in said
    comb = report(work)
    assert (comb["verdict"], comb["gates"]) == ("refused", [])
    junit = (work.root.parent / "out/junit.xml").read_text("utf-8")
    assert "its images cannot be built" in junit


def test_where_there_is_no_engine_that_is_said(work: Work) -> None:
    sample = work.root / "samples/ada"
    sample.mkdir(parents=True)
    (sample / "request.json").write_text('{"name": "Ada"}', "utf-8")
    with (work.root / "comb.yaml").open("a") as file:
        file.write("gates: {availability: {samples: samples}}\nenvironments: {local: {}}\n")
    work.commit()
    said = work.comb(*_CI, "--target", "container", code=4, DOCKER_HOST="unix:///nowhere/docker.sock")
    assert "there is no container engine that answers" in said
    assert report(work)["verdict"] == "failed"
