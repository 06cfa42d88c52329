"""`comb run` with what a service has beside its comb: weights, golden samples, a candidate, other processes."""

import asyncio
import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Comb
from tests.cli.test_run import Run, running
from tests.runtime.service.serving import exchange

COMB = """\
apiVersion: comb.dev/v1
kind: Comb
metadata: {name: greeting, team: welcome}
interface: {proto: greeting.proto, method: greeting.v1.GreetingService/Greet}
models: {words: {versions: {"1": {artifact: hello.txt}, "2": {artifact: hallo.txt}}}}
operators:
  greet:
    run: "operators:Greet"
    model: words@1
    in: {name: greeting.v1.Name}
    out: greeting.v1.Greeting
    timeout: 30s
    devices: [cpu]
    fallback: {value: {text: nobody is there}}
  loud:
    run: "operators:Loud"
    in: {greeting: greeting.v1.Greeting}
    out: greeting.v1.Greeting
    timeout: 30s
    devices: [cpu]
graph:
  hello: greet(name=$request.name)
  louder: loud(greeting=hello)
  return: louder
experiment:
  key: header/x-user-id
  arms:
    old: {weight: 100}
    new: {weight: 0, set: {operators: {greet: {model: words@2}}}}
environments:
  production: {operators: {loud: {affinity: {with: [greet]}}}}
"""
OPERATORS = '''
from comb_compiler.runtime import Messages, Model


class Greet:
    """Greets by a word that is the model."""

    def __init__(self, messages: Messages, model: Model) -> None:
        self.greeting = messages["greeting.v1.Greeting"]
        self.word = model.path.read_text()

    def __call__(self, name: "greeting.v1.Name") -> "greeting.v1.Greeting":
        return self.greeting(text=f"{self.word} {name.text}")


class Loud:
    """Says it again, louder."""

    def __init__(self, messages: Messages) -> None:
        self.greeting = messages["greeting.v1.Greeting"]

    def __call__(self, greeting: "greeting.v1.Greeting") -> "greeting.v1.Greeting":
        return self.greeting(text=f"{greeting.text}!")
'''


@pytest.fixture
def greeting(checkout: Path, comb: Comb) -> Path:
    """A comb of two groups, with two arms that differ in their model, and a golden sample."""
    (checkout / "comb.yaml").write_text(COMB, encoding="utf-8")
    (checkout / "operators.py").write_text(OPERATORS, encoding="utf-8")
    (checkout / "hello.txt").write_text("Hello", encoding="utf-8")
    (checkout / "hallo.txt").write_text("Hello again", encoding="utf-8")
    sample = checkout / "samples" / "ada"
    sample.mkdir(parents=True)
    (sample / "request.json").write_text('{"name": {"text": "Ada"}}', encoding="utf-8")
    (sample / "expected.json").write_text('{"text": "Hello Ada!"}', encoding="utf-8")
    assert comb("lock", ".").code == 0
    return checkout


def asked(run: Run, **headers: str) -> tuple[str, Any]:
    """What it answers, and the headers that came with it."""
    answer = asyncio.run(exchange(run.http, "/v1/call", {"name": {"text": "Bob"}}, **headers))
    return answer.json["text"], answer.headers


def page(run: Run, path: str) -> Any:
    """A page in JSON."""
    return asyncio.run(exchange(run.http, path)).json


def until(condition: Callable[[], bool], patience: float = 60.0) -> None:
    """Wait for a condition."""
    end = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.1)


def write(path: Path, value: Any) -> str:
    """A file of weights."""
    path.write_text(json.dumps(value), encoding="utf-8")
    return str(path)


@pytest.mark.slow
def test_arms_and_models_are_watched_as_in_a_cluster(greeting: Path) -> None:
    weights = greeting / "weights.json"
    beside = ("--goldens", str(greeting / "samples"), "--weights", write(weights, {"arms": {"old": 0, "new": 1}}))
    with running(greeting, *beside, "--reload", "--release", "blue") as run:
        assert any(f"weights are those of {weights}" in line for line in run.said)
        text, headers = asked(run)
        assert (text, headers["comb-arm"], headers["comb-release"]) == ("Hello again Bob!", "new", "blue")
        write(weights, {"arms": {"old": 1, "new": 0}})
        until(lambda: asked(run)[0] == "Hello Bob!")
        until(lambda: page(run, "/v1/status")["health"]["level"] != "unknown")
        health = page(run, "/v1/status")["health"]
        assert {one["arm"]: (one["right"], one["wrong"]) for one in health["goldens"]["arms"]} == {
            "old": (1, 0),
            "new": (0, 1),
        }
        assert page(run, "/readyz")["ready"] is False
        assert not any("checking" in line for line in run.said), "weights that are watched are no change of the comb"


