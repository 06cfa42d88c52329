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
    text = PLATFORM.replace("https://git.acme.example/environments.git", remote.url)
    platform.write_text(text)
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
    assert all(re.match(r"\w{12}  [\d-]{10} [\d:]{8}Z  Publish greeting ", line) for line in lines)
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


def test_what_cannot_be_rendered_again_says_why(comb: Comb, source: Path, platform: Path) -> None:
    shutil.copy(platform, source / "new.yaml")  # which no commit holds
    command = (".", "--platform", "new.yaml", "--environment", "staging")
    assert comb("publish", *command, "--unbuilt").code == 0
    ran = comb("verify", *command)
    assert ran.code == 1
    assert "it is not rendered: " in ran.out
    assert "new.yaml" in ran.out


def test_a_source_that_the_checkout_is_without_is_told_and_the_rest_is_verified(comb: Comb, source: Path) -> None:
    (source / "other").mkdir()
    (source / "other" / "comb.yaml").write_text(COMB.replace("name: greeting, team", "name: other, team"))
    shutil.copy(source / "greeting.proto", source / "other")
    published = save(source)
    assert publish(comb).code == 0
    (source / ".git").rename(source.parent / "complete")  # as if it was cloned with --depth 1
    git(source, "init", "-q")
    save(source)
    ran = asked(comb, "verify", of=".")
    assert ran.code == 1
    assert ran.out.count(f"here is no commit {published[:12]} of `git.acme.example/combs`") == 2


def test_what_is_not_there_is_not_verified(comb: Comb, source: Path) -> None:
    assert publish(comb).code == 0
    ran = comb("verify", ".", "greeting", "--platform", "platform.yaml", "--environment", "staging")
    assert (ran.code, ran.out) == (1, "comb.yaml: as published\n")
    assert "`greeting` does not exist" in ran.err
    assert "give the path of a `comb.yaml`, or of a directory with one or with many, not a comb's name" in ran.err


def test_where_nothing_is_to_be_verified_no_repository_is_asked(comb: Comb, source: Path) -> None:
    gone = ("--repository", (source / "gone").as_uri())
    ran = comb("verify", "greeting", "--platform", "platform.yaml", "--environment", "staging", *gone)
    assert (ran.code, ran.out, "fetched" in ran.err) == (1, "", False), ran.err


def test_links_and_attributes_of_its_source_do_not_keep_a_comb_from_being_rendered_again(
    comb: Comb, source: Path
) -> None:
    (source / "absolute").symlink_to("/etc/hostname")
    (source / "outside").symlink_to("../../elsewhere")
    (source / ".gitattributes").write_text("comb.yaml export-ignore\ngreeting.proto export-ignore\n")
    save(source)
    assert publish(comb).code == 0
    edit(source, "timeout: 80ms", "timeout: 90ms")
    assert asked(comb, "verify", of=".").out == "comb.yaml: as published\n"
    assert git(source, "status", "--porcelain") == "M comb.yaml"


def test_what_nothing_proves_is_told_where_evidence_is_asked_for(comb: Comb, source: Path, platform: Path) -> None:
    publish(comb)
    text = platform.read_text()
    platform.write_text(re.sub(r"(staging: \{clusters: \[west\], namespace: \w+)\}", r"\1, evidence: true}", text))
    ran = asked(comb, "verify", "--no-rebuild", of=".")
    assert (ran.code, "it names no evidence" in ran.out) == (1, True)


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
        (("--repository", ""), "an address is wanted"),
        (("--author", "me"), "'NAME <MAIL>'"),
        (("--evidence", "nowhere"), "no such file"),
        (("--evidence", "comb.yaml"), "names no trusted publishers"),
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
    text = re.sub(r"(staging: \{clusters: \[west\], namespace: \w+)\}", r"\1, evidence: true}", platform.read_text())
    trusted = f', publishers: {{ci: {{key: "{public}"}}}}}}'
    text = re.sub(r'(environmentRepository: \{url: "[^"]*")\}', lambda found: found[1] + trusted, text)
    platform.write_text(text)
    save(source)
    return key


def evidence_of(source: Path, key: Path, subject: str, **more: object) -> Path:
    """A file of evidence that counts for a subject."""
    predicate = {
        "repository": "git.acme.example/combs",
        "builder": "https://ci.acme.example/17",
        "expires": "2999-01-01T00:00:00Z",
        "isolation": "local",
        "verdict": "passed",
        **more,
    }
    subjects = [{"name": "greeting", "digest": {"sha256": subject}}]
    statement = {"_type": STATEMENT, "subject": subjects, "predicateType": PREDICATE, "predicate": predicate}
    file = source.parent / f"evidence-{len(list(source.parent.glob('evidence*')))}.json"
    file.write_bytes(sealed(statement, "ci", key, PATH))
    return file


