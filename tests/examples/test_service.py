"""frame-moderation as a whole: its code fits its comb.yaml, and hard requests get typed answers."""

import subprocess
import sys
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from comb_compiler.runtime import Code, OperatorError
from tests.examples.moderation import EXAMPLE, ROOT, Running, code, locate, messages, patient_plan

pytestmark = pytest.mark.slow
FRAME = (EXAMPLE / "samples" / "standard" / "block-followers" / "frame.jpg").read_bytes()


def test_the_code_declares_what_comb_yaml_says() -> None:
    command = [sys.executable, "-m", "comb_compiler", "check", "--code", str(EXAMPLE)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")


def test_nudity_is_scored_when_it_is_asked_for(moderation: Running) -> None:
    asked, not_asked = moderation.frame(FRAME, nudity=True), moderation.frame(FRAME)
    assert 0.0 <= asked.unsafe_score < 0.4
    assert not not_asked.HasField("unsafe_score")
    assert asked.lines == not_asked.lines


def test_lines_have_outlines_in_the_frame(moderation: Running) -> None:
    verdict = moderation.frame(FRAME)
    first, second = (line.outline for line in verdict.lines)
    for outline in (first, second):
        assert 0 <= outline.top_left.x < outline.top_right.x <= 960
        assert 0 <= outline.top_left.y < outline.bottom_left.y <= 540
    assert first.top_left.y < second.top_left.y


def test_the_same_frame_gets_the_same_answer(moderation: Running) -> None:
    answers = {moderation.frame(FRAME, nudity=True, arm="rotate").SerializeToString() for _ in range(3)}
    assert len(answers) == 1


@pytest.mark.parametrize("image", [b"", b"garbage", FRAME[:2000], b"\x00" * (3 * 1024 * 1024 + 1)])
def test_what_is_no_picture_is_an_invalid_argument(moderation: Running, image: bytes) -> None:
    with pytest.raises(OperatorError) as caught:
        moderation.frame(image, nudity=True)
    assert caught.value.code is Code.INVALID_ARGUMENT


@pytest.mark.parametrize("size", [(1, 1), (2, 1), (1, 3000), (16_000, 1), (31, 33), (5000, 40)])
def test_odd_sizes_are_answered(moderation: Running, size: tuple[int, int]) -> None:
    noise = np.random.default_rng(size).integers(0, 256, (size[1], size[0], 3), np.uint8)
    content = BytesIO()
    Image.fromarray(noise).save(content, "PNG")
    assert moderation.frame(content.getvalue(), nudity=True, arm="rotate").decision


def test_steps_that_failed_do_not_pass_for_a_clean_frame(moderation: Running) -> None:
    """A deadline that no recogniser keeps: the fallback says so, and the verdict asks for a person."""
    import asyncio

    from comb_compiler.runtime.engine import Engine

    plan = patient_plan()
    hasty = tuple(
        one._replace(timeout=0.001) if one.operator in ("recognise", "nsfw") else one for one in plan.bindings
    )

    async def main() -> object:
        async with Engine(plan._replace(bindings=hasty), locate=locate) as engine:
            return await engine.call(engine.request_type(frame={"image": FRAME}, check_nudity=True))

    with code():
        verdict = asyncio.run(main())
    kind = messages()["moderation.v1.Verdict"]
    answer = kind.FromString(verdict.SerializeToString())  # type: ignore[attr-defined]
    assert answer.decision == 2  # type: ignore[attr-defined]
    assert {reason.code for reason in answer.reasons} == {4, 5}  # type: ignore[attr-defined]
    assert not answer.HasField("unsafe_score")
