"""The algorithm's repository works at once: it is right, it answers, it is proven, and it can be changed."""

import json
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.templates.conftest import Place

pytestmark = pytest.mark.slow

NEWER = ('      "1.0.0": {', '      "1.1.0": {artifact: models/digits-network.onnx}\n      "1.0.0": {')


def test_nothing_is_said_of_it(made: Place) -> None:
    done = made.run("comb", "check", ".", "--platform", "platform.yaml", "--code")
    assert (done.code, done.out, done.err) == (0, "", "2 files checked, nothing to say\n")
    made.comb("lock", ".", "--check")
    assert made.git("status", "--porcelain") == ""


def test_its_models_are_small_and_real(made: Place) -> None:
    sizes = {path.name: path.stat().st_size for path in (made.path / "models").glob("*.onnx")}
    assert sizes.keys() == {"digits-linear.onnx", "digits-network.onnx"}
    assert max(sizes.values()) < 100_000


@contextmanager
def served(place: Place) -> Iterator[str]:
    """The address at which `comb run` serves it."""
    command = ["comb", "run", ".", "--grpc-port", "0", "--http-port", "0"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=place.path, env=place.environment, stdout=pipe, stderr=pipe, text=True) as run:
        assert run.stdout is not None
        try:
            said = ""
            for line in run.stdout:
                said += line
                if "Ctrl-C" in line:
                    break
            found = re.search(r"gRPC +(\S+)", said)
            assert found is not None, said
            yield found[1]
        finally:
            run.send_signal(signal.SIGINT)
            run.communicate(timeout=600)


def test_it_serves_a_real_digit(made: Place) -> None:
    with served(made) as address:
        for digit in (3, 7):
            answer = json.loads(made.comb("call", address, f"samples/standard/{digit}-a", "--format", "json"))["answer"]
            assert answer["digit"] == digit
            assert 0.5 < answer["confidence"] <= 1


def test_its_own_tests_pass(made: Place) -> None:
    done = made.run("python", "-m", "pytest", "-q", "-p", "no:cacheprovider")
    assert done.code == 0, done.out
    assert re.search(r"\d+ passed", done.out)


def test_its_gates_pass_and_a_better_model_ships_and_a_worse_one_does_not(made: Place, tmp_path: Path) -> None:
    work = made.clone(tmp_path / "work")
    first = work.comb("gate", ".", "--baseline", "none", "--patient")
    assert "all 20 are answered as expected" in first
    work.replace("comb.yaml", *NEWER)
    work.replace("comb.yaml", "model: digits@1.0.0", "model: digits@1.1.0")
    work.comb("lock", ".")
    better = work.comb("gate", "replay", ".", "--baseline", "origin/main", "--patient")
    assert "9 of 9" in better
    work.git("commit", "--quiet", "-am", "A better model")
    work.replace("comb.yaml", "model: digits@1.1.0", "model: digits@1.0.0")
    assert "blocked" in work.comb("gate", "replay", ".", "--baseline", "HEAD", "--patient", code=3)


def test_it_says_what_would_run_where(made: Place) -> None:
    plan = made.comb("plan", ".", "--platform", "platform.yaml", "--environment", "production", "--format", "json")
    assert json.loads(plan)["plans"]
