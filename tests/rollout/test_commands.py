"""`comb rollout` as a user runs it: what each look does to the environment repository, and what it will not do."""

import json
import os
import random
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from comb_compiler.publish.evidence import PREDICATE, STATEMENT, sealed
from comb_compiler.release.release import parse_release
from tests.cli.conftest import COMB, PROTO, Ran
from tests.publish.environment import Remote, git, keypair, remote_at
from tests.rollout.figures import Figures, figures
from tests.support.terminal import on_terminal

PLATFORM = """\
apiVersion: comb.dev/v1
kind: Platform
metadata: {name: acme}
clusters:
  east: {nodePools: {cpus: {nodes: 2, cpu: 4, memory: 16Gi}}}
  west: {nodePools: {cpus: {nodes: 2, cpu: 4, memory: 16Gi}}}
namespaces: {greetings: {}}
environments: {staging: {clusters: [east, west], namespace: greetings}}
environmentRepository: {url: "https://git.acme.example/environments.git"}
registry: {push: registry.acme.example/combs}
"""
ROLLOUT = "rollout: {steps: [1%, 12.5%, 50%], hold: 10s, abort: {errorRate: 1%}}\n"
HERE = "clusters/{}/greetings/greeting"
CLUSTERS = ("east", "west")
STEPS = {1: "1%", 2: "12.5%", 3: "50%"}


