"""`comb lock` with requirements, as a user runs it, where pip knows the wheels of a directory and nothing else."""

import json
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from comb_compiler.images import ownwheel
from tests.architecture.imports import ROOT
from tests.images.test_requirements import wheel

pytestmark = pytest.mark.slow
GLIBC = "cp311-manylinux_2_36_x86_64"


@pytest.fixture
def index(example_wheelhouse: Path, tmp_path: Path) -> Path:
    """The wheels of the runtime, and three of ours, of which one runs on glibc alone, and one nowhere."""
    place = tmp_path / "index"
    place.mkdir()
    for one in example_wheelhouse.glob("*.whl"):
        (place / one.name).symlink_to(one)
    wheel(place, "anywhere", requires=("brought",))
    wheel(place, "brought")
    wheel(place, "elsewhere", tags="cp311-cp311-win_amd64")
    return place


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The smallest comb, without a lock."""
    made = shutil.copytree(ROOT / "examples" / "hello", tmp_path / "comb", ignore=shutil.ignore_patterns("__pycache__"))
    (made / ".git").mkdir()
    (made / "comb.lock").unlink()
    return made


def lock(root: Path, index: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    own = {"PIP_CONFIG_FILE": "/dev/null", "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(index), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "comb_compiler", "lock", ".", *arguments]
    return subprocess.run(command, cwd=root, env={**os.environ, **own, "NO_COLOR": "1"}, capture_output=True, text=True)


def pinned(root: Path) -> dict[str, list[str]]:
    targets = json.loads((root / "comb.lock").read_bytes())["requirements"]["targets"]
    return {name: [one["file"].partition("-")[0] for one in wheels] for name, wheels in targets.items()}


def test_what_is_required_is_pinned_kept_and_found_stale(root: Path, index: Path) -> None:
    (root / "requirements.txt").write_text("anywhere\n")
    done = lock(root, index, "--target", GLIBC)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "10 wheels for cp311-manylinux_2_36_x86_64 and the interface pinned" in done.stderr
    assert {"anywhere", "brought", "grpcio", "protobuf", "h11"} <= set(pinned(root)[GLIBC])
    before = (root / "comb.lock").read_bytes()
    newer = wheel(index, "brought", requires=("h11",))  # the same version, of other bytes
    assert newer.exists()
    assert lock(root, index).returncode == 0
    assert (root / "comb.lock").read_bytes() == before
    assert lock(root, index, "--check").returncode == 0
    assert lock(root, index, "--upgrade").returncode == 0
    assert (root / "comb.lock").read_bytes() != before
    (root / "requirements.txt").write_text("anywhere\nbrought\n")
    stale = lock(root, index, "--check")
    assert stale.returncode == 1
    assert "stale-lock" in stale.stdout


def test_a_lock_without_wheels_of_what_is_required_is_stale(root: Path, index: Path) -> None:
    assert lock(root, index).returncode == 0
    assert "requirements" not in json.loads((root / "comb.lock").read_bytes())
    (root / "requirements.txt").write_text("anywhere\n")
    stale = lock(root, index, "--check")
    assert stale.returncode == 1
    assert "comb.lock pins no wheels, and `requirements.txt` says what is required" in stale.stdout


def test_what_does_not_resolve_is_shown_at_its_line_in_pips_words(root: Path, index: Path) -> None:
    (root / "requirements.txt").write_text("anywhere\nelsewhere>=1  # the one\n")
    done = lock(root, index, "--target", GLIBC)
    assert done.returncode == 1
    told = " ".join(done.stdout.replace("\n", " ").split())
    assert "there are no such wheels for Python 3.11 on glibc, amd64: Could not find a version" in told
    assert "--> requirements.txt:2:1" in done.stdout
    assert "an image is made of wheels; what must be built needs a Dockerfile" in told
    assert not (root / "comb.lock").exists()


def test_a_wheel_that_is_missing_for_a_base_says_which_base_would_do(root: Path, index: Path) -> None:
    (root / "requirements.txt").write_text("anywhere\n")
    done = lock(root, index, "--target", "cp311-musllinux_1_2_x86_64")
    assert done.returncode == 1
    assert f"a base with glibc would do: `--target {GLIBC}`" in done.stdout


def test_bytes_that_are_not_those_that_are_required_are_refused(root: Path, index: Path) -> None:
    (root / "requirements.txt").write_text(f"anywhere --hash=sha256:{'0' * 64}\n")
    done = lock(root, index, "--target", GLIBC)
    assert done.returncode == 1
    assert "which is none of those that are required" in " ".join(done.stdout.split())
    assert "--> requirements.txt:1:1" in done.stdout


def test_a_target_that_is_none_is_said(root: Path, index: Path) -> None:
    done = lock(root, index, "--target", "python3.12")
    assert done.returncode == 2
    assert "cp312-manylinux_2_36_x86_64" in done.stderr


def test_an_index_that_does_not_answer_is_a_failure_of_what_is_outside(root: Path, tmp_path: Path) -> None:
    (root / "requirements.txt").write_text("anywhere\n")
    own = {"PIP_CONFIG_FILE": "/dev/null", "PIP_INDEX_URL": "http://127.0.0.1:1/simple", "PIP_RETRIES": "0"}
    environment = {**os.environ, **own, "PYTHONPATH": str(ROOT)}
    environment.pop("PIP_FIND_LINKS", None)
    command = [sys.executable, "-m", "comb_compiler", "lock", "."]
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True)
    assert done.returncode == 4
    assert "pip config list" in done.stderr


def test_who_asks_for_a_gpu_gets_what_says_how_it_is_used(root: Path, index: Path) -> None:
    (root / "requirements.txt").write_text("anywhere\n")
    assert lock(root, index, "--target", GLIBC).returncode == 0
    assert "nvidia_ml_py" not in pinned(root)[GLIBC]
    comb = root / "comb.yaml"
    text = comb.read_text("utf-8")
    asking = text.replace("run: ", "resources: {gpu: {memory: 1Gi}}\n    run: ", 1)
    assert asking != text
    comb.write_text(asking, encoding="utf-8")
    assert "comb.lock has the wheels of other requirements" in lock(root, index, "--check").stdout
    assert lock(root, index).returncode == 0
    assert "nvidia_ml_py" in pinned(root)[GLIBC]


def test_the_runtime_has_the_parts_that_its_distribution_has() -> None:
    told = tomllib.loads((ROOT / ".ci" / "runtime" / "pyproject.toml").read_text(encoding="utf-8"))
    included = told["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    parts = {place.removeprefix("comb_compiler/") for place in included.values()} - {"LICENSE"}
    assert set(ownwheel._PARTS) == parts
    told_runtime = {one.partition(">")[0].replace("_", "-") for one in told["project"]["dependencies"]}
    told_runtime |= {
        one.partition(">")[0].replace("_", "-") for one in told["project"]["optional-dependencies"]["service"]
    }
    ours = {one.partition(">")[0] for one in ownwheel.runtime_requirements(conditions=False, gpus=False)}
    assert ours == told_runtime
    (gpu,) = set(ownwheel.runtime_requirements(conditions=False, gpus=True)) - set(
        ownwheel.runtime_requirements(conditions=False, gpus=False)
    )
    assert [gpu] == told["project"]["optional-dependencies"]["gpu"]
