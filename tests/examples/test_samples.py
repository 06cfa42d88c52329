"""The sample sets of frame-moderation, answered by its real models: what each version of text-angle gets right."""

from pathlib import Path

import pytest

from comb_compiler.runtime import OperatorError
from comb_compiler.samples import Sample, load_sample_set, missed
from tests.examples.moderation import EXAMPLE, Running

SAMPLES = EXAMPLE / "samples"
SETS = {name: load_sample_set(SAMPLES / name) for name in ("standard", "error", "rotated")}
OFF, ON = "control", "rotate"
"""Arms: the classifier of upside-down lines is off in one, and on in the other."""

pytestmark = pytest.mark.slow


def samples(name: str) -> tuple[Sample, ...]:
    return SETS[name][0].samples


def each(name: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("sample", samples(name), ids=lambda sample: sample.name)


def wrong(moderation: Running, sample: Sample, arm: str) -> tuple[str, ...]:
    return missed(sample.expected, moderation.sample(sample, arm))


def test_the_sets_are_sound_and_small() -> None:
    assert {name: flaws for name, (_, flaws) in SETS.items() if flaws} == {}
    assert {name: len(found.samples) for name, (found, _) in SETS.items()} == {
        "standard": 23, "error": 10, "rotated": 12,
    }  # fmt: skip
    assert sum(path.stat().st_size for path in SAMPLES.rglob("*") if path.is_file()) < 8 * 1024 * 1024


def test_every_sample_is_marked_for_its_set() -> None:
    marks = {
        name: {mark.mark for sample in found.samples for mark in sample.marks} for name, (found, _) in SETS.items()
    }
    assert marks == {"standard": {"standard"}, "error": {"error"}, "rotated": {"optimised"}}


@each("standard")
@pytest.mark.parametrize("arm", [OFF, ON])
def test_standard_samples_are_right_whether_lines_are_turned_or_not(
    moderation: Running, sample: Sample, arm: str
) -> None:
    if sample.error is None:
        assert wrong(moderation, sample, arm) == ()
    else:
        with pytest.raises(OperatorError) as caught:
            moderation.sample(sample, arm)
        assert caught.value.code.name == sample.error


@each("rotated")
def test_turning_lines_makes_what_it_claims_better(moderation: Running, sample: Sample) -> None:
    before, after = wrong(moderation, sample, OFF), wrong(moderation, sample, ON)
    assert any(place.startswith("lines") for place in before)
    assert len(after) < len(before)
    assert not {"decision", "reasons"} & set(after)


def test_of_the_marked_errors_turning_lines_mends_some_and_breaks_none(moderation: Running) -> None:
    decided = {
        arm: {one.name for one in samples("error") if "decision" not in wrong(moderation, one, arm)}
        for arm in (OFF, ON)
    }  # fmt: skip
    assert decided[OFF] == {"lost-space", "scanned-page", "scanned-page-turned"}
    assert {one.name for one in samples("error")} - decided[ON] == {"ghost-offer"}


def test_what_is_expected_was_not_copied_from_an_answer(moderation: Running) -> None:
    """Truth is what was drawn: the marked errors have lines that no version reads right."""
    unread = [one.name for one in samples("error") if wrong(moderation, one, ON)]
    assert {"ghost-offer", "lost-space", "scanned-page"} <= set(unread)


def test_the_scenes_and_the_sets_are_the_same_list() -> None:
    namespace: dict[str, object] = {"__name__": "scenes"}
    path = Path(SAMPLES / "scenes.py")
    exec(compile(path.read_text(encoding="utf-8"), str(path), "exec"), namespace)
    scenes: list[tuple[str, ...]] = list(namespace["SCENES"])  # type: ignore[call-overload]
    drawn = {(scene[0], scene[1]) for scene in scenes}
    lying = {(name, sample.name) for name in SETS for sample in samples(name)}
    assert lying - drawn == {("standard", name) for name in ("hundred-megapixels", "no-picture", "one-pixel")}
    assert drawn <= lying