class Environment(NamedTuple):
    """A checkout with a comb, where it is published, and what Prometheus says of it in each cluster."""

    checkout: Path
    remote: Remote
    east: Figures
    west: Figures

    def comb(self, *arguments: str, env: dict[str, str] | None = None) -> Ran:
        """Run `comb`."""
        command = [sys.executable, "-m", "comb_compiler", *arguments]
        environment = {**os.environ, "PYTHONPATH": os.getcwd(), "NO_COLOR": "1", **(env or {})}
        done = subprocess.run(command, cwd=self.checkout, env=environment, capture_output=True, text=True, timeout=600)
        assert "Traceback" not in done.stdout + done.stderr, done.stderr
        return Ran(done.returncode, done.stdout, done.stderr)

    def of(self, *words: str) -> Ran:
        """A command about the published comb."""
        where = ("--platform", "platform.yaml", "--environment", "staging", "--repository", str(self.remote.directory))
        return self.comb(*words, *where)

    def run(self, *more: str) -> Ran:
        """One look."""
        return self.of("rollout", "run", ".", "--unbuilt", *self.asking(), *more)

    def started(self, *more: str) -> "subprocess.Popen[bytes]":
        """The same, as a process that has begun."""
        command = [sys.executable, "-m", "comb_compiler", "rollout", "run", ".", "--unbuilt", *self.asking(), *more]
        command += ["--platform", "platform.yaml", "--environment", "staging"]
        command += ["--repository", str(self.remote.directory)]
        env = {**os.environ, "PYTHONPATH": os.getcwd()}
        return subprocess.Popen(command, cwd=self.checkout, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def asking(self) -> list[str]:
        """The options that say where Prometheus is."""
        urls = (f"{name}={one.url}" for name, one in zip(CLUSTERS, (self.east, self.west), strict=True))
        return [word for url in urls for word in ("--prometheus", url)]

    def edit(self, old: str, new: str) -> None:
        """Change the comb, and commit that."""
        file = self.checkout / "comb.yaml"
        assert old in file.read_text()
        file.write_text(file.read_text().replace(old, new))
        git(self.checkout, "commit", "-qam", "change")

    def titles(self) -> list[str]:
        """The commits of the environment repository, the oldest first."""
        return git(self.remote.directory, "log", "--reverse", "--format=%s", "main").splitlines()

    def message(self) -> str:
        """The newest commit's."""
        return git(self.remote.directory, "log", "-1", "--format=%B", "main") + "\n"

    def trees(self) -> list[str]:
        """What the comb's directories hold."""
        return [git(self.remote.directory, "rev-parse", f"main:{HERE.format(one)}") for one in CLUSTERS]

    def state(self, cluster: str) -> tuple[int, bool] | None:
        """The step that a cluster is at, and whether that was aborted."""
        content = self.remote.content(f"{HERE.format(cluster)}/release.json")
        found = parse_release(f"{content}\n".encode()).rollout
        return (found.step, found.aborted) if found is not None else None


@pytest.fixture
def environment(tmp_path: Path) -> Iterator[Environment]:
    """The comb is published, and the checkout holds a candidate."""
    checkout = tmp_path / "checkout"
    checkout.mkdir()
    (checkout / "comb.yaml").write_text(COMB + ROLLOUT)
    (checkout / "greeting.proto").write_text(PROTO)
    (checkout / "platform.yaml").write_text(PLATFORM)
    git(checkout, "init", "-q")
    git(checkout, "remote", "add", "origin", "https://git.acme.example/combs.git")
    git(checkout, "add", ".")
    git(checkout, "commit", "-qm", "first")
    with figures() as east, figures() as west:
        made = Environment(checkout, remote_at(tmp_path / "environment.git"), east, west)
        ran = made.of("publish", ".", "--unbuilt")
        assert ran.code == 0, ran.err
        made.edit("timeout: 80ms", "timeout: 81ms")
        yield made


def test_a_candidate_of_another_repository_is_not_tried_on_the_users_of_a_comb(environment: Environment) -> None:
    git(environment.checkout, "remote", "set-url", "origin", "https://git.acme.example/others.git")
    before = environment.titles()
    ran = environment.run()
    assert (ran.code, environment.titles()) == (1, before)
    assert "was published from `git.acme.example/combs//`, and this is `git.acme.example/others//`" in ran.err


def test_each_look_does_what_is_due_in_all_clusters_by_one_commit(environment: Environment) -> None:
    for step in range(3):
        ran = environment.run()
        assert ran.code == 0, ran
        assert [environment.state(one) for one in CLUSTERS] == [(step, False)] * 2
        assert environment.of("verify", ".").code == 0
    environment.west.requests = 100
    ran = environment.run()
    assert (ran.code, ran.out.splitlines()[0]) == (0, "held at 50%")
    assert (
        "west: watched for 100 of 10 s: 0 of 100 failed (0%, at most 1%), too few to tell: 200 more are needed"
        in ran.out
    )
    environment.west.requests = 1000
    ran = environment.run()
    assert ran.code == 0, ran
    assert ran.out.startswith("it is the stable release now")
    assert environment.titles() == [
        "Publish greeting to staging",
        "Try greeting on 1% of the users in staging (step 1 of 3)",
        "Try greeting on 12.5% of the users in staging (step 2 of 3)",
        "Try greeting on 50% of the users in staging (step 3 of 3)",
        "Promote the candidate of greeting in staging",
    ]
    assert "Comb-Rollout: greeting promoted\n" in environment.message()
    for cluster in CLUSTERS:
        assert f"Comb-Rollout-Figures: {cluster}: watched for 100 of 10 s: 0 of 1000 failed" in environment.message()
    assert environment.of("verify", ".").code == 0
    assert environment.run().out == "its pods run that already: there is nothing to try on users\n"
    assert len(environment.titles()) == 5


def test_one_cluster_that_fails_brings_all_back_to_the_bytes_from_before(environment: Environment) -> None:
    before = environment.trees()
    environment.run()
    environment.west.failed, environment.east.is_gone = 100, False
    ran = environment.run()
    assert (ran.code, ran.out.startswith("taken back")) == (0, True), ran
    assert [environment.state(one) for one in CLUSTERS] == [(0, True)] * 2
    assert "west: watched for 100 of 10 s: 100 of 1000 failed (10%, at most 1%), which is no chance" in ran.out
    assert '"weight": 0' in environment.remote.content(f"{HERE.format('east')}/configmap-greeting--weights.yaml")
    assert environment.of("verify", ".").code == 0
    # The candidate stays as long as a pod may still send to it.
    ran = environment.run()
    assert (ran.code, "not every pod of the stable release has the weights yet" in ran.out) == (0, True), ran
    environment.east.is_gone = True
    assert environment.run().code == 1
    assert environment.trees() == before
    assert environment.of("verify", ".").code == 0
    assert environment.titles()[2:] == [
        "Take the candidate of greeting back in staging",
        "Remove the candidate of greeting from staging",
    ]


def test_a_candidate_that_never_becomes_ready_is_held_and_then_taken_back(environment: Environment) -> None:
    before = environment.trees()
    assert environment.run().code == 0
    environment.west.is_ready = False
    held = environment.run()
    assert held.code == 0
    assert re.search(r"held at 1%\n.*\n  west: no pod of the candidate is ready for 10\d of at most 1200 s\n", held.out)
    environment.west.watched = 1300
    assert environment.run().out.startswith("taken back")
    assert "no pod of the candidate is ready for 13" in environment.message()
    assert environment.run().code == 1
    assert environment.trees() == before


def test_what_was_taken_back_is_tried_again_only_when_that_is_said(environment: Environment) -> None:
    environment.run()
    environment.east.failed = 1000
    assert environment.run("--follow").code == 1
    ran = environment.run()
    assert (ran.code, "--again tries it once more" in ran.err) == (1, True), ran
    assert environment.run("--again").code == 0
    assert environment.state("east") == (0, False)


def test_another_candidate_is_told_who_is_on_the_way(environment: Environment) -> None:
    environment.run()
    environment.edit("timeout: 81ms", "timeout: 82ms")
    ran = environment.run()
    assert ran.code == 1
    assert re.search(
        r"another candidate of `greeting` is on its way since 2\d{3}-\S+ \S+Z by [^(]+ \([0-9a-f]{12}\)", ran.err
    )
    assert len(environment.titles()) == 2


def test_two_who_start_at_once_start_one(environment: Environment, tmp_path: Path) -> None:
    other = environment._replace(checkout=tmp_path / "other")
    shutil.copytree(environment.checkout, other.checkout)
    other.edit("timeout: 81ms", "timeout: 82ms")
    command = ["rollout", "run", ".", "--unbuilt", *environment.asking(), "--platform", "platform.yaml"]
    command += ["--environment", "staging", "--repository", str(environment.remote.directory)]
    started = []
    for number, one in enumerate((environment, other)):
        env = {**os.environ, "PYTHONPATH": os.getcwd(), "COMB_CACHE_DIR": str(tmp_path / f"cache{number}")}
        popen = subprocess.Popen(
            [sys.executable, "-m", "comb_compiler", *command], cwd=one.checkout, env=env, stderr=subprocess.PIPE
        )
        started.append(popen)
    said = [one.communicate(timeout=600)[1].decode() for one in started]
    assert sorted(one.returncode for one in started) == [0, 1], said
    assert any("has changed meanwhile" in one or "another candidate" in one for one in said), said
    assert len(environment.titles()) == 2


def settled(environment: Environment) -> tuple[list[str], set[tuple[int, bool] | None]]:
    """The commits, and the states of all clusters, of one moment: a push outlives the command that began it."""
    while True:
        titles = environment.titles()
        states = {environment.state(one) for one in CLUSTERS}
        if titles == environment.titles():
            return titles, states


def test_killed_at_any_instant_it_has_taken_a_step_or_has_not_and_goes_on(environment: Environment) -> None:
    wanted = [
        "Publish greeting to staging",
        *(f"Try greeting on {share} of the users in staging (step {step} of 3)" for step, share in STEPS.items()),
        "Promote the candidate of greeting in staging",
    ]
    began = time.monotonic()
    assert environment.run().code == 0
    once = time.monotonic() - began
    moments = random.Random(11)
    for _ in range(8):
        process = environment.started()
        time.sleep(moments.uniform(0.3, 1.1) * once)
        process.kill()
        process.communicate()
        titles, states = settled(environment)
        assert titles == wanted[: len(titles)]
        assert len(states) == 1
    ran = environment.run("--follow")
    assert (ran.code, environment.titles()) == (0, wanted), ran
    assert environment.of("verify", ".").code == 0


def test_steps_that_are_changed_on_the_way_are_not_taken(environment: Environment) -> None:
    environment.run()
    environment.edit("steps: [1%, 12.5%, 50%]", "steps: [2%, 12.5%, 50%]")
    ran = environment.run()
    assert (ran.code, "its steps are others than when they were taken" in ran.err) == (1, True), ran


def test_other_publications_wait_and_a_rollback_does_not(environment: Environment) -> None:
    before, first = environment.trees(), environment.remote.commits()[0]
    environment.run()
    ran = environment.of("publish", ".", "--unbuilt")
    assert (ran.code, "has a candidate on its way" in ran.err) == (1, True), ran
    step = environment.remote.commits()[0]
    ran = environment.of("rollback", "greeting", "--to", first)
    assert (ran.code, "--allow-prune" in ran.err) == (1, True), ran
    count = ran.err.split()[-1]
    assert environment.of("rollback", "greeting", "--to", first, "--allow-prune", count).code == 0
    assert environment.trees() == before
    ran = environment.of("rollback", "greeting", "--to", step, "--allow-prune", "99")
    assert (ran.code, "a candidate was on its way" in ran.err) == (1, True), ran


def test_by_hand_it_is_taken_back_without_a_comb(environment: Environment) -> None:
    before = environment.trees()
    environment.run()
    (environment.checkout / "comb.yaml").unlink()
    environment.west.is_gone = False
    ran = environment.of("rollout", "abort", "greeting", *environment.asking())
    assert (ran.code, ran.out.startswith("no users are sent to the candidate any more")) == (0, True), ran
    assert "it is not removed yet: west: not every pod" in ran.err
    ran = environment.of("rollout", "status", "greeting")
    assert ran.out.startswith("greeting in staging: taken back, begun since 2"), ran
    assert environment.of("rollout", "abort", "greeting", "--now").code == 0
    assert environment.trees() == before
    ran = environment.of("rollout", "abort", "greeting", "--now")
    assert (ran.code, "no candidate of `greeting` is on its way" in ran.err) == (1, True), ran


def test_status_tells_commits_with_their_figures(environment: Environment, tmp_path: Path) -> None:
    assert environment.of("rollout", "status", "greeting").out == "greeting in staging: no candidate is on its way\n"
    environment.run()
    environment.run()
    ran = environment.of("rollout", "status", "greeting", "--format", "json")
    said = json.loads(ran.out)
    assert [one["step"] for one in said["clusters"]] == [1, 1]
    assert [one["did"] for one in said["commits"]] == ["stepped", "started"]
    assert [len(one["figures"]) for one in said["commits"]] == [2, 0]
    text = environment.of("rollout", "status", "greeting").out
    assert text.startswith("greeting in staging: on its way since 2")
    assert "    east: watched for 100 of 10 s: 0 of 1000 failed (0%, at most 1%)\n" in text
    where = ("--platform=platform.yaml", "--environment=staging", f"--repository={environment.remote.directory}")
    shown = on_terminal(80, "rollout", "status", "greeting", *where, cwd=environment.checkout, cache=tmp_path / "cache")
    assert max(map(len, text.splitlines())) > 80 >= max(map(len, shown.splitlines()))
    assert shown.split() == text.split()


@pytest.mark.parametrize(
    ("old", "new", "code", "said"),
    [
        (ROLLOUT, "", 2, "`greeting` has no `rollout`"),
        (", abort: {errorRate: 1%}", "", 2, "what could end its rollout"),
        ("errorRate: 1%", "p99: 90s", 2, "what could end its rollout"),
        ("name: greeting,", "name: other,", 1, "is not published to east, west"),
        ("timeout: 81ms", "timeout: 80ms", 0, "there is nothing to try on users"),
        ("metadata: {name: greeting, team: welcome}", "metadata: {name: greeting}", 1, "Flux would be told something"),
        ("return: hello", "return: hallo", 1, "COMB"),
    ],
)
def test_what_cannot_be_tried_is_told(environment: Environment, old: str, new: str, code: int, said: str) -> None:
    environment.edit(old, new)
    ran = environment.run()
    assert (ran.code, said in ran.out + ran.err) == (code, True), ran
    assert len(environment.titles()) == 1


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--prometheus", "north=http://127.0.0.1:1"), "CLUSTER=URL is wanted, of a cluster: east, west"),
        (("--prometheus", "east=http://me:hunter2@127.0.0.1"), "credentials belong into a file"),
        (("--prometheus", "east=prometheus:9090"), "http:// or https://"),
        (("--prometheus-token", "nowhere"), "it cannot be read"),
        (("--prometheus-token", "platform.yaml"), "it holds no token"),
        (("--prometheus-ca", "platform.yaml"), "it holds no certificates"),
    ],
)
def test_options_that_make_no_sense_are_usage(environment: Environment, more: tuple[str, ...], said: str) -> None:
    ran = environment.run(*more)
    assert (ran.code, said in ran.err) == (2, True), ran
    assert "hunter2" not in ran.err


