"""The environment repository: its platform is right, renders, and Flux is told; a comb can be published into it."""

from pathlib import Path

import pytest

from tests.templates.conftest import Place, committed


@pytest.fixture
def platform(place: Place) -> Place:
    place.comb("init", "environment", "acme", "--set", "clusters=east west", "--set", "team=vision")
    return committed(place.below("acme"))


def test_its_platform_is_right_and_renders_for_each_cluster(platform: Place) -> None:
    assert platform.comb("check", "platform.yaml") == ""
    platform.comb("platform", "render", "--platform", "platform.yaml", "-o", "rendered")
    rendered = {path.name for path in (platform.path / "rendered" / "clusters").iterdir()}
    assert rendered == {"east", "west"}
    platform.comb("platform", "flux", "--platform", "platform.yaml", "--secret", "git-key", "-o", "flux")
    assert {path.name for path in (platform.path / "flux").iterdir()} == {"east.yaml", "west.yaml"}


@pytest.mark.slow
def test_a_made_comb_is_published_into_it(platform: Place, made: Place, tmp_path: Path) -> None:
    bare = str(tmp_path / "environments.git")
    platform.git("clone", "--quiet", "--bare", ".", bare)
    given = ("--platform", str(platform.path / "platform.yaml"), "--repository", bare)
    platform.comb("platform", "publish", *given)
    work = made.clone(tmp_path / "work")
    (work.path / "platform.yaml").write_bytes((platform.path / "platform.yaml").read_bytes())
    work.comb(
        "publish", ".", "--platform", "platform.yaml", "--repository", bare, "--environment", "production", "--unbuilt"
    )
    held = set(platform.git("--git-dir", bare, "ls-tree", "-r", "--name-only", "main").split("\n"))
    assert {f"clusters/{one}/vision/digits/release.json" for one in ("east", "west")} <= held
    assert {"README.md", "clusters/README.md", "CODEOWNERS"} <= held
