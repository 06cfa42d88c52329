"""The health of frame-moderation's real models, when one of them is not what it should be."""

import asyncio
import io
import json
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest

from comb_compiler.release import ExecutionPlan, Model
from comb_compiler.runtime.engine import Engine
from comb_compiler.runtime.health import NOTHING, Health, Level, ModelHealth, Report, Saved, Settings
from comb_compiler.runtime.health.drift import Windows
from comb_compiler.runtime.health.watching import Sampling
from comb_compiler.samples import SampleSet, load_sample_set
from tests.examples.moderation import EXAMPLE, locate, patient_plan
from tests.examples.spoiling import spoil_weights
from tests.runtime.waiting import until
from tests.support.trials import Trial

pytestmark = pytest.mark.slow
Locate = Callable[[Model], Path]


def samples(of: str, *names: str) -> SampleSet:
    found = load_sample_set(EXAMPLE / "samples" / of)[0]
    return found._replace(samples=tuple(sample for sample in found.samples if sample.name in names))


def once(
    given: SampleSet, saved: Saved = NOTHING, where: Locate = locate, plan: ExecutionPlan | None = None
) -> tuple[Report, Saved]:
    """The golden samples, once, by operators that take their models from `where`."""

    async def main() -> tuple[Report, Saved]:
        health = Health(plan or patient_plan(), given, saved=saved)
        async with Engine(plan or patient_plan(), locate=where, code=EXAMPLE, observers=[health.observer]) as engine:
            report = await health.once(engine)
            await health.close()
            return report, health.save()

    return asyncio.run(main())


STANDARD = samples("standard", "block-win", "one-pixel")


@pytest.fixture(scope="module")
def saved() -> Saved:
    """What right answers look like on the way."""
    report, found = once(STANDARD)
    assert report.level == Level.HEALTHY
    return found


def instead(name: str, path: Path) -> Locate:
    return lambda model: path if model.name == name else locate(model)


def of(report: Report, operator: str, arm: str = "control") -> ModelHealth:
    return next(one for one in report.models if (one.arm, one.operator) == (arm, operator))


def sick(report: Report) -> set[str]:
    return {one.operator for one in report.models if one.level != Level.HEALTHY}


def model_file(name: str) -> Path:
    return next(locate(one.model) for one in patient_plan().bindings if one.model and one.model.name == name)


@pytest.mark.parametrize(
    ("model", "noise", "operator"),
    [("text-detection", 0.0, "detect"), ("text-recognition", 0.05, "recognise"), ("nudity", 0.0, "nsfw")],
    ids=["zeroed", "noised", "zeroed-side-branch"],
)
def test_spoiled_weights_are_told_by_the_model_that_has_them(
    tmp_path: Path, saved: Saved, model: str, noise: float, operator: str
) -> None:
    assert spoil_weights(model_file(model), tmp_path / "model.onnx", noise=noise) > 50
    report, _ = once(STANDARD, saved, instead(model, tmp_path / "model.onnx"))
    assert report.level == Level.UNHEALTHY
    assert report.not_ready
    assert sick(report) == {operator}
    assert "the first whose answer differs from what is recorded" in of(report, operator).reasons[0]


def test_rules_of_somebody_else_are_told(tmp_path: Path, saved: Saved) -> None:
    rules = json.loads(model_file("decision-rules").read_text(encoding="utf-8"))
    rules["phrases"]["block"] = []
    (tmp_path / "rules.json").write_text(json.dumps(rules), encoding="utf-8")
    report, _ = once(STANDARD, saved, instead("decision-rules", tmp_path / "rules.json"))
    assert sick(report) == {"decide"}
    assert "`verdict` (in `decision`)" in of(report, "decide").reasons[0]


def test_parameters_of_another_version_are_told_by_the_arm_that_has_them() -> None:
    """The classifier of upside-down lines is off where it should be on."""
    turned = samples("rotated", "win")
    right, saved = once(turned)
    assert of(right, "straighten", "control").level == Level.UNHEALTHY
    assert "arm `rotate` answers it right, and differs in `straight`" in of(right, "straighten").reasons[0]
    assert of(right, "straighten", "rotate").level == Level.HEALTHY
    plan = patient_plan()
    off = next(one.model for one in plan.bindings if one.model and one.model.version == "1.4.0")
    bindings = tuple(
        one._replace(model=one.model._replace(params=off.params)) if one.model and one.model.version == "1.5.0" else one
        for one in plan.bindings
    )
    report, _ = once(turned, saved, plan=plan._replace(bindings=bindings))
    swapped = of(report, "straighten", "rotate")
    assert swapped.level == Level.UNHEALTHY
    assert "`straight` (in `boxes[0].angle`) is the first" in swapped.reasons[0]
    assert swapped.params != of(right, "straighten", "rotate").params


@pytest.mark.prove
def test_drift_of_inverted_pictures(trial: Trial) -> None:
    """Frames of the samples, cut and scaled a little differently each time; then the same as negatives."""
    count = 150
    windows = Windows(reference=count, size=count, seconds=10.0)
    settings = Settings(sampling=Sampling(1.0, 1.0, 1000), windows=windows)

    async def main() -> dict[str, Report]:
        health = Health(patient_plan(), settings=settings)
        reports = {}
        async with Engine(patient_plan(), locate=locate, code=EXAMPLE, observers=[health.observer]) as engine:
            health.start(engine)
            for step in ("reference", "unchanged", "inverted"):
                for _ in range(count):
                    frame = {"image": picture(trial.random, inverted=step == "inverted"), "format": 1}
                    await engine.call(engine.request_type(frame=frame, check_nudity=True), arm="control")
                await until(lambda: health.observer.looked_at == health.observer.requests)
                reports[step] = health.report()
            await health.close()
        return reports

    reports = asyncio.run(main())
    for step in ("unchanged", "inverted"):
        for one in reports[step].models:
            if one.arm == "control":
                told = [f"{shift.feature}: PSI {shift.psi:.2f}, KS {shift.ks:.2f}" for shift in one.shifts[:2]]
                trial.note(**{f"{step}_{one.operator}": [one.level.word, *told]})
    assert {one.level for one in reports["unchanged"].models if one.arm == "control"} == {Level.HEALTHY}
    assert of(reports["inverted"], "detect").level == Level.DEGRADED
    assert "`boxes.crop.pixels.mean`" in of(reports["inverted"], "detect").reasons[0]
    assert not reports["inverted"].not_ready


def picture(random: Random, *, inverted: bool) -> bytes:
    from PIL import Image, ImageOps

    paths = sorted((EXAMPLE / "samples").rglob("frame.jpg"))
    frame: Any = Image.open(random.choice(paths)).convert("RGB")
    width, height = int(frame.width * 0.92), int(frame.height * 0.92)
    left, top = random.randrange(frame.width - width + 1), random.randrange(frame.height - height + 1)
    frame = frame.crop((left, top, left + width, top + height)).resize((480, 480 * height // width))
    content = io.BytesIO()
    (ImageOps.invert(frame) if inverted else frame).save(content, "JPEG", quality=85)
    return content.getvalue()