def test_evidence_is_asked_for_and_must_be_about_what_is_published(
    comb: Comb, source: Path, remote: Remote, strict: Path, images: Path
) -> None:
    built = ("--images", "images.json")
    signed = ("--sign", str(strict))
    unbuilt = publish(comb, *signed)
    assert (unbuilt.code, "COMB4403" in unbuilt.err) == (1, True)
    without = publish(comb, *signed, images=built)
    assert (without.code, "COMB4401" in without.err, "platform.yaml:" in without.err) == (1, True, True)
    comb("render", ".", "--platform", "platform.yaml", "--environment", "staging", *built, "-o", "../out", cwd=source)
    release = parse_release((source.parent / "out" / HERE / "release.json").read_bytes())
    assert release.images["greeting"] == {"cpu": IMAGE}
    proof = ("--evidence", str(evidence_of(source, strict, release.subject)))
    assert "give the key that signs" in publish(comb, *proof, images=built).err
    ran = publish(comb, *signed, *proof, images=built)
    assert (ran.code, ran.err) == (0, "")
    assert "Comb-Evidence: " in git(remote.directory, "log", "-1", "--format=%B", "main")
    (source / "operators.py").write_text("changed = True\n")
    ran = publish(comb, *signed, *proof, images=built)
    assert (ran.code, "COMB4402" in ran.err, "about another subject" in ran.err) == (1, True, True)


def test_what_is_published_is_not_replaced_by_what_was_proven_as_a_new_comb(
    comb: Comb, source: Path, remote: Remote, strict: Path, images: Path
) -> None:
    def subject() -> str:
        comb("render", ".", "--platform", "platform.yaml", "--environment", "staging", *built, "-o", "../out")
        return parse_release((source.parent / "out" / HERE / "release.json").read_bytes()).subject

    def published(**more: object) -> Ran:
        proof = ("--evidence", str(evidence_of(source, strict, subject(), **more)))
        return publish(comb, "--sign", str(strict), *proof, images=built)

    built = ("--images", "images.json")
    assert published(new=["greeting"]).code == 0, "the first release is new"
    assert published(new=["greeting"]).code == 0, "and is what it was, if it is published again"
    (source / "operators.py").write_text("changed = True\n")
    save(source)
    for new in (["greeting"], ["greeting/rotate"]):
        ran = published(new=new)
        assert (ran.code, "its gates held it against nothing" in ran.err) == (1, True), ran.err
    assert published(new=["another"]).code == 0


def test_evidence_is_shown_and_verified_as_publish_does(comb: Comb, source: Path, strict: Path) -> None:
    comb("render", ".", "--platform", "platform.yaml", "--environment", "staging", "--unbuilt", "-o", "../out")
    subject = parse_release((source.parent / "out" / HERE / "release.json").read_bytes()).subject
    file = str(evidence_of(source, strict, subject))
    shown = comb("evidence", "show", file)
    assert shown.code == 0
    assert f"greeting {subject}" in shown.out
    assert "signed by   ci: as it says, which is not checked" in shown.out
    assert json.loads(comb("evidence", "show", file, "--format", "json").out)["signedBy"] == ["ci"]
    where = ("--platform", "platform.yaml", "--environment", "staging")
    counts = comb("evidence", "verify", file, ".", *where)
    assert (counts.code, counts.out[:11]) == (0, "it counts: ")
    (source / "operators.py").write_text("changed = True\n")
    ran = comb("evidence", "verify", file, ".", *where)
    assert (ran.code, "COMB4402" in ran.err) == (1, True)
    assert comb("evidence", "verify", file).code == 2
    Path(file).write_text("{}\x1b[31m")
    assert comb("evidence", "show", file).code == 1
    assert comb("evidence", "show", "nowhere").code == 2


def test_what_ships_is_what_its_gates_ran_where_containers_are_asked_for(
    comb: Comb, source: Path, platform: Path, strict: Path, images: Path
) -> None:
    platform.write_text(platform.read_text().replace("evidence: true", "evidence: true, isolation: container"))
    save(source)
    built = ("--images", "images.json")
    comb("render", ".", "--platform", "platform.yaml", "--environment", "staging", *built, "-o", "../out", cwd=source)
    release = parse_release((source.parent / "out" / HERE / "release.json").read_bytes())
    where = ("--platform", "platform.yaml", "--environment", "staging")

    def proof(**predicate: object) -> tuple[str, str]:
        return ("--evidence", str(evidence_of(source, strict, release.subject, **predicate)))

    ran = {"greeting": IMAGE.rpartition("@")[2]}
    for given, why in (
        (proof(images=ran), "without the isolation that is asked for: `container`"),
        (proof(isolation="container"), "and its gates ran none of it"),
        (proof(isolation="container", images={"greeting": "sha256:" + "e" * 64}), "its gates ran sha256:eeee"),
    ):
        refused = publish(comb, "--sign", str(strict), *given, images=built)
        said = " ".join(refused.err.split())
        assert (refused.code, "COMB4402" in said, why in said) == (1, True, True), refused.err
        assert comb("evidence", "verify", given[1], ".", *where, *built).code == 1
    file = proof(isolation="container", images=ran)
    told = comb("evidence", "verify", file[1], ".", *where)
    assert (told.code, "images are not compared" in told.err) == (0, True)
    told = comb("evidence", "verify", file[1], ".", *where, *built)
    assert (told.code, told.err) == (0, "")
    assert f"image       greeting {ran['greeting']}" in comb("evidence", "show", file[1]).out
    assert publish(comb, "--sign", str(strict), *file, images=built).code == 0


