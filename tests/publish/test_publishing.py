"""One publication is one commit, which holds what was rendered and touches nothing else."""

from pathlib import Path

import pytest

from comb_compiler.compiler.carrying import carry
from comb_compiler.publish import Refused, open_mirror, publish, retire, roll_back
from comb_compiler.release.release import parse_release
from tests.publish.environment import Remote, Writer, git, remote_at, wanted

HERE = "clusters/east/apps/ocr"
FLUX = "clusters/east/_flux/apps.ocr.yaml"


def test_several_combs_are_one_commit_and_the_same_again_is_none(remote: Remote, writer: Writer) -> None:
    ocr, nsfw = wanted(), wanted("nsfw")
    done = writer.publish(ocr, nsfw)
    assert done.changed
    assert remote.commits() == [done.commit]
    paths = {f"{one.place.directory}/{name}" for one in (ocr, nsfw) for name in one.files}
    assert set(remote.files()) == {*paths, FLUX, "clusters/east/_flux/apps.nsfw.yaml"}
    assert {entry.split()[0] for entry in remote.files().values()} == {"100644"}
    assert writer.publish(ocr, nsfw)[:2] == (done.commit, False)
    assert remote.commits() == [done.commit]


def test_the_commit_says_what_it_is_and_whose(remote: Remote, writer: Writer) -> None:
    ocr = wanted()
    writer.publish(ocr)
    said = git(remote.directory, "log", "-1", "--format=%an <%ae>|%cn|%B", "main")
    release = parse_release(ocr.files["release.json"])
    assert said.startswith("Ann <ann@example.com>|Ann|Publish to production\n\nComb-Compiler: 1\n")
    assert f"Comb-Release: {HERE} {release.digest}\n" in said
    assert f"Comb-Subject: ocr {release.subject}" in said


@pytest.mark.parametrize("partial", [True, False])
def test_nothing_else_is_touched(tmp_path: Path, partial: bool) -> None:
    remote = remote_at(tmp_path / "other.git", partial=partial)
    writer = Writer(remote, tmp_path / "cache")
    writer.publish(wanted())
    others = {"clusters/east/apps/mine.txt": ("100644", "x"), "bin/run": ("100755", "y"), "a link": ("120000", "bin")}
    remote.commit(others)
    before = remote.files()
    writer.publish(wanted(text="two"))
    after = remote.files()
    changed = {path for path in {*before, *after} if before.get(path) != after.get(path)}
    assert changed == {f"{HERE}/deployment-ocr.yaml", f"{HERE}/release.json"}


def test_plans_of_earlier_releases_are_carried_and_at_last_dropped(remote: Remote, writer: Writer) -> None:
    names = []
    for plan in "abcd":
        one = wanted(text=plan, plan=plan)
        names += [name for name in one.files if "-plan-" in name]
        writer.publish(one)
    release = parse_release(remote.content(f"{HERE}/release.json").encode())
    assert release.carried == (names[2], names[1])
    listed = remote.content(f"{HERE}/kustomization.yaml")
    assert [name in listed for name in names] == [False, True, True, True]
    assert set(remote.files()) == {*(f"{HERE}/{name}" for name in release.files), f"{HERE}/release.json", FLUX}
    assert not writer.publish(wanted(text="d", plan="d")).changed


def test_objects_go_only_within_the_budget(remote: Remote, writer: Writer) -> None:
    writer.publish(wanted(more={"service-ocr.yaml": b"a: 1\n", "role.yaml": b"b: 2\n"}))
    before = remote.commits()
    with pytest.raises(Refused, match=r"2 objects would be removed, and 1 may be(.|\n)*--allow-prune 2"):
        writer.publish(wanted(), budget=1)
    assert remote.commits() == before
    writer.publish(wanted(), budget=2)
    assert f"{HERE}/role.yaml" not in remote.files()


def test_a_rollback_rolls_forward_to_what_was_there(remote: Remote, writer: Writer) -> None:
    first = writer.publish(wanted(text="good", plan="a"))
    writer.publish(wanted("nsfw"))
    writer.publish(wanted(text="bad", plan="b"))
    with open_mirror(writer.reach()) as mirror:
        done = roll_back(mirror, [wanted().place], first.commit, writer.terms(), carry)
    assert remote.commits()[0] == done.commit
    assert len(remote.commits()) == 4
    assert remote.content(f"{HERE}/deployment-ocr.yaml") == "text: good"
    assert len(parse_release(remote.content(f"{HERE}/release.json").encode()).carried) == 1
    assert "clusters/east/apps/nsfw/release.json" in remote.files()


def test_retiring_is_what_empties_a_directory(remote: Remote, writer: Writer) -> None:
    writer.publish(wanted(), wanted("nsfw"))
    with open_mirror(writer.reach()) as mirror:
        with pytest.raises(Refused, match="--allow-prune 1"):
            retire(mirror, [wanted().place], "production", writer.terms())
        retire(mirror, [wanted().place], "production", writer.terms(budget=1))
        with pytest.raises(Refused, match="not published"):
            retire(mirror, [wanted().place], "production", writer.terms(budget=1))
    assert {path.split("/")[3] for path in remote.files()} == {"nsfw", "apps.nsfw.yaml"}
    assert writer.publish(wanted()).changed


def test_who_publishes_a_place_that_is_nobodys_has_it_from_then_on(remote: Remote, writer: Writer) -> None:
    first = writer.publish(wanted(text="good"))  # as it was before releases said whose they are
    ours, theirs = wanted(text="bad", source="git.example/combs"), wanted(source="git.example/others")
    with open_mirror(writer.reach()) as mirror:
        terms = writer.terms()._replace(from_source=True)
        publish(mirror, [ours], terms, carry)
        with pytest.raises(Refused, match=r"published from `git.example/combs`, and this is `git.example/others`"):
            publish(mirror, [theirs], terms, carry)
        roll_back(mirror, [ours.place], first.commit, writer.terms(), carry)
        assert remote.content(f"{HERE}/deployment-ocr.yaml") == "text: good"
        with pytest.raises(Refused, match="--take-over"):
            publish(mirror, [theirs], terms, carry)
        retire(mirror, [ours.place], "production", writer.terms(budget=1))
        assert publish(mirror, [theirs], terms, carry).changed


def test_a_release_of_another_environment_is_not_replaced(remote: Remote, writer: Writer) -> None:
    one = wanted()
    writer.publish(one)
    release = one.files["release.json"].replace(b'"production"', b'"staging"')
    with pytest.raises(Refused, match="belongs to `production`, and this is for `staging`"):
        writer.publish(one._replace(files={**one.files, "release.json": release}))
