"""`comb publish` and its family as a user runs them."""

import json
import re
import shutil
from pathlib import Path

import pytest

from comb_compiler.publish.evidence import PREDICATE, STATEMENT, sealed
from comb_compiler.release.release import parse_release
from tests.cli.conftest import COMB, Comb, Ran
from tests.cli.test_render import IMAGE, PLATFORM, images, platform
from tests.publish.environment import Remote, git, keypair, remote_at

__all__ = ["images", "platform"]

HERE = "clusters/west/greetings/greeting"
PATH = "/usr/bin:/bin"


@pytest.fixture
def remote(tmp_path_factory: pytest.TempPathFactory) -> Remote:
    """An empty environment repository, beside nothing."""
    return remote_at(tmp_path_factory.mktemp("remote") / "environment.git")


@pytest.fixture
def source(checkout: Path, platform: Path, remote: Remote) -> Path:
    """The checkout as a git repository whose platform names the environment repository."""
    shutil.rmtree(checkout / ".git")
    platform.write_text(PLATFORM.replace("https://git.acme.example/environments.git", remote.url))
    git(checkout, "init", "-q")
    git(checkout, "remote", "add", "origin", "https://git.acme.example/combs.git")
    save(checkout)
    return checkout


def save(checkout: Path) -> str:
    git(checkout, "add", ".")
    git(checkout, "commit", "-qm", "change")
    return git(checkout, "rev-parse", "HEAD")


def edit(checkout: Path, old: str, new: str) -> None:
    file = checkout / "comb.yaml"
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new))


def publish(comb: Comb, *more: str, images: tuple[str, ...] = ("--unbuilt",)) -> Ran:
    return comb("publish", ".", "--platform", "platform.yaml", "--environment", "staging", *images, *more)


def asked(comb: Comb, command: str, *more: str, of: str = "greeting") -> Ran:
    return comb(command, of, "--platform", "platform.yaml", "--environment", "staging", *more)


def test_a_comb_is_published_changed_rolled_back_and_retired(comb: Comb, source: Path, remote: Remote) -> None:
    first = publish(comb)
    assert (first.code, first.err) == (0, "")
    assert re.fullmatch(r"published as [0-9a-f]{12}\n", first.out)
    assert "so no commit" in publish(comb).out
    edit(source, "timeout: 80ms", "timeout: 90ms")
    commit = save(source)
    assert publish(comb).code == 0
    assert f"Comb-Source-Commit: {commit}\n" in git(remote.directory, "log", "-1", "--format=%B", "main") + "\n"
    assert asked(comb, "verify", of=".").out == "comb.yaml: as published\n"
    lines = asked(comb, "history").out.splitlines()
    assert [line[:12] for line in lines] == [one[:12] for one in remote.commits()]
    assert asked(comb, "rollback", "--to", first.out.split()[-1]).code == 0
    deployment = remote.content(f"{HERE}/deployment-greeting.yaml")
    assert deployment == remote.content(f"{HERE}/deployment-greeting.yaml", remote.commits()[2])
    assert asked(comb, "verify", of=".").code == 0
    refused = asked(comb, "retire")
    assert refused.code == 1
    assert asked(comb, "retire", "--allow-prune", refused.err.split()[-1]).code == 0
    assert remote.files() == {}
    records = json.loads(asked(comb, "history", "--format", "json").out)["records"]
    assert [bool(one["retired"]) for one in records] == [True, False, False, False]
    assert publish(comb).code == 0


def test_what_was_changed_by_hand_is_not_as_published(comb: Comb, source: Path, remote: Remote) -> None:
    publish(comb)
    remote.commit({f"{HERE}/deployment-greeting.yaml": ("100644", "replicas: 100\n")})
    ran = asked(comb, "verify", of=".")
    assert ran.code == 1
    assert ran.out == (
        f"comb.yaml: not what was published\n  {HERE}/deployment-greeting.yaml is not what release.json says\n"
    )


def test_what_its_source_does_not_render_is_not_as_published(comb: Comb, source: Path, remote: Remote) -> None:
    edit(source, "timeout: 80ms", "timeout: 90ms")
    publish(comb)  # the working tree, which no commit holds
    ran = asked(comb, "verify", of=".")
    assert ran.code == 1
    assert "names no source commit that holds all of it" in ran.out
    assert asked(comb, "verify", "--no-rebuild", of=".").code == 0