def test_many_combs_are_one_commit(comb: Comb, source: Path, remote: Remote) -> None:
    for name in ("other", "third"):
        (source / name).mkdir()
        (source / name / "comb.yaml").write_text(COMB.replace("name: greeting, team", f"name: {name}, team"))
        shutil.copy(source / "greeting.proto", source / name)
    assert publish(comb).code == 0
    assert len(remote.commits()) == 1
    assert {path.split("/")[3] for path in remote.files() if "/greetings/" in path} == {"greeting", "other", "third"}


def on_platform(comb: Comb, *more: str) -> Ran:
    return comb("platform", "publish", "--platform", "platform.yaml", *more)


def test_the_platform_is_published_beside_combs_and_objects_go_within_the_budget(
    comb: Comb, source: Path, platform: Path, remote: Remote
) -> None:
    first = on_platform(comb)
    assert (first.code, first.err) == (0, "")
    assert publish(comb).code == 0
    assert "so no commit" in on_platform(comb).out
    own = {path for path in remote.files() if "/_platform/" in path or "/_flux/_" in path}
    out = remote.directory.parent / "rendered"
    comb("platform", "render", "--platform", "platform.yaml", "-o", str(out))
    assert own == {str(path.relative_to(out)) for path in out.rglob("*.yaml")}
    assert {path.split("/")[1] for path in own} == {"east", "west"}
    assert "Comb-Platform: clusters/west/_platform " in git(remote.directory, "log", "--format=%B", "main")
    text = platform.read_text()
    platform.write_text(text.replace("priorities: {high: {value: 1000}}\n", "").replace("notifications: ", "# "))
    refused = on_platform(comb)
    assert refused.code == 1
    count = refused.err.split()[-1]
    gone = re.findall(r"clusters/west/\S+", refused.err)
    assert "clusters/west/_flux/_provider-releases.yaml" in gone
    assert set(remote.files()) > own
    assert on_platform(comb, "--allow-prune", count).code == 0
    assert not set(gone) & set(remote.files())
    assert f"{HERE}/release.json" in remote.files()


@pytest.mark.parametrize(
    ("url", "more", "words"),
    [
        ("file:///srv/environments.git", (), "which Flux does not reach"),
        ("ssh://git@git.acme.example/x.git", (), "name its Secret, --secret NAME"),
        ("https://git.acme.example/x.git", ("--verify", "keys"), "nobody signs"),
    ],
)
def test_flux_is_not_told_what_cannot_work(
    comb: Comb, source: Path, platform: Path, remote: Remote, url: str, more: tuple[str, ...], words: str
) -> None:
    platform.write_text(platform.read_text().replace(remote.url, url))
    ran = comb("platform", "flux", "--platform", "platform.yaml", "-o", "../flux", *more)
    assert (ran.code, words in ran.err) == (2, True), ran
    ran = comb("platform", "flux", "--platform", "platform.yaml", "-o", "../flux", "--secret", "git-key")
    assert (ran.code, (source.parent / "flux" / "west.yaml").exists()) == ((2, False) if "file" in url else (0, True))


def test_what_somebody_put_among_the_platforms_files_stops_it(comb: Comb, source: Path, remote: Remote) -> None:
    on_platform(comb)
    remote.commit({"clusters/west/_platform/mine.yaml": ("100644", "x")})
    ran = on_platform(comb)
    assert (ran.code, "clusters/west/_platform/mine.yaml" in ran.err) == (1, True)
    remote.commit({"clusters/west/_platform/mine.yaml": ("120000", "/etc/passwd")})
    ran = on_platform(comb, "--allow-prune", "9")
    assert (ran.code, "a symbolic link, where a file of the platform belongs" in ran.err) == (1, True)


@pytest.mark.parametrize("arguments", [("render",), ("publish", "-o", "out")])
def test_where_files_go_is_said_to_render_and_not_to_publish(
    comb: Comb, source: Path, arguments: tuple[str, ...]
) -> None:
    ran = comb("platform", *arguments, "--platform", "platform.yaml")
    assert (ran.code, "-o" in ran.err) == (2, True)


