"""`comb rollout` with the engine's processes behind the router, and a real Prometheus that looks at them."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.conftest import RequiresTool
from tests.examples.test_grey_release import PLATFORM
from tests.publish.environment import Remote, git, remote_at
from tests.rollout.world import CLUSTER, Applied, Users, prometheus_of

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
HELLO = ROOT / "examples" / "hello"
DIRECTORY = f"clusters/{CLUSTER}/greetings/hello"
PATIENCE = 300.0
MORE = """\
experiment: {key: header/x-user-id, arms: {all: {weight: 1}}}
rollout: {steps: [20%, 50%], hold: 4s, abort: {errorRate: 10%}}
"""
CODE = """

class Better(Greet):
    pass


class Worse(Greet):
    def __call__(self, request: "hello.v1.GreetRequest") -> "hello.v1.GreetResponse":
        raise RuntimeError("this is worse")
"""


class Comb(NamedTuple):
    """`comb` in a checkout that holds one, as a user runs it."""

    checkout: Path
    remote: Remote
    prometheus: str

    def edit(self, entry: str) -> None:
        """Another operator is the comb's now."""
        text = (self.checkout / "comb.yaml").read_text()
        (self.checkout / "comb.yaml").write_text(re.sub(r"operators:\w+", f"operators:{entry}", text))
        git(self.checkout, "commit", "-qam", entry)

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        """Start a command; what it says is read when it ends."""
        options = ("--platform", "platform.yaml", "--environment", "production", "--repository")
        command = [sys.executable, "-m", "comb_compiler", *arguments, *options, str(self.remote.directory)]
        return subprocess.Popen(
            command,
            cwd=self.checkout,
            env={**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def __call__(self, *arguments: str) -> tuple[int, str]:
        """The exit code of a command, and what it said."""
        process = self.start(*arguments)
        out, _ = process.communicate(timeout=PATIENCE)
        return process.returncode, out

    def rollout(self, *more: str, prometheus: str | None = None) -> tuple[str, ...]:
        """The command that goes on with the rollout."""
        return ("rollout", "run", ".", "--unbuilt", "--prometheus", f"{CLUSTER}={prometheus or self.prometheus}", *more)

    def titles(self) -> list[str]:
        """The commits of the environment repository, the oldest first."""
        return git(self.remote.directory, "log", "--reverse", "--format=%s", "main").splitlines()

    def tree(self) -> str:
        """What the comb's directory holds."""
        return git(self.remote.directory, "rev-parse", f"main:{DIRECTORY}")


class World(NamedTuple):
    """A comb that is published, runs, and has users."""

    comb: Comb
    applied: Applied
    users: Users


@pytest.fixture
def world(requires_tool: RequiresTool, tmp_path: Path) -> Iterator[World]:
    checkout = tmp_path / "checkout"
    shutil.copytree(HELLO, checkout, ignore=shutil.ignore_patterns("__pycache__"))
    with (checkout / "operators.py").open("a") as file:
        file.write(CODE)
    (checkout / "platform.yaml").write_text(PLATFORM)
    (checkout / "comb.yaml").write_text((checkout / "comb.yaml").read_text() + MORE)
    git(checkout, "init", "-q")
    git(checkout, "add", ".")
    git(checkout, "commit", "-qm", "first")
    remote = remote_at(tmp_path / "environment.git")
    for name in ("pods", "prometheus"):
        (tmp_path / name).mkdir()
    with ExitStack() as stack:
        applied = stack.enter_context(Applied(remote, "hello", checkout, tmp_path / "pods"))
        url = stack.enter_context(prometheus_of(applied, tmp_path / "prometheus", requires_tool("prometheus")))
        comb = Comb(checkout, remote, url)
        code, said = comb("publish", ".", "--unbuilt")
        assert code == 0, said
        users = stack.enter_context(Users(applied))
        yield World(comb, applied, users)
        assert applied.failed is None, applied.failed


def until(holds: Callable[[], bool], seconds: float = PATIENCE) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


STEPS = [
    "Try hello on 20% of the users in production (step 1 of 2)",
    "Try hello on 50% of the users in production (step 2 of 2)",
    "Promote the candidate of hello in production",
]
BACK = ["Take the candidate of hello back in production", "Remove the candidate of hello from production"]


def test_a_good_candidate_becomes_the_stable_release_whoever_is_killed_on_the_way(world: World) -> None:
    comb = world.comb
    comb.edit("Better")
    for done in (1, 2):
        process = comb.start(*comb.rollout("--follow"))
        until(lambda done=done: len(comb.titles()) > done)  # type: ignore[misc]
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
        assert comb.titles()[1:] == STEPS[:done]
    code, said = comb(*comb.rollout("--follow"))
    assert code == 0, said
    assert comb.titles()[1:] == STEPS
    message = git(comb.remote.directory, "log", "-1", "--format=%B", "main")
    assert re.search(
        r"\nComb-Rollout-Figures: east: watched for \d+ of 4 s: 0 of \d+ failed \(0%, at most 10%\)", message
    )
    assert comb("rollout", "status", "hello")[1].splitlines()[0] == "hello in production: no candidate is on its way"
    assert comb(*comb.rollout("--follow"))[1].startswith("its pods run that already")
    assert comb("verify", ".")[0] == 0
    until(lambda: set(world.applied.pods) == {"hello"})
    before = world.users.answers.copy()
    until(lambda: sum((world.users.answers - before).values()) > 20)
    assert len(world.users.answers - before) == 1
    assert world.users.answers["failed"] == 0


def test_a_candidate_that_fails_is_taken_back_and_its_users_return(world: World) -> None:
    comb = world.comb
    tree = comb.tree()
    comb.edit("Worse")
    code, said = comb(*comb.rollout("--follow"))
    assert code == 1, said
    assert comb.titles()[1:] == [STEPS[0], *BACK]
    assert comb.tree() == tree
    assert "which is no chance" in git(comb.remote.directory, "log", "-1", "--format=%B", "main~1")
    failed = world.users.answers["failed"]
    assert failed > 0
    before = world.users.answers.copy()
    until(lambda: sum((world.users.answers - before).values()) > 50)
    assert len(world.users.answers - before) == 1
    assert world.users.answers["failed"] == failed
    # What was taken back does not begin again by itself.
    code, said = comb(*comb.rollout())
    assert (code, "was taken back" in said) == (1, True), said
    assert comb("rollout", "status", "hello")[0] == 0


def test_one_rollout_at_a_time_which_holds_while_nothing_is_known_and_is_taken_back_by_hand(world: World) -> None:
    comb = world.comb
    tree = comb.tree()
    comb.edit("Better")
    assert comb(*comb.rollout())[0] == 0
    assert comb.titles()[1:] == STEPS[:1]
    # Prometheus is down: held, and never promoted.
    code, said = comb(*comb.rollout(prometheus="http://127.0.0.1:9"))
    assert (code, "cannot be asked" in said) == (4, True), said
    assert comb("verify", ".") == (0, "comb.yaml: as published\n")
    comb.edit("Worse")
    code, said = comb(*comb.rollout())
    assert code == 1
    assert re.search(r"another candidate of `hello` is on its way since 20\S+ \S+Z by \w+", said), said
    code, said = comb("publish", ".", "--unbuilt")
    assert (code, "has a candidate on its way" in said) == (1, True), said
    code, said = comb("rollout", "status", "hello")
    assert said.startswith("hello in production: on its way since 20"), said
    assert STEPS[0] in said
    code, said = comb("rollout", "abort", "hello", "--prometheus", f"{CLUSTER}={comb.prometheus}", "--follow")
    assert code == 0, said
    assert comb.titles()[1:] == [STEPS[0], *BACK]
    assert comb.tree() == tree
    assert comb("rollout", "abort", "hello", "--now")[0] == 1
