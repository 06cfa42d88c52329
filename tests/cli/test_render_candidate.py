"""`comb render --candidate` as a user runs it."""

import json
from pathlib import Path

import pytest

from comb_compiler.release.release import parse_release
from tests.cli.conftest import COMB, Comb, Ran
from tests.cli.test_render import HERE, PLATFORM, state

OLD, NEW = ("registry.acme.example/combs/greeting@sha256:" + one * 64 for one in "ab")
ROLLOUT = "rollout: {steps: [1%, 12.5%, 50%]}\n"


@pytest.fixture
def published(comb: Comb, checkout: Path) -> Path:
    """The directory of a release that may be followed by a candidate."""
    (checkout / "platform.yaml").write_text(PLATFORM, encoding="utf-8")
    (checkout / "comb.yaml").write_text(COMB + ROLLOUT, encoding="utf-8")
    for name, image in (("old", OLD), ("new", NEW)):
        images = {"images": {"greeting": {"cpu": image}}}
        (checkout / f"{name}.json").write_text(json.dumps(images), encoding="utf-8")
    assert render(comb, "old", "-o", "published").code == 0
    return checkout / "published"


def render(comb: Comb, images: str, *more: str) -> Ran:
    platform = ("--platform", "platform.yaml", "--environment", "staging")
    return comb("render", ".", *platform, "--images", f"{images}.json", *more)


def test_a_candidate_goes_from_step_to_step(comb: Comb, checkout: Path, published: Path) -> None:
    before = state(published)
    assert render(comb, "new", "--candidate", "1%", "--onto", "published", "-o", "out").code == 0
    assert state(published) == before
    first = state(checkout / HERE)
    assert render(comb, "new", "--candidate", "12.50%", "--onto", "out", "-o", "out").code == 0
    second = state(checkout / HERE)
    changed = {name for name in second if second[name] != first.get(name)}
    assert changed == {"configmap-greeting--weights.yaml", "release.json"}
    release = parse_release(second["release.json"])
    assert release.rollout is not None
    assert release.rollout.step == 1
    assert b'"weight": 12.5' in second["configmap-greeting--weights.yaml"]
    # The last step is followed by the release alone, which takes the candidate's files away.
    assert render(comb, "new", "-o", "out").code == 0
    assert state(checkout / HERE).keys() == {Path(one).name for one in before if "/_flux/" not in one}


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (("--candidate", "2%", "--onto", "published"), "the steps of `greeting` are 1%, 12.5%, 50%"),
        (("--candidate", "-1", "--onto", "published"), "--candidate"),
        (("--candidate", "1e9%", "--onto", "published"), "the steps of `greeting` are"),
        (("--candidate", "1%", "--onto", "nowhere"), "it holds no `release.json`, and so no release"),
        (("--candidate", "1%", "--onto", "comb.yaml"), "--onto comb.yaml"),
        (("--candidate", "1%"), "say where that is (--onto DIR)"),
    ],
)
def test_what_cannot_be_tried_is_told(
    comb: Comb, checkout: Path, published: Path, said: tuple[str, ...], told: str
) -> None:
    ran = render(comb, "new", *said, "-o", "out")
    assert ran.code == 2
    assert told in ran.err
    assert not (checkout / "out").exists()


def test_what_was_changed_by_hand_is_not_taken_for_the_stable_release(
    comb: Comb, checkout: Path, published: Path
) -> None:
    with (published / "clusters/west/greetings/greeting/service-greeting.yaml").open("ab") as file:
        file.write(b"# mine\n")
    ran = render(comb, "new", "--candidate", "1%", "--onto", "published", "-o", "out")
    assert ran.code == 2
    assert "`service-greeting.yaml` is not as `release.json` says" in ran.err


def test_a_comb_without_a_rollout_has_no_steps(comb: Comb, checkout: Path, published: Path) -> None:
    (checkout / "comb.yaml").write_text(COMB, encoding="utf-8")
    ran = render(comb, "new", "--candidate", "1%", "--onto", "published", "-o", "out")
    assert ran.code == 2
    assert "`greeting` has no `rollout`, and so no steps" in ran.err
