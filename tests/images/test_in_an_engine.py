"""Images that were built without an engine, run by a real one as pods run them."""

import hashlib
import json
import re
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.images.example import ENVIRONMENT, Example
from tests.images.pods import Pod, pods

if TYPE_CHECKING:
    from docker import DockerClient

pytestmark = pytest.mark.slow
_PATIENCE = 240.0
_FETCHED = "text-recognition"
_SAMPLES = ("block-win", "caption-palace")


@pytest.fixture(scope="module")
def fetching(example: Example, tmp_path_factory: pytest.TempPathFactory) -> Example:
    """The example, whose largest model is not in an image."""
    there = shutil.copytree(example.directory, tmp_path_factory.mktemp("fetching") / "comb", symlinks=True)
    comb = there / "comb.yaml"
    text = comb.read_text(encoding="utf-8")
    assert text.count(f"  {_FETCHED}:\n") == 1
    comb.write_text(text.replace(f"  {_FETCHED}:\n", f"  {_FETCHED}:\n    fetch: start\n"), encoding="utf-8")
    made = example._replace(directory=there)
    made.build()
    sent = made.run("image", "push", "images")
    assert re.search(r"/combs/models@sha256:[0-9a-f]{64}  1 of 1 layers sent, ", sent), sent
    made.run("render", ".", *made.where, "--images", "images.json", "-o", "rendered")
    return made


@pytest.fixture(scope="module")
def rendered(fetching: Example) -> Path:
    (found,) = fetching.directory.glob(f"rendered/clusters/*/moderation-{ENVIRONMENT}/frame-moderation")
    return found


def wait_for(pod: Pod) -> None:
    """Wait until a container serves, as the probe of its pod would."""
    deadline = time.monotonic() + _PATIENCE
    script = f"import urllib.request; urllib.request.urlopen('http://127.0.0.1:{pod.http}/readyz', timeout=2)"
    while pod.container.exec_run(["python", "-c", script]).exit_code != 0:
        pod.container.reload()
        assert pod.container.status == "running", pod.container.logs().decode()
        assert time.monotonic() < deadline, pod.container.logs().decode()
        time.sleep(0.3)


def test_the_example_answers_real_pictures_as_pods_would(
    engine: "DockerClient", example: Example, rendered: Path, tmp_path: Path
) -> None:
    with pods(engine, rendered, tmp_path) as started:
        assert len(started) == 4
        (model,) = tmp_path.glob("*/models/*")
        assert model.name == hashlib.sha256(model.read_bytes()).hexdigest()
        for pod in started.values():
            wait_for(pod)
        entry = next(iter(started.values()))
        for name in _SAMPLES:
            sample = example.directory / "samples" / "standard" / name
            told = example.examined(f"127.0.0.1:{entry.grpc}", sample)
            expected = json.loads((sample / "expected.json").read_text(encoding="utf-8"))
            assert json.loads(told)["answer"]["decision"] == expected["decision"], told
        for pod in started.values():
            said = pod.container.exec_run(
                ["python", "-c", "import os; print(os.getuid()); open('/comb/x', 'w')"]
            ).output
            assert b"65532" in said
            assert b"Read-only file system" in said