def test_a_cluster_that_nobody_measures_has_no_rollout(environment: Environment) -> None:
    ran = environment.of("rollout", "run", ".", "--unbuilt", "--prometheus", f"east={environment.east.url}")
    assert (ran.code, "platform.yaml names no `prometheus` of `west`" in ran.err) == (2, True), ran


def test_the_token_is_sent_and_never_shown(environment: Environment) -> None:
    (environment.checkout / "token").write_text("hunter2\n")
    environment.run("--prometheus-token", "token")
    ran = environment.run("--prometheus-token", "token")
    assert environment.east.tokens == {"Bearer hunter2"}
    assert "hunter2" not in ran.out + ran.err + environment.message()


def test_what_goes_in_the_end_is_said_in_the_beginning(environment: Environment) -> None:
    environment.edit("timeout: 81ms}", "timeout: 81ms, scale: {min: 2}}")  # with a budget for disruptions
    assert environment.run("--again").code == 0
    while environment.state("east") is not None:
        assert environment.run().code == 0
    environment.edit(", scale: {min: 2}}", "}")
    environment.edit("timeout: 81ms", "timeout: 83ms")
    ran = environment.run()
    assert (ran.code, "in the end these would be removed:" in ran.err) == (1, True), ran
    assert environment.state("east") is None
    assert environment.run("--allow-prune", ran.err.split()[-1]).code == 0
    assert environment.state("east") == (0, False)