@pytest.mark.slow
def test_a_second_release_gets_the_users_that_the_weights_say(greeting: Path, tmp_path: Path) -> None:
    with running(greeting, "--release", "green") as green:
        address = next(line.split()[1] for line in green.said if line.startswith("  gRPC  "))
        candidate = {"weight": 100, "address": address, "release": "green"}
        weights = write(tmp_path / "weights.json", {"candidate": candidate})
        with running(greeting, "--release", "blue", "--weights", weights) as blue:
            until(lambda: asked(blue)[1]["comb-release"] == "green")
            assert asked(blue, comb_release="blue")[1]["comb-release"] == "blue"


@pytest.mark.slow
def test_each_group_runs_in_a_process_of_its_own_and_the_graph_goes_on_without_one_as_declared(greeting: Path) -> None:
    with running(greeting, "--processes") as run:
        found = {words[0]: words for line in run.said if " runs " in line for words in [line.replace(",", "").split()]}
        assert list(found) == ["greeting--greet", "greeting--loud"]
        serving = [f"process={name})" for name in found]
        until(lambda: all(any("serving gRPC" in line and one in line for line in run.said) for one in serving))
        pids = {name: int(words[words.index("pid") + 1]) for name, words in found.items()}
        assert asked(run)[0] == "Hello Bob!"
        assert asked(run, comb_arm="new")[0] == "Hello again Bob!"
        os.kill(pids["greeting--greet"], signal.SIGKILL)
        run.wait_for("(process `greeting--greet` has ended)")
        until(lambda: asked(run)[0] == "nobody is there!")
        assert page(run, "/readyz")["ready"] is True
        os.kill(pids["greeting--loud"], signal.SIGTERM)
        until(lambda: not page(run, "/readyz")["ready"])
        assert page(run, "/readyz")["reasons"] == ["process `greeting--loud` cannot be reached"]
        assert not any("fork_posix" in line for line in run.said), "gRPC's own lines are no log of ours"


@pytest.mark.slow
def test_an_environment_may_group_operators_otherwise(greeting: Path) -> None:
    with running(greeting, "--processes", "--environment", "production") as run:
        assert asked(run)[0] == "Hello Bob!"
        run.wait_for("(its operators are all of one group)")


@pytest.mark.slow
def test_processes_end_with_it(greeting: Path) -> None:
    with running(greeting, "--processes") as run:
        pids = [int(line.split("pid ")[1].split(",")[0]) for line in run.said if " runs " in line]
        assert all(Path(f"/proc/{pid}").exists() for pid in pids)
    assert len(pids) == 2
    assert not any(Path(f"/proc/{pid}").exists() for pid in pids)


@pytest.mark.slow
def test_a_process_that_does_not_start_is_told(greeting: Path, comb: Comb) -> None:
    (greeting / "operators.py").write_text(OPERATORS + "\nraise RuntimeError('no device')\n", encoding="utf-8")
    ran = comb("run", ".", "--processes", "--grpc-port=0", "--http-port=0")
    assert (ran.code, ran.out) == (1, "")
    assert "no device" in ran.err
    assert "greeting cannot run: process `greeting--greet` did not start" in ran.err


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--goldens", "nowhere"), 2, "nowhere: there is no such directory"),
        (("--workspace", "nowhere"), 2, "nowhere: there is no such directory"),
        (("--reference", "nowhere"), 2, "nowhere: it cannot be read: No such file"),
        (("--reference", "comb.yaml"), 1, "comb.yaml is no reference"),
        (("--goldens", "flawed"), 1, "flawed is no sample set: ada/request.json"),
        (("--environment", "produktion"), 2, "the comb has no environment `produktion`; did you mean `production`?"),
        (("--processes", "--tls-certificate", "a", "--tls-key", "b"), 2, "--processes is for a look at this machine"),
    ],
)
def test_what_it_is_given_and_cannot_use_is_told(
    greeting: Path, comb: Comb, arguments: tuple[str, ...], code: int, said: str
) -> None:
    (greeting / "flawed" / "ada").mkdir(parents=True)
    (greeting / "flawed" / "ada" / "request.json").write_text("{", encoding="utf-8")
    ran = comb("run", ".", "--grpc-port=0", "--http-port=0", *arguments)
    assert (ran.code, ran.out) == (code, "")
    assert said in ran.err


@pytest.mark.slow
def test_a_plan_of_several_processes_can_be_written(greeting: Path, comb: Comb) -> None:
    plan = json.loads(comb("graph", ".", "--format", "plan", "--processes").out)
    assert [one["name"] for one in plan["processes"]] == ["greeting", "greeting--greet", "greeting--loud"]
    assert [one["name"] for one in json.loads(comb("graph", ".", "--format", "plan").out)["processes"]] == ["main"]
    ran = comb("graph", ".", "--processes")
    assert (ran.code, ran.err) == (2, "comb: --processes is for --format plan\n")
