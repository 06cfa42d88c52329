"""`comb gate --target container` on a real engine: what runs is what ships, and nothing is left of it."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from comb_compiler.images.relay import SOURCE
from tests.architecture.imports import ROOT
from tests.gates.contained import CODE, gate, greeter, samples, socket_of
from tests.images.conftest import example_base, example_wheelhouse
from tests.images.example import comb
from tests.support.engines import engine, registry

if TYPE_CHECKING:
    from docker import DockerClient

__all__ = ["engine", "example_base", "example_wheelhouse", "registry"]

pytestmark = pytest.mark.slow
OPERATORS = CODE.replace(
    "WAYS = {}",
    """
import os, time
WAYS = {
    "memory": lambda name: len(bytearray(os.urandom(1 << 20)) * 2000),
    "exit": lambda name: os._exit(3),
    "wait": lambda name: print("wait", flush=True) or time.sleep(20) or name,
}
""",
)
IN_CONTAINERS = ("--target", "container", "--images", "images")
ALONE = ("--baseline", "none")


@pytest.fixture(scope="module")
def project(
    registry: str, example_base: Path, example_wheelhouse: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A comb and its image, which is pushed to a registry too."""
    made = greeter(tmp_path_factory.mktemp("gated") / "comb", example_base, example_wheelhouse, OPERATORS, registry)
    comb(made, "image", "push", "images")
    return made


def left(engine: "DockerClient") -> list[str]:
    return [one.name for one in engine.containers.list(all=True)]


def test_the_images_that_ship_are_asked_and_named_in_report_and_statement(
    engine: "DockerClient", project: Path, tmp_path: Path
) -> None:
    samples(project, {"Ada": "Hello, Ada!", "Grace": "Hello, Grace!"})
    images = json.loads((project / "images.json").read_bytes())["images"]
    digest = images["hello"]["cpu"].rpartition("@")[2]
    before = tmp_path / "before"
    shutil.copytree(project, before, ignore=shutil.ignore_patterns("images"))
    (before / "operators.py").write_text(f"{OPERATORS}\n# as it was\n", encoding="utf-8")
    pulled = ("--target", "container", "--images", "images.json", "--environment", "staging")
    ran = gate(project, engine, *pulled, "--baseline", str(before), "--baseline-images", "images")
    assert ran.code == 0, ran.out + ran.err
    assert ran.verdicts == {"availability": "passed", "replay error": "passed"}
    assert (ran.report["target"], ran.report["isolation"]) == ("container", "container")
    assert ran.report["images"] == {"hello": digest}
    assert "ran as processes of this machine" not in ran.report["promise"]
    predicate = json.loads(ran.reports["statement.json"])["predicate"]
    assert (predicate["isolation"], predicate["images"]) == ("container", {"hello": digest})
    assert digest in ran.reports["report.html"]
    assert left(engine) == []


def test_a_baseline_without_images_runs_here_which_is_said(
    engine: "DockerClient", project: Path, tmp_path: Path
) -> None:
    samples(project, {"Ada": "Hello, Ada!"})
    before = tmp_path / "before"
    shutil.copytree(project, before, ignore=shutil.ignore_patterns("images"))
    (before / "operators.py").write_text(CODE.replace("Hello", "Hi"), encoding="utf-8")
    ran = gate(project, engine, *IN_CONTAINERS, "--baseline", str(before))
    assert ran.code == 0, ran.out + ran.err
    assert [one["kind"] for one in ran.report["gates"][1]["findings"]] == ["fixed"]
    assert "the baseline, which nobody has to keep apart, ran as processes of this machine" in ran.report["promise"]
    assert "`comb gate . --sample NAME`" in ran.err


@pytest.mark.parametrize(
    ("way", "words"),
    [
        ("memory", "hello: it was killed for want of memory: 256 MiB are allowed (resources.memory, /tmp included)"),
        ("exit", "hello: it ended by itself, with exit code 3"),
    ],
)
def test_an_end_blocks_and_is_told_in_words(engine: "DockerClient", project: Path, way: str, words: str) -> None:
    samples(project, {"Ada": "Hello, Ada!", way: "2097152000"})
    ran = gate(project, engine, "availability", *IN_CONTAINERS, *ALONE)
    assert (ran.code, ran.verdicts) == (3, {"availability": "blocked"}), ran.out + ran.err
    assert words in ran.out
    assert left(engine) == []


def test_without_an_engine_nothing_is_decided_and_it_is_said_how_to_get_one(project: Path) -> None:
    samples(project, {"Ada": "Hello, Ada!"})
    ran = gate(project, None, *IN_CONTAINERS, *ALONE)
    assert (ran.code, ran.reports) == (4, {})
    assert "there is no container engine that answers" in ran.err
    assert "https://docs.docker.com/engine/install" in ran.err