def test_evidence_is_asked_for_in_the_beginning_and_goes_with_every_step(
    environment: Environment, tmp_path: Path
) -> None:
    key, public = keypair(tmp_path, "ci")
    platform = environment.checkout / "platform.yaml"
    platform.write_text(
        PLATFORM.replace("namespace: greetings}", "namespace: greetings, evidence: true}").replace(
            'environments.git"}', f'environments.git", publishers: {{ci: {{key: "{public}"}}}}}}'
        )
    )
    images = {"images": {"greeting": {"cpu": f"registry.acme.example/combs/greeting@sha256:{'a' * 64}"}}}
    (environment.checkout / "images.json").write_text(json.dumps(images))
    git(environment.checkout, "commit", "-qam", "evidence")
    first = environment.remote.commits()[0]
    built = ("rollout", "run", ".", "--images", "images.json", *environment.asking(), "--sign", str(key))
    ran = environment.of(*built, "--trusted", first)
    assert (ran.code, "signed evidence" in ran.err) == (1, True), ran
    release = parse_release(rendered(environment))
    statement = {
        "_type": STATEMENT,
        "subject": [{"name": "greeting", "digest": {"sha256": release.subject}}],
        "predicateType": PREDICATE,
        "predicate": {
            "repository": "git.acme.example/combs",
            "expires": "2999-01-01T00:00:00Z",
            "isolation": "local",
            "builder": "https://ci.acme.example/17",
            "verdict": "passed",
        },
    }
    (tmp_path / "evidence.json").write_bytes(sealed(statement, "ci", key, "/usr/bin:/bin"))
    ran = environment.of(*built, "--trusted", first, "--evidence", str(tmp_path / "evidence.json"))
    assert ran.code == 0, ran
    digest = re.search(r"Comb-Evidence: \w+", environment.message())
    assert digest is not None
    ran = environment.of(*built)
    assert ran.code == 0, ran
    assert digest[0] in environment.message()
    assert environment.state("east") == (1, False)
    ran = environment.of("rollout", "abort", "greeting", "--now", "--sign", str(key))
    assert ran.code == 0, ran
    signed = git(environment.remote.directory, "log", "--format=raw", "main").count("\ngpgsig ")
    assert signed == len(environment.titles()) - 1 == 4


def rendered(environment: Environment) -> bytes:
    """release.json of the candidate as it is alone."""
    where = ("--platform", "platform.yaml", "--environment", "staging", "--images", "images.json", "-o", "out")
    assert environment.comb("render", ".", *where).code == 0
    return (environment.checkout / "out" / HERE.format("east") / "release.json").read_bytes()
