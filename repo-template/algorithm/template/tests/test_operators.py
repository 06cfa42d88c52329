"""The operators by themselves, without a service. `comb gate` asks the whole comb."""

import base64
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from comb_compiler.runtime import Code, OperatorError, harness

ROOT = Path(__file__).parents[1]
SAMPLES = sorted((ROOT / "samples" / "standard").iterdir())


@pytest.fixture(scope="session")
def interface() -> bytes:
    """The messages of protos/, as comb.lock has them: run `comb lock` after a change."""
    lock = json.loads((ROOT / "comb.lock").read_text("utf-8"))
    return base64.b64decode(lock["interface"]["descriptors"])


@pytest.fixture(scope="session")
def prepare(interface: bytes) -> Iterator[Any]:
    with harness("operators.pictures:Prepare", descriptors=interface) as operator:
        yield operator


@pytest.fixture(scope="session", params=["linear", "network"])
def classify(interface: bytes, request: pytest.FixtureRequest) -> Iterator[Any]:
    model = ROOT / "models" / f"digits-{request.param}.onnx"
    with harness("operators.digits:Classify", model=model, descriptors=interface) as operator:
        yield operator


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.name)
def test_a_standard_picture_is_read(prepare: Any, classify: Any, sample: Path) -> None:
    picture = prepare.messages["digits.v1.Picture"](png=(sample / "digit.png").read_bytes())
    chances = list(classify(pixels=prepare(picture=picture)).values)
    assert chances.index(max(chances)) == json.loads((sample / "expected.json").read_text("utf-8"))["digit"]


def test_what_is_no_picture_is_refused(prepare: Any) -> None:
    with pytest.raises(OperatorError) as refused:
        prepare(picture=prepare.messages["digits.v1.Picture"](png=b"no picture"))
    assert refused.value.code is Code.INVALID_ARGUMENT


def test_the_comb_is_right() -> None:
    done = subprocess.run([sys.executable, "-m", "comb_compiler", "check", str(ROOT)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