def test_what_is_no_image_of_the_comb_is_said(engine: "DockerClient", project: Path, tmp_path: Path) -> None:
    samples(project, {"Ada": "Hello, Ada!"})
    other = tmp_path / "images.json"
    other.write_text(json.dumps({"images": {"ocr": {"cpu": "registry.example/a/ocr@sha256:" + "1" * 64}}}))
    for place, said in ((str(other), "no image for the process `hello`"), ("nowhere", "it cannot be read")):
        ran = gate(project, engine, "--target", "container", "--images", place, *ALONE)
        assert (ran.code, said in ran.err) == (2, True), ran.err
    changed = tmp_path / "changed"
    shutil.copytree(project / "images", changed)
    largest = max((changed / "blobs" / "sha256").iterdir(), key=lambda one: one.stat().st_size)
    with largest.open("ab") as file:
        file.write(b"x")
    for image in engine.images.list():
        engine.images.remove(image.id, force=True)
    ran = gate(project, engine, "--target", "container", "--images", str(changed), *ALONE)
    assert (ran.code, "is something else" in ran.err) == (2, True), ran.err


def test_images_of_other_code_prove_nothing(engine: "DockerClient", project: Path, tmp_path: Path) -> None:
    samples(project, {"Ada": "Hello, Ada!"})
    later = tmp_path / "later"
    shutil.copytree(project, later)
    (later / "operators.py").write_text(OPERATORS.replace("Hello", "Hi"), encoding="utf-8")
    ran = gate(later, engine, *IN_CONTAINERS, *ALONE)
    assert (ran.code, ran.verdicts) == (3, {"images": "undecided"}), ran.out + ran.err
    assert "they have not the `operators.py` that is there now; `comb image build` makes them anew" in ran.out
    ran = gate(project, engine, "availability", *IN_CONTAINERS, "--baseline", str(later), "--baseline-images", "images")
    assert (ran.code, ran.verdicts) == (0, {"availability": "passed"}), ran.out + ran.err
    assert "the images of the baseline are of other code" in ran.report["promise"]
    assert left(engine) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_in_the_middle_leaves_nothing(engine: "DockerClient", project: Path, number: signal.Signals) -> None:
    samples(project, {"wait": "?"})
    host = {"DOCKER_HOST": f"unix://{socket_of(engine)}"}
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1", **host}
    hears = "import signal, runpy; signal.signal(signal.SIGINT, signal.default_int_handler); "
    command = [sys.executable, "-c", hears + "runpy.run_module('comb_compiler', run_name='__main__')"]
    command += ["gate", ".", *IN_CONTAINERS, *ALONE]
    with subprocess.Popen(
        command, cwd=project, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        deadline = time.monotonic() + 240
        while len(engine.containers.list(ignore_removed=True)) < 2:
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.1)
        process.send_signal(number)
        _, said = process.communicate(timeout=600)
    assert process.returncode == 130, said
    assert "Traceback" not in said
    assert left(engine) == []


def test_an_engine_that_goes_in_the_middle_leaves_it_undecided(
    engine: "DockerClient", project: Path, tmp_path: Path
) -> None:
    samples(project, {"Ada": "Hello, Ada!", "wait": "wait"})
    way = tmp_path / "engine.sock"  # what leads to the engine is ended, so that others keep theirs
    relayed = [sys.executable, "-c", SOURCE, f"{way}={socket_of(engine)}"]
    with subprocess.Popen(relayed, stdout=subprocess.PIPE, text=True) as leading:
        try:
            assert leading.stdout is not None
            assert leading.stdout.readline() == "relays\n"
            command = [sys.executable, "-m", "comb_compiler", "gate", "availability", ".", *IN_CONTAINERS, *ALONE]
            environment = {**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1", "DOCKER_HOST": f"unix://{way}"}
            with subprocess.Popen(command, cwd=project, env=environment, stderr=subprocess.PIPE, text=True) as process:
                deadline = time.monotonic() + 240
                while not any(b"wait" in one.logs() for one in engine.containers.list(ignore_removed=True)):
                    assert process.poll() is None
                    assert time.monotonic() < deadline
                    time.sleep(0.2)
                leading.kill()
                _, said = process.communicate(timeout=600)
            assert process.returncode == 4, said
            assert "the engine does not answer any more" in said
        finally:
            leading.kill()
            for container in engine.containers.list(all=True):
                container.remove(force=True)
