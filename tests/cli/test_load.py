"""`comb load`: the objects that load a comb from several pods."""

from pathlib import Path

import pytest
import yaml

from tests.cli.conftest import Comb
from tests.cli.test_gate_load import loaded, slow

ASKED = ("--target", "greeting.welcome.svc:50051", "--image", "registry.example.com/load:1")


@pytest.fixture
def made(tmp_path: Path) -> str:
    return str(loaded(tmp_path / "made", slow(0.0)))


def test_objects_come_with_the_steps_and_requests_of_the_gate(comb: Comb, made: str) -> None:
    ran = comb("load", made, *ASKED, "--workers", "3", "--namespace", "welcome")
    assert ran.code == 0, ran.err
    config, service, lead, follow = yaml.safe_load_all(ran.out)
    assert [one["kind"] for one in (config, service, lead, follow)] == ["ConfigMap", "Service", "Job", "Job"]
    assert {one["metadata"]["namespace"] for one in (config, service, lead, follow)} == {"welcome"}
    assert follow["spec"]["parallelism"] == 3
    lines = config["data"]["steps.jsonl"].strip().split("\n")
    assert len(lines) == 2
    assert '"rate": 10.0' in lines[0]
    assert '"path": "/greeting.v1.GreetingService/Greet"' in lines[0]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("--target", "nowhere"), "HOST:PORT is wanted"),
        (("--workers", "0"), "--workers: a number from 1"),
        (("--name", "Load_1"), "is no name of Kubernetes"),
        (("--steps", "0"), "can be no step"),
        (("--steps", "nan"), "can be no step"),
    ],
)
def test_what_can_be_no_load_is_a_mistake_of_usage(comb: Comb, made: str, given: tuple[str, str], said: str) -> None:
    ran = comb("load", made, *ASKED, *given)
    assert ran.code == 2, ran.out
    assert said in ran.err
