"""`comb render` and `comb platform render` as a user runs them."""

import json
import re
from pathlib import Path

import pytest

from comb_compiler.release.images import Images, parse_images
from comb_compiler.release.release import parse_release
from tests.cli.conftest import COMB, Comb, Ran
from tests.support.terminal import on_terminal

PLATFORM = """\
apiVersion: comb.dev/v1
kind: Platform
metadata: {name: acme}
clusters:
  east: {nodePools: {cpus: {nodes: 2, cpu: 4, memory: 16Gi}}}
  west: {nodePools: {cpus: {nodes: 2, cpu: 4, memory: 16Gi}}}
namespaces: {greetings: {}, live: {}}
priorities: {high: {value: 1000}}
environments:
  staging: {clusters: [west], namespace: greetings}
  production: {clusters: [east, west], namespace: live}
environmentRepository: {url: "https://git.acme.example/environments.git"}
registry: {push: registry.acme.example/combs}
notifications: {releases: {type: slack, secret: releases}}
"""
IMAGE = "registry.acme.example/combs/greeting@sha256:" + "0123456789abcdef" * 4
HERE = "out/clusters/west/greetings/greeting"


@pytest.fixture
def platform(checkout: Path) -> Path:
    """A platform of two clusters, beside the comb."""
    file = checkout / "platform.yaml"
    file.write_text(PLATFORM, encoding="utf-8")
    return file


@pytest.fixture
def images(checkout: Path) -> Path:
    """The image of the comb's one process."""
    file = checkout / "images.json"
    file.write_text(json.dumps({"images": {"greeting": {"cpu": IMAGE}}}), encoding="utf-8")
    return file


def render(comb: Comb, *more: str, path: str = ".", environment: str = "staging") -> Ran:
    return comb("render", path, "--platform", "platform.yaml", "--environment", environment, *more)


def state(directory: Path) -> dict[str, bytes]:
    return {str(one.relative_to(directory)): one.read_bytes() for one in directory.rglob("*") if one.is_file()}


def test_objects_a_release_and_a_file_for_flux_are_written(
    comb: Comb, checkout: Path, platform: Path, images: Path
) -> None:
    ran = render(comb, "--images", "images.json", "-o", "out", environment="production")
    assert (ran.code, ran.out) == (0, "")
    for cluster in ("east", "west"):
        here = checkout / f"out/clusters/{cluster}/live/greeting"
        release = parse_release((here / "release.json").read_bytes())
        assert (release.comb, release.environment, release.cluster) == ("greeting", "production", cluster)
        assert release.images == {"greeting": {"cpu": IMAGE}}
        assert not release.unbuilt
        assert {one.name for one in here.iterdir()} == {*release.files, "release.json"}
        assert f"image: {IMAGE}" in (here / "deployment-greeting.yaml").read_text()
        assert (checkout / f"out/clusters/{cluster}/_flux/live.greeting.yaml").exists()


def test_the_same_again_changes_nothing_and_says_so(comb: Comb, checkout: Path, platform: Path) -> None:
    first = render(comb, "--unbuilt", "-o", "out")
    assert first.err.startswith(f"{HERE}: ")
    assert " new\n" in first.err
    before = state(checkout / "out")
    again = render(comb, "--unbuilt", "-o", "out")
    assert [line.split(", ")[-1] for line in again.err.splitlines()] == ["all unchanged"] * 2
    assert state(checkout / "out") == before


def test_what_is_no_longer_made_goes_and_what_others_made_stops_it(comb: Comb, checkout: Path, platform: Path) -> None:
    render(comb, "--unbuilt", "-o", "out")
    plan = next((checkout / HERE).glob("configmap-greeting--plan-*.yaml"))
    (checkout / "comb.yaml").write_text(COMB.replace("timeout: 80ms", "timeout: 90ms"))
    ran = render(comb, "--unbuilt", "-o", "out")
    assert ran.code == 0
    assert "1 new" in ran.err
    assert "1 removed" in ran.err
    assert not plan.exists()
    (checkout / HERE / "notes.txt").write_text("mine")
    before = state(checkout / "out")
    refused = render(comb, "--unbuilt", "-o", "out")
    assert refused.code == 2
    assert "holds `notes.txt`, which no rendering listed as its own" in refused.err
    assert state(checkout / "out") == before