def test_what_is_wrong_with_the_comb_is_told_and_nothing_happens(comb: Comb, source: Path, remote: Remote) -> None:
    edit(source, "greet(name=$request.name)", "great(name=$request.name)")
    ran = publish(comb)
    assert ran.code == 1
    assert "COMB" in ran.err
    assert git(remote.directory, "for-each-ref") == ""


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--allow-prune", "-1"), "--allow-prune"),
        (("--allow-prune", "many"), "a number of objects"),
        (("--trusted", "HEAD"), "40 hexadecimal digits"),
        (("--sign", "nowhere"), "there is no such file"),
        (("--author", "me"), "'NAME <MAIL>'"),
        (("--evidence", "nowhere"), "names no trusted publishers"),
    ],
)
def test_options_that_make_no_sense_are_usage(comb: Comb, source: Path, arguments: tuple[str, str], words: str) -> None:
    ran = publish(comb, *arguments)
    assert ran.code == 2
    assert words in ran.err


@pytest.mark.parametrize("name", ["-x", "../x", "A", "a b"])
def test_a_name_that_no_comb_has_is_usage(comb: Comb, source: Path, name: str) -> None:
    assert asked(comb, "history", of=name).code == 2


def test_a_repository_that_cannot_be_reached_is_outside(comb: Comb, source: Path) -> None:
    ran = publish(comb, "--repository", "file:///nowhere/at/all.git")
    assert ran.code == 4
    assert "cannot be fetched" in ran.err
    assert publish(comb, "--repository", "https://me:hunter2@git.acme.example/x").code == 1
    assert "hunter2" not in publish(comb, "--repository", "https://me:hunter2@git.acme.example/x").err


@pytest.fixture
def strict(source: Path, platform: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a trusted publisher's key, of a platform that wants evidence."""
    key, public = keypair(tmp_path_factory.mktemp("keys"), "ci")
    text = platform.read_text().replace(
        "staging: {clusters: [west], namespace: greetings}",
        "staging: {clusters: [west], namespace: greetings, evidence: true}",
    )
    trusted = f', publishers: {{ci: {{key: "{public}"}}}}}}'
    text = re.sub(r'(environmentRepository: \{url: "[^"]*")\}', lambda found: found[1] + trusted, text)
    platform.write_text(text)
    save(source)
    return key


def test_evidence_is_asked_for_and_must_be_about_what_is_published(
    comb: Comb, source: Path, remote: Remote, strict: Path, images: Path
) -> None:
    built = ("--images", "images.json")
    assert "give the key that signs" in publish(comb, images=built).err
    signed = ("--sign", str(strict))
    unbuilt = publish(comb, *signed)
    assert (unbuilt.code, "nothing proves images" in unbuilt.err) == (1, True)
    without = publish(comb, *signed, images=built)
    assert (without.code, "--evidence FILE" in without.err) == (1, True)
    comb("render", ".", "--platform", "platform.yaml", "--environment", "staging", *built, "-o", "../out", cwd=source)
    release = parse_release((source.parent / "out" / HERE / "release.json").read_bytes())
    assert release.images["greeting"] == {"cpu": IMAGE}
    predicate = {
        "repository": "git.acme.example/combs",
        "expires": "2999-01-01T00:00:00Z",
        "isolation": "local",
        "verdict": "passed",
    }
    subject = [{"name": "greeting", "digest": {"sha256": release.subject}}]
    statement = {"_type": STATEMENT, "subject": subject, "predicateType": PREDICATE, "predicate": predicate}
    evidence = source.parent / "evidence.json"
    evidence.write_bytes(sealed(statement, "ci", strict, PATH))
    ran = publish(comb, *signed, "--evidence", str(evidence), images=built)
    assert (ran.code, ran.err) == (0, "")
    assert "Comb-Evidence: " in git(remote.directory, "log", "-1", "--format=%B", "main")
    (source / "operators.py").write_text("changed = True\n")
    ran = publish(comb, *signed, "--evidence", str(evidence), images=built)
    assert (ran.code, "about another subject" in ran.err) == (1, True)


def test_many_combs_are_one_commit(comb: Comb, source: Path, remote: Remote) -> None:
    for name in ("other", "third"):
        (source / name).mkdir()
        (source / name / "comb.yaml").write_text(COMB.replace("name: greeting, team", f"name: {name}, team"))
        shutil.copy(source / "greeting.proto", source / name)
    assert publish(comb).code == 0
    assert len(remote.commits()) == 1
    assert {path.split("/")[3] for path in remote.files() if "/greetings/" in path} == {"greeting", "other", "third"}
