"""Scores, in batches: each picture's is its own."""

from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from comb_compiler.runtime import Code, Model, OperatorError
from tests.examples.moderation import EXAMPLE, locate, messages, patient_plan

pytestmark = pytest.mark.usefixtures("operators")
STANDARD = EXAMPLE / "samples" / "standard"
PICTURES = [STANDARD / name / "frame.jpg" for name in ("plain-astronaut", "plain-cat", "caption-coffee")]


def score() -> Any:
    (version,) = (binding.model for binding in patient_plan().bindings if binding.operator == "nsfw")
    assert version is not None
    nudity = import_module("operators.nudity")
    model: Model[Any] = Model(version.name, version.version, version.format, locate(version), nudity.ScoreParams())
    return nudity.Score(model, messages())


def frame(path: Path) -> Any:
    return messages()["moderation.v1.Frame"](image=path.read_bytes())


def test_a_batch_scores_each_picture_as_if_it_were_alone() -> None:
    step = score()
    together = [one.score for one in step([frame(path) for path in PICTURES])]
    alone = [step([frame(path)])[0].score for path in PICTURES]
    assert together == pytest.approx(alone, abs=1e-5)
    assert len(set(together)) == 3
    assert all(0.0 <= one < 0.4 for one in together)


def test_what_is_no_picture_fails_alone() -> None:
    bad: Any = messages()["moderation.v1.Frame"](image=b"no picture")
    first, second, third = score()([frame(PICTURES[0]), bad, frame(PICTURES[1])])
    assert isinstance(second, OperatorError)
    assert second.code is Code.INVALID_ARGUMENT
    assert first.score != third.score
    assert score()([bad])[0].code is Code.INVALID_ARGUMENT


@pytest.mark.parametrize("value", [float("nan"), -0.1, 1.1])
def test_what_is_no_probability_is_an_error(value: float) -> None:
    answer = score()._answer(value)
    assert isinstance(answer, OperatorError)
    assert answer.code is Code.INTERNAL