def test_without_images_it_says_what_to_do(comb: Comb, platform: Path) -> None:
    ran = render(comb, "-o", "out")
    assert ran.code == 2
    assert "--images FILE" in ran.err
    assert "--unbuilt" in ran.err


def test_unbuilt_images_are_marked_wherever_they_are_named(comb: Comb, checkout: Path, platform: Path) -> None:
    render(comb, "--unbuilt", "-o", "out")
    release = parse_release((checkout / HERE / "release.json").read_bytes())
    assert release.unbuilt
    assert 'comb.dev/unbuilt: "true"' in (checkout / HERE / "deployment-greeting.yaml").read_text()
    written = json.dumps({"unbuilt": True, "images": release.images}).encode()  # a template to write one's own from
    assert parse_images(written) == Images(release.images, unbuilt=True)
    (checkout / "images.json").write_bytes(written)
    before = state(checkout / "out")
    assert render(comb, "--images", "images.json", "-o", "out").code == 0
    assert state(checkout / "out") == before


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "no such file or directory"),
        (b'{"images": {\n  "greeting": }\n}', "it is no JSON from line 2, column 15"),
        (b'{"images": {"greeting": {"cpu": "greeting:1.0"}}}', "`images.greeting.cpu` must be an image by its digest"),
        (b"", "it is empty"),
    ],
)
def test_a_bad_file_of_images_is_told_in_one_line(
    comb: Comb, checkout: Path, platform: Path, content: bytes | None, words: str
) -> None:
    if content is not None:
        (checkout / "images.json").write_bytes(content)
    ran = render(comb, "--images", "images.json", "-o", "out")
    assert ran.code == 2
    assert words in ran.err
    assert len(ran.err.splitlines()) == 1
    assert not (checkout / "out").exists()


def test_a_missing_image_is_a_finding_and_nothing_is_written(comb: Comb, checkout: Path, platform: Path) -> None:
    (checkout / "images.json").write_text('{"images": {}}')
    ran = render(comb, "--images", "images.json", "-o", "out")
    assert ran.code == 1
    assert "error[COMB4201] missing-image" in ran.err
    assert not (checkout / "out").exists()


def test_an_environment_that_is_not_there_is_told_with_the_one_that_was_meant(comb: Comb, platform: Path) -> None:
    ran = render(comb, "--unbuilt", "-o", "out", environment="prodution")
    assert ran.code == 2
    assert ran.err == "comb: the platform has no environment `prodution`; did you mean `production`?\n"


def test_a_platform_that_is_not_there_or_wrong_is_a_finding(comb: Comb, checkout: Path, platform: Path) -> None:
    platform.write_text(PLATFORM.replace("nodes: 2", "nodes: two"))
    ran = render(comb, "--unbuilt", "-o", "out")
    assert ran.code == 1
    assert "platform.yaml" in ran.err
    platform.unlink()
    gone = render(comb, "--unbuilt", "-o", "out")
    assert gone.code == 1
    assert "error[COMB0001]" in gone.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--unbuilt", "--images", "images.json", "-o", "out"), "not given together"),
        (("--unbuilt",), "say where the files are written"),
        (("--unbuilt", "-o", "out", "--explain", "x"), "say where the files are written"),
        (("--unbuilt", "-o", "comb.yaml"), "this is a file"),
        (("--unbuilt", "-o", ""), "names no directory"),
    ],
)
def test_a_command_line_that_makes_no_sense_is_told(
    comb: Comb, platform: Path, arguments: tuple[str, ...], words: str
) -> None:
    ran = render(comb, *arguments)
    assert ran.code == 2
    assert words in ran.err


def test_a_platform_given_as_comb_is_told(comb: Comb, platform: Path) -> None:
    ran = render(comb, "--unbuilt", "-o", "out", path="platform.yaml")
    assert ran.code == 2
    assert "declares a platform: name a comb" in ran.err


def test_a_directory_that_cannot_be_written_fails_outside(comb: Comb, platform: Path) -> None:
    ran = render(comb, "--unbuilt", "-o", "/proc/out")
    assert ran.code == 4
    assert "cannot be written: no such file or directory" in ran.err


