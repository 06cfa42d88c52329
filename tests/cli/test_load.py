"""`comb load`: the objects that load a comb from several pods."""

import json
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
    ("given", "tls", "mounted"),
    [
        ((), None, ["token"]),
        (("--target", "grpcs://[::1]:443"), {"authorities": "", "certificate": "", "key": ""}, ["token"]),
        (
            ("--tls-ca-secret", "welcome.ca", "--tls-client-secret", "load"),
            {"authorities": "/authorities/ca.crt", "certificate": "/caller/tls.crt", "key": "/caller/tls.key"},
            ["token", "authorities", "caller"],
        ),
    ],
)
def test_a_service_is_spoken_to_by_tls_where_it_is_asked_for(
    comb: Comb, made: str, given: tuple[str, ...], tls: object, mounted: list[str]
) -> None:
    ran = comb("load", made, *ASKED, *given)
    assert ran.code == 0, ran.err
    config, _, _, follow = yaml.safe_load_all(ran.out)
    target = json.loads(config["data"]["steps.jsonl"].partition("\n")[0])["job"]["target"]
    assert target["tls"] == tls
    assert (target["host"], target["port"]) in {("::1", 443), ("greeting.welcome.svc", 50051)}
    (container,) = follow["spec"]["template"]["spec"]["containers"]
    assert [one["name"] for one in container["volumeMounts"]] == mounted


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("--target", "nowhere"), "HOST:PORT is wanted"),
        (("--target", "https://greeting.welcome.svc:443"), "HOST:PORT is wanted, or grpcs://HOST:PORT"),
        (("--tls-ca-secret", "Welcome"), "`Welcome` is no name of a Secret"),
        (("--image", ""), "the name of an image is wanted"),
        (("--hold", "-3"), "can be no step"),
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