def test_an_autoscaler_takes_over_what_was_published_and_the_same_again_is_no_commit(
    comb: Comb, source: Path, platform: Path, remote: Remote, monkeypatch: pytest.MonkeyPatch
) -> None:
    edit(source, "timeout: 80ms}", "timeout: 80ms, resources: {cpu: 1}, scale: {min: 3}}")
    save(source)
    assert publish(comb).code == 0
    deployment, scaler = f"{HERE}/deployment-greeting.yaml", f"{HERE}/horizontalpodautoscaler-greeting.yaml"
    assert "replicas: 3" in remote.content(deployment)
    edit(source, "scale: {min: 3}", 'scale: {min: 2, max: 6, targets: {cpu: "70%"}}')
    save(source)
    assert publish(comb).code == 0
    assert "replicas: 3" in remote.content(deployment)
    assert "minReplicas: 4" in remote.content(scaler)
    assert asked(comb, "verify", of=".").out == "comb.yaml: as published\n"
    assert "so no commit" in publish(comb).out
    edit(source, "timeout: 80ms", "timeout: 90ms")
    save(source)
    assert publish(comb).code == 0
    assert "replicas: 3" in remote.content(deployment)
    # As if it had been published long ago.
    aged = git(remote.directory, "log", "-1", "--format=%B", "main")
    tree = git(remote.directory, "rev-parse", "main^{tree}")
    monkeypatch.setenv("GIT_COMMITTER_DATE", "2020-01-01T00:00:00Z")
    old = git(remote.directory, "commit-tree", "-p", "main^", "-m", aged, tree)
    git(remote.directory, "update-ref", "refs/heads/main", old)
    monkeypatch.delenv("GIT_COMMITTER_DATE")
    assert publish(comb, "--trusted", old).code == 0
    assert "replicas" not in remote.content(deployment)
    assert "minReplicas: 2" in remote.content(scaler)
    assert asked(comb, "verify", of=".").out == "comb.yaml: as published\n"
    assert "so no commit" in publish(comb).out


def test_a_commit_has_the_name_that_git_is_told(comb: Comb, source: Path, remote: Remote) -> None:
    env = dict.fromkeys(("GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL"), "")
    written = "log", "-1", "--format=%an <%ae> %cn <%ce>", "main"
    git(source, "config", "user.name", "Ann")
    git(source, "config", "user.email", "ann@acme.example")
    text = (source / "comb.yaml").read_text()
    for number, (told, more, name) in enumerate(
        [
            ({}, (), "Ann <ann@acme.example>"),
            ({"GIT_AUTHOR_NAME": "Bob", "GIT_AUTHOR_EMAIL": "bob@acme.example"}, (), "Bob <bob@acme.example>"),
            ({"GIT_AUTHOR_NAME": "Bob"}, ("--author", "Eve <eve@acme.example>"), "Eve <eve@acme.example>"),
        ]
    ):
        (source / "comb.yaml").write_text(text.replace("80ms", f"{81 + number}ms"))
        arguments = ("publish", ".", "--platform", "platform.yaml", "--environment", "staging", "--unbuilt", *more)
        assert comb(*arguments, env={**env, **told}).code == 0
        assert git(remote.directory, *written) == f"{name} {name}"


@pytest.mark.parametrize("command", ["history", "retire", "verify", "publish"])
def test_what_is_wrong_with_the_platform_is_shown_at_its_line(comb: Comb, source: Path, command: str) -> None:
    file = source / "platform.yaml"
    file.write_text(re.sub(r"(staging: .*namespace: \w+)", r"\1-x", file.read_text()))
    more = ("--unbuilt",) if command == "publish" else ()
    ran = asked(comb, command, *more, of="." if command in ("verify", "publish") else "greeting")
    assert ran.code == 1
    assert "COMB4007" in ran.err
    assert "platform.yaml:" in ran.err


def test_an_environment_that_is_not_there_is_guessed(comb: Comb, source: Path) -> None:
    ran = comb("history", "greeting", "--platform", "platform.yaml", "--environment", "stagin")
    assert ran.code == 2
    assert "staging" in ran.err


def test_a_comb_goes_from_a_cluster_that_its_environment_has_no_more(
    comb: Comb, source: Path, platform: Path, remote: Remote
) -> None:
    text = platform.read_text()
    wide = re.sub(r"staging: \{clusters: \[west\]", "staging: {clusters: [west, east]", text)
    platform.write_text(wide)
    assert publish(comb).code == 0
    platform.write_text(text)
    refused = asked(comb, "retire")
    assert refused.code == 1
    assert asked(comb, "retire", "--allow-prune", refused.err.split()[-1]).code == 0
    assert remote.files() == {}