def second(checkout: Path, name: str, broken: bool = False) -> None:
    (checkout / name).mkdir()
    text = COMB.replace("name: greeting,", f"name: {name},").replace(
        "return: hello", "return: hell" if broken else "return: hello"
    )
    (checkout / name / "comb.yaml").write_text(text)
    (checkout / name / "greeting.proto").write_text((checkout / "greeting.proto").read_text())


def test_many_combs_are_rendered_at_once(comb: Comb, checkout: Path, platform: Path) -> None:
    second(checkout, "farewell")
    ran = render(comb, "--unbuilt", "-o", "out")
    assert ran.code == 0
    assert {one.name for one in (checkout / "out/clusters/west/greetings").iterdir()} == {"greeting", "farewell"}
    assert {one.name for one in (checkout / "out/clusters/west/_flux").iterdir()} == {
        "greetings.greeting.yaml",
        "greetings.farewell.yaml",
    }
    together = state(checkout / "out")
    alone = render(comb, "--unbuilt", "-o", "alone", path="farewell")
    assert alone.code == 0
    for name, content in state(checkout / "alone").items():
        assert together[name] == content


def test_one_sick_comb_and_nothing_is_written(comb: Comb, checkout: Path, platform: Path) -> None:
    second(checkout, "farewell", broken=True)
    ran = render(comb, "--unbuilt", "-o", "out")
    assert ran.code == 1
    assert "farewell/comb.yaml" in ran.err
    assert not (checkout / "out").exists()


def test_two_combs_of_one_name_would_own_one_directory(comb: Comb, checkout: Path, platform: Path) -> None:
    second(checkout, "farewell")
    file = checkout / "farewell/comb.yaml"
    file.write_text(file.read_text().replace("name: farewell", "name: greeting"))
    ran = render(comb, "--unbuilt", "-o", "out")
    assert ran.code == 1
    assert "error[COMB0010]" in ran.err


def test_each_line_of_a_file_is_shown_with_its_cause(comb: Comb, checkout: Path, platform: Path) -> None:
    (checkout / "comb.yaml").write_text(
        f"{COMB}environments:\n  staging:\n    operators: {{greet: {{priority: high}}}}\n"
    )
    ran = render(comb, "--unbuilt", "--explain", "deployment-greeting.yaml")
    assert (ran.code, ran.err) == (0, "")
    lines = {line.split(":")[0].strip(): line for line in ran.out.splitlines()}
    assert lines["kind"].endswith("  comb.yaml:6")
    number = (checkout / "comb.yaml").read_text().splitlines().index("    operators: {greet: {priority: high}}") + 1
    assert f"comb.yaml:{number}" in lines["priorityClassName"]
    assert "operators: {greet: {priority: high}}" in lines["priorityClassName"]
    rendered = render(comb, "--unbuilt", "-o", "out")
    assert rendered.code == 0
    written = (checkout / HERE / "deployment-greeting.yaml").read_text().splitlines()
    assert len(ran.out.splitlines()) == len(written)
    assert all(shown.startswith(line) for shown, line in zip(ran.out.splitlines(), written, strict=True))


def test_what_an_environment_changes_of_an_operators_resources_is_shown_there(
    comb: Comb, checkout: Path, platform: Path
) -> None:
    asked = COMB.replace("timeout: 80ms", "timeout: 80ms, resources: {cpu: 1, memory: 1Gi}")
    (checkout / "comb.yaml").write_text(
        f"{asked}environments:\n  staging:\n    operators: {{greet: {{resources: {{cpu: 500m}}}}}}\n"
    )
    ran = render(comb, "--unbuilt", "--explain", "deployment-greeting.yaml")
    lines = {line.split("  comb.yaml:")[0].strip(): line.split("  comb.yaml:")[-1] for line in ran.out.splitlines()}
    assert lines["cpu: 500m"].split()[0] == "12"
    assert lines["memory: 1Gi"].split()[0] == "6"


def test_causes_stand_beside_their_lines_on_a_narrow_terminal(checkout: Path, platform: Path, tmp_path: Path) -> None:
    where = ("--platform", "platform.yaml", "--environment", "staging", "--unbuilt")
    asked = ("render", ".", *where, "--explain", "service-greeting.yaml")
    shown = re.sub(r"\x1b\[[0-9;]*m", "", on_terminal(60, *asked, cwd=checkout, cache=tmp_path / "cache"))
    lines = [line for line in shown.split("\n") if line.strip()]
    assert [line for line in lines if len(line) > 60] == []
    assert any(line.endswith("…") for line in lines)
    assert all("comb.yaml:" in line or "platform.yaml:" in line for line in lines)


