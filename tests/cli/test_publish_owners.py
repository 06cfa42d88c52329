"""Whose a comb's directory in the environment repository is."""

import json
import shutil
from pathlib import Path

from tests.cli.conftest import Comb, Ran
from tests.cli.test_publish import HERE, asked, edit, platform, publish, remote, save, source
from tests.publish.environment import Remote, git

__all__ = ["platform", "remote", "source"]


def published(comb: Comb, directory: str, *more: str) -> Ran:
    where = ("--platform", "platform.yaml", "--environment", "staging", "--unbuilt")
    return comb("publish", directory, *where, *more)


def as_cloned_from(source: Path, url: str) -> None:
    git(source, "remote", "set-url", "origin", url)


def test_a_comb_of_another_repository_is_replaced_only_by_who_takes_it_over(
    comb: Comb, source: Path, remote: Remote
) -> None:
    first = publish(comb)
    assert json.loads(remote.content(f"{HERE}/release.json"))["source"] == "git.acme.example/combs//"
    as_cloned_from(source, "ssh://git@git.acme.example:2222/combs.git")
    assert "so no commit" in publish(comb).out  # another way to the same
    as_cloned_from(source, "https://git.acme.example/other/combs.git")
    before = remote.commits()
    edit(source, "timeout: 80ms", "timeout: 90ms")
    save(source)
    refused = publish(comb)
    assert (refused.code, remote.commits()) == (1, before)
    assert f"`{HERE}` was published from `git.acme.example/combs//`" in refused.err
    assert "this is `git.acme.example/other/combs//`" in refused.err
    git(source, "remote", "remove", "origin")
    assert "git names no remote `origin` here" in publish(comb).err
    git(source, "remote", "add", "origin", "https://git.acme.example/other/combs.git")
    assert publish(comb, "--take-over", "the team has moved").code == 0
    said = git(remote.directory, "log", "-1", "--format=%B", "main")
    assert f"Comb-Taken-Over: {HERE} from git.acme.example/combs//: the team has moved" in said
    assert "Comb-Source-Repository: git.acme.example/other/combs" in said
    assert asked(comb, "verify", of=".").out == "comb.yaml: as published\n"
    assert asked(comb, "history").out.splitlines()[0].endswith(" of git.acme.example/other/combs")
    assert asked(comb, "rollback", "--to", first.out.split()[-1]).code == 0  # what ran then, and still theirs
    deployment = f"{HERE}/deployment-greeting.yaml"
    assert remote.content(deployment) == remote.content(deployment, "main~2")
    assert remote.content(deployment) != remote.content(deployment, "main~1")
    assert publish(comb).code == 0
    assert "Comb-Taken-Over" not in git(remote.directory, "log", "-1", "--format=%B", "main")
    as_cloned_from(source, "https://git.acme.example/combs.git")
    assert publish(comb).code == 1


def test_a_comb_of_another_directory_is_replaced_only_by_who_takes_it_over(
    comb: Comb, source: Path, remote: Remote
) -> None:
    for name in ("one", "two"):
        (source / name).mkdir()
        for file in ("comb.yaml", "greeting.proto"):
            shutil.copy(source / file, source / name)
    (source / "comb.yaml").unlink()
    save(source)
    assert published(comb, "one").code == 0
    assert json.loads(remote.content(f"{HERE}/release.json"))["source"] == "git.acme.example/combs//one"
    before = remote.commits()
    refused = published(comb, "two")
    assert (refused.code, remote.commits()) == (1, before)
    assert f"`{HERE}` was published from `git.acme.example/combs//one`" in refused.err
    assert "this is `git.acme.example/combs//two`" in refused.err
    taken = published(comb, "two", "--take-over", "its directory has another name")
    assert taken.code == 0
    said = git(remote.directory, "log", "-1", "--format=%B", "main")
    assert f"Comb-Taken-Over: {HERE} from git.acme.example/combs//one: its directory has another name" in said
    assert published(comb, "one").code == 1


def test_what_was_published_before_directories_were_told_apart_is_replaced_from_any(
    comb: Comb, source: Path, remote: Remote
) -> None:
    assert publish(comb).code == 0
    kept = remote.content(f"{HERE}/release.json")
    remote.commit({f"{HERE}/release.json": ("100644", kept.replace("/combs//", "/combs") + "\n")})
    assert publish(comb).code == 0
    assert json.loads(remote.content(f"{HERE}/release.json"))["source"] == "git.acme.example/combs//"
    assert "Comb-Taken-Over" not in git(remote.directory, "log", "-1", "--format=%B", "main")
