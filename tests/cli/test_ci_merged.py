"""`comb ci merged` after a merge: repositories of git, a key, and the environment repository that Flux reads."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.cli.test_ci import ci, edit, git, origin, run
from tests.cli.test_gate import RIGHT, sample
from tests.publish.environment import Remote, keypair, remote_at

__all__ = ["origin"]

HOME = "clusters/east/live/greeting"
OTHER = "clusters/east/live/farewell"
ARMS = (
    "experiment: {key: header/x-user, arms: {control: {weight: 90}, "
    'loud: {weight: 10, set: {operators: {greet: {model: "tone@2"}}}}}}\n'
)


class Team(NamedTuple):
    """A clone on its main branch, what its platform publishes to, and the key of who may."""

    repository: Path
    remote: Remote
    key: Path

    def merge(self, *more: str, code: int | None = 0) -> "subprocess.CompletedProcess[bytes]":
        """The first step: gates, as they are needed."""
        return self._run(*more, code=code)

    def publish(self, *more: str, code: int | None = 0) -> "subprocess.CompletedProcess[bytes]":
        """The second step: to sign and publish."""
        return self._run("--key", str(self.key), "--as", "ci", "--images", "../images.json", *more, code=code)

    def _run(self, *more: str, code: int | None) -> "subprocess.CompletedProcess[bytes]":
        asked = ("--platform", "platform.yaml", "--environment", "production", "-o", "../evidence.json", *more)
        return run(self.repository, "ci", "merged", "../out", *asked, code=code)

    def commit(self, title: str) -> None:
        """What is edited, merged into the main branch."""
        git(self.repository, "add", "-A")
        git(self.repository, "commit", "-q", "-m", title)


def team(origin: Path, directory: Path, *, evidence: bool) -> Team:
    """The repository of two combs, on a platform with a trusted publisher, or one that trusts who may push."""
    git(directory, "clone", "-q", str(origin), "clone")
    repository, remote = directory / "clone", remote_at(directory / "environments.git")
    git(repository, "remote", "set-url", "origin", "https://git.acme.example/combs.git")
    key, public = keypair(directory, "ci")
    file = repository / "platform.yaml"
    text = file.read_text("utf-8").replace("https://git.acme.example/environments.git", remote.url)
    if evidence:
        text = text.replace("namespace: live}", "namespace: live, evidence: true}")
        known = f'"{remote.url}", publishers: {{ci: {{key: "{public}"}}}}}}'
        text = text.replace(f'"{remote.url}"}}', known)
    file.write_text(text, "utf-8")
    one = f"registry.acme.example/combs/greeting@sha256:{'1' * 64}"
    images = {"images": {"greeting": {"cpu": one}, "farewell": {"cpu": one.replace("greeting", "farewell")}}}
    (directory / "images.json").write_text(json.dumps(images), "utf-8")
    edit(repository / "hello/operators.py", RIGHT, f'{RIGHT} + ""')
    made = Team(repository, remote, key)
    made.commit("the platform, and a comb that is no first release")
    git(repository, "config", "user.name", "Ada")
    git(repository, "config", "user.email", "ada@example.com")
    return made


@pytest.fixture
def strict(origin: Path, tmp_path: Path) -> Team:
    """One whose production asks for evidence."""
    return team(origin, tmp_path, evidence=True)


@pytest.fixture
def lax(origin: Path, tmp_path: Path) -> Team:
    """One whose production asks for none."""
    return team(origin, tmp_path, evidence=False)


def said(done: "subprocess.CompletedProcess[bytes]") -> str:
    return done.stdout.decode() + done.stderr.decode()


def key_of(directory: Path, name: str) -> str:
    directory.mkdir()
    return str(keypair(directory, name)[0])


def propose(repository: Path) -> None:
    """A pull request that passes, on the branch `change`; main is checked out after it."""
    git(repository, "checkout", "-q", "-b", "change")
    edit(repository / "hello/comb.yaml", "model: tone@1", "model: tone@2")
    assert ci(repository, "--base", "main", "--environment", "production").code == 0
    git(repository, "checkout", "-q", "main")


def test_a_path_that_is_not_there_is_no_merge_that_touches_no_comb(strict: Team) -> None:
    done = run(strict.repository, "ci", "merged", "../out", "hello", "helo", "--platform", "platform.yaml", code=1)
    assert "`helo` does not exist" in said(done)
    assert "touches no comb" not in said(done)


def test_what_a_pull_request_proved_is_signed_and_published_once(strict: Team) -> None:
    repository = strict.repository
    propose(repository)
    git(repository, "merge", "-q", "--no-ff", "change")
    proven = said(strict.merge())
    assert "greeting: proven as it was merged" in proven
    assert "run again" not in proven
    stranger = strict._replace(key=Path(key_of(repository.parent / "stranger", "stranger")))
    assert "no trusted publisher signed it" in said(stranger.publish(code=1))
    assert git(strict.remote.directory, "for-each-ref") == ""
    done = said(strict.publish())
    assert "signed by ci for greeting" in done
    assert re.search(r"published as [0-9a-f]{12}\n", done)
    assert f"{HOME}/release.json" in strict.remote.files()
    log = git(strict.remote.directory, "log", "--format=%B", "main")
    assert "Publish greeting to production" in log
    assert "Comb-Evidence: " in log
    assert "so no commit" in said(strict.publish())
    assert len(strict.remote.commits()) == 1


def test_what_earlier_merges_left_is_made_good_once_all_is_asked_for(lax: Team) -> None:
    """Two merges that nobody published, one of each comb, and a third of words alone."""
    repository, remote = lax.repository, lax.remote
    edit(repository / "hello/comb.yaml", "model: tone@1", "model: tone@2")
    lax.commit("a model")
    edit(repository / "other/comb.yaml", "timeout: 80ms", "timeout: 80ms, scale: {min: 2}")
    lax.commit("more instances")
    (repository / "README.md").write_text("# Our combs\n", "utf-8")
    lax.commit("words")
    assert "touches no comb" in said(lax.merge())
    assert "touches no comb" in said(lax.publish())
    assert git(remote.directory, "for-each-ref") == ""
    proven = said(lax.merge("--all"))
    assert "gate replay error: passed" in proven, "it is held against what there was before the model"
    assert "farewell: comb.yaml asks for no gate" in proven
    assert "published as" in said(lax.publish("--all"))
    assert {f"{HOME}/release.json", f"{OTHER}/release.json"} <= set(remote.files())
    assert "so no commit" in said(lax.publish("--all"))
    assert len(remote.commits()) == 1


def test_what_no_longer_holds_is_proven_again_before_it_is_published(strict: Team) -> None:
    """Main went on under a pull request: its exam is another."""
    repository = strict.repository
    propose(repository)
    sample(repository / "hello/samples/standard/alan", "Alan", "Hello Alan")
    strict.commit("more is asked")
    git(repository, "merge", "-q", "--no-ff", "-m", "merged", "change")
    refused = said(strict.publish(code=3))
    assert "greeting: its gates have to run again: what it is asked, or by which rules, has changed since" in refused
    assert not (repository.parent / "evidence.json").exists()
    assert git(strict.remote.directory, "for-each-ref") == ""
    again = said(strict.merge("--builder", "https://ci.example/2"))
    assert "greeting: its gates run again" in again
    assert "gate availability: passed" in again
    assert "published as" in said(strict.publish())


def test_a_merge_that_answers_wrong_is_neither_signed_nor_published(strict: Team) -> None:
    edit(strict.repository / "hello/operators.py", RIGHT, '"Good bye " + text')
    strict.commit("worse")
    assert "gate availability: blocked" in said(strict.merge(code=3))
    assert "did not pass" in said(strict.publish(code=3))
    assert git(strict.remote.directory, "for-each-ref") == ""


def test_an_arm_alone_is_proven_signed_and_published(strict: Team) -> None:
    with (strict.repository / "hello/comb.yaml").open("a") as file:
        file.write(ARMS)
    strict.commit("an experiment")
    proven = said(strict.merge())
    assert "greeting/loud: gate availability of loud: passed" in proven
    assert "greeting: gate availability: passed" in proven, "its own evidence is not kept anywhere"
    done = said(strict.publish())
    assert "signed by ci for greeting, greeting/control, greeting/loud" in done
    assert "published as" in done


def test_combs_of_one_merge_are_one_commit_whoever_is_faster(lax: Team) -> None:
    """A commit that lands between fetch and push is built upon."""
    repository, remote = lax.repository, lax.remote
    done = said(lax._run("--key", str(lax.key), "--as", "ci", "--unbuilt", "other", "--base", "0" * 40, code=0))
    assert "published as" in done
    (repository / "hello/comb.yaml").write_text(
        (repository / "hello/comb.yaml").read_text("utf-8").replace("timeout: 30s", "timeout: 30s, scale: {min: 2}")
    )
    edit(repository / "other/comb.yaml", "timeout: 80ms", "timeout: 80ms, scale: {min: 2}")
    lax.commit("two combs")
    proven = said(lax.merge())
    assert "greeting: proven as it was merged" in proven
    assert "farewell: comb.yaml asks for no gate" in proven
    unreachable = lax.publish("--repository", "file:///nowhere/at/all.git", code=4)
    assert "cannot be fetched" in said(unreachable)
    assert len(remote.commits()) == 1
    theirs = remote.commit({"README.md": ("100644", "theirs")}, branch="theirs")
    hook = remote.directory / "hooks/pre-receive"
    hook.parent.mkdir(exist_ok=True)
    faster = "test -e faster && exit 0; touch faster; unset GIT_QUARANTINE_PATH"
    hook.write_text(f"#!/bin/sh\n{faster}; git update-ref refs/heads/main {theirs}\n", "utf-8")
    hook.chmod(0o755)
    assert "published as" in said(lax.publish())
    assert (remote.directory / "faster").exists()
    assert len(remote.commits()) == 3
    changed = git(remote.directory, "show", "--name-only", "--format=", "main").split()
    assert {HOME, OTHER} == {path.rpartition("/")[0] for path in changed if path.endswith("/release.json")}
    assert "README.md" in remote.files()


def test_a_comb_that_is_gone_is_told_and_stays(lax: Team) -> None:
    shutil.rmtree(lax.repository / "other")
    lax.commit("one comb less")
    done = said(lax.publish())
    assert "farewell: its comb.yaml is gone, and it runs on: comb retire farewell takes it out" in done
    assert "what was merged touches no comb" in done
    assert git(lax.remote.directory, "for-each-ref") == ""


def test_what_is_no_statement_of_this_merge_is_not_signed(strict: Team) -> None:
    edit(strict.repository / "hello/comb.yaml", "model: tone@1", "model: tone@2")
    strict.commit("another model")
    place = strict.repository.parent / "out/gates/greeting"
    place.mkdir(parents=True)
    file = place / "statement.json"
    for content, why in (
        (b"", "it is no JSON"),
        (b"{}", "no statement of what gates found"),
        (b"[" * 80 + b"]" * 80, "nested more than 64 deep"),
        (json.dumps({"_type": "x\x1b[2J", "predicate": []}).encode(), "no statement"),
    ):
        file.write_bytes(content)
        assert why in said(strict.publish(code=3))
    file.unlink()
    file.symlink_to(strict.key)
    done = said(strict.publish(code=3))
    assert "a link leads there" in done
    assert "PRIVATE KEY" not in done


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (["--as", "ci"], "nothing is signed without a key"),
        (["--key", "key"], "whose is the key?"),
        (["--key", "nowhere", "--as", "ci"], "there is no such file"),
        (["--environment", "production"], "name it with --platform"),
        (["--target", "container"], "give both or neither"),
        (["--platform", "platform.yaml", "--environment", "production", "--key", "key", "--as", "ci"], "which images"),
        (["--platform", "platform.yaml", "--environment", "prodcution"], "did you mean"),
        (["--base", "nowhere"], "no revision of this repository"),
        (["--base", ""], "--base is empty"),
    ],
)
def test_what_makes_no_sense_is_told(origin: Path, tmp_path: Path, options: list[str], why: str) -> None:
    git(tmp_path, "clone", "-q", str(origin), "clone")
    (tmp_path / "clone/key").write_text("a key", "utf-8")
    assert why in run(tmp_path / "clone", "ci", "merged", "out", *options, code=2).stderr.decode()