def test_a_file_to_explain_may_be_named_as_it_was_written(comb: Comb, checkout: Path, platform: Path) -> None:
    by_name = render(comb, "--unbuilt", "--explain", "service-greeting.yaml")
    by_path = render(comb, "--unbuilt", "--explain", f"{HERE}/service-greeting.yaml")
    assert (by_path.code, by_path.out) == (0, by_name.out)
    both = render(comb, "--unbuilt", "--explain", "service-greeting.yaml", environment="production")
    assert [line for line in both.out.splitlines() if line.startswith("#")] == [
        "# clusters/east/live/greeting/service-greeting.yaml",
        "# clusters/west/live/greeting/service-greeting.yaml",
    ]
    unknown = render(comb, "--unbuilt", "--explain", "servic-greeting.yaml")
    assert unknown.code == 2
    assert "did you mean `service-greeting.yaml`?" in unknown.err


def test_what_a_patch_changed_names_the_patch(comb: Comb, platform: Path) -> None:
    settle = ["why: Caches.", "target: {kind: Deployment}", "merge: {spec: {minReadySeconds: 9}}"]
    platform.write_text(PLATFORM + "\n    ".join(("patches:\n  settle:", *settle)) + "\n")
    ran = render(comb, "--unbuilt", "--explain", "deployment-greeting.yaml")
    line = next(line for line in ran.out.splitlines() if "minReadySeconds" in line)
    assert line.endswith("  platform.yaml:19      merge: {spec: {minReadySeconds: 9}}")


def test_a_platforms_objects_are_written_once_for_all(comb: Comb, checkout: Path, platform: Path) -> None:
    render(comb, "--unbuilt", "-o", "out")
    ran = comb("platform", "render", "--platform", "platform.yaml", "-o", "out")
    assert (ran.code, ran.out) == (0, "")
    west = checkout / "out/clusters/west"
    assert {one.name for one in (west / "_flux").iterdir()} == {
        "_platform.yaml",
        "_provider-releases.yaml",
        "_alert-releases.yaml",
        "greetings.greeting.yaml",
    }
    assert {one.name for one in (west / "_platform").iterdir()} == {
        "kustomization.yaml",
        "namespace-greetings.yaml",
        "namespace-live.yaml",
        "priorityclass-comb-high-1000.yaml",
    }
    again = comb("platform", "render", "--platform", "platform.yaml", "-o", "out")
    assert {line.split(", ")[-1] for line in again.err.splitlines()} == {"all unchanged"}


def test_what_a_platform_no_longer_has_goes_and_combs_files_stay(comb: Comb, checkout: Path, platform: Path) -> None:
    render(comb, "--unbuilt", "-o", "out")
    comb("platform", "render", "--platform", "platform.yaml", "-o", "out")
    text = PLATFORM.replace("priorities: {high: {value: 1000}}\n", "").replace("notifications: ", "# ")
    platform.write_text(text)
    ran = comb("platform", "render", "--platform", "platform.yaml", "-o", "out")
    assert ran.code == 0
    west = checkout / "out/clusters/west"
    assert {one.name for one in (west / "_flux").iterdir()} == {"_platform.yaml", "greetings.greeting.yaml"}
    assert not (west / "_platform/priorityclass-comb-high.yaml").exists()


def test_a_comb_given_as_platform_is_told(comb: Comb) -> None:
    ran = comb("platform", "render", "--platform", "comb.yaml", "-o", "out")
    assert ran.code == 2
    assert "declares a comb: name a platform" in ran.err


def test_a_warning_about_the_platform_does_not_keep_it_from_being_rendered(
    comb: Comb, checkout: Path, platform: Path
) -> None:
    useless = "{why: Pods stay., target: {kind: Job}, merge: {spec: {ttlSecondsAfterFinished: 9}}}"
    platform.write_text(f"{PLATFORM}patches: {{tidy: {useless}}}\n")
    ran = render(comb, "--unbuilt", "-o", "out")
    assert ran.code == 0
    assert "warning[COMB4302]" in ran.err
    assert (checkout / HERE / "release.json").exists()
