"""A load that several processes share as pods do: by files, without anybody at their standard input."""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from comb_compiler.load import Input, Step
from comb_compiler.load.kubernetes import MOST_BYTES, Certificates, Shared, TooLarge, objects
from tests.load.serving import job, serving
from tests.runtime.service.certificates import Authority
from tests.runtime.service.processes import process
from tests.runtime.service.serving import METHOD, letter, simple
from tests.servers.processes import free_ports

COMMAND = [sys.executable, "-m", "comb_compiler.load.process"]


Secrets = Mapping[str, Mapping[str, bytes]]
"""What each holds."""


def shared(port: int, *steps: Step, workers: int = 2, body: bytes = b"text") -> Shared:
    made = job(port, Input(body))
    return Shared("load-ocr", "ocr", "registry.example.com/load:1", "load-token", workers, made, steps)


def played(made: Shared, directory: Path, secrets: Secrets | None = None) -> tuple[list[dict[str, Any]], list[int]]:
    """What the one that leads says, and how all of them end; with the arguments and files that their objects have."""
    config, _, lead, follow = objects(made)
    (port,) = free_ports(1)
    here = {"0.0.0.0": "127.0.0.1", "load-ocr": "127.0.0.1", "5557": str(port)}
    workers = directory / "load-ocr-workers"
    steps = config["data"]["steps.jsonl"]
    for path in ("/authorities/", "/caller/"):
        steps = steps.replace(f'"{path}', f'"{workers}{path}')
    held = {"load-ocr": {"steps.jsonl": steps.encode()}, "load-token": {"token": b"secret\n"}, **(secrets or {})}
    for one in (lead, follow):
        mounted(one, directory, held)
    commands = []
    for one in (lead, *[follow] * made.workers):
        (container,) = one["spec"]["template"]["spec"]["containers"]
        assert container["command"][1:] == COMMAND[1:]
        given = (here.get(text, text) for text in container["args"])
        place = str(directory / one["metadata"]["name"])
        commands.append([*COMMAND, *(place + text if text.startswith("/") else text for text in given)])
    running = [
        subprocess.Popen(one, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        for one in commands
    ]
    try:
        said, _ = running[0].communicate(timeout=240)
        ends = [one.wait(60) for one in running]
    finally:
        for process in running:
            process.kill()
            process.communicate()
    return [json.loads(line) for line in said.split(b"\n") if line], ends


def mounted(one: Mapping[str, Any], directory: Path, held: Secrets) -> None:
    """The files that a pod of a job finds, under the job's name."""
    pod = one["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    places = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
    for volume in pod["volumes"]:
        named = volume.get("secret") or volume["configMap"]
        holds = held[named.get("secretName") or named["name"]]
        place = directory / one["metadata"]["name"] / places[volume["name"]].strip("/")
        place.mkdir(parents=True)
        items = named.get("items") or [{"key": key, "path": key} for key in holds]
        for item in items:
            (place / item["path"]).write_bytes(holds[item["key"]])


def test_pods_share_a_load_and_end_with_it(tmp_path: Path) -> None:
    with serving("echo") as port:
        said, ends = played(shared(port, Step(40.0, 2.0, 5.0), Step(80.0, 2.0, 5.0)), tmp_path)
    _, first, second = said
    assert ends == [0, 0, 0]
    assert [(one["rate"], one["scheduled"], one["codes"]) for one in (first, second)] == [
        (40.0, 80, {"OK": 80}),
        (80.0, 160, {"OK": 160}),
    ]
    assert 0.0 < first["latencies"]["p50"] <= first["latencies"]["p99.9"]


@pytest.mark.parametrize("caller", ["ocr-client", ""])
def test_pods_find_what_tls_takes_in_secrets(tmp_path: Path, caller: str) -> None:
    """The service lets in whom it knows: without a certificate nothing comes of the load, and it is said."""
    authority = Authority()
    certificate, key = authority.issue(tmp_path)
    own = authority.issue(tmp_path, "caller")
    secrets = {
        "ocr-ca": {"ca.crt": authority.pem},
        "ocr-client": {"tls.crt": own[0].read_bytes(), "tls.key": own[1].read_bytes()},
    }
    trusted = authority.trusted(tmp_path)
    flags = ("--tls-certificate", str(certificate), "--tls-key", str(key), "--tls-client-ca", str(trusted))
    with process(simple("shout"), tmp_path, *flags) as service:
        made = shared(int(service.grpc.rpartition(":")[2]), Step(40.0, 2.0, 20.0), body=letter("a").SerializeToString())
        target = made.job.target._replace(path=METHOD)
        made = made._replace(job=made.job._replace(target=target), certificates=Certificates("ocr-ca", caller))
        said, ends = played(made, tmp_path / "pods", secrets)
    if caller:
        assert said[-1]["codes"] == {"OK": 80}, said
        assert ends == [0, 0, 0]
    else:
        assert "it may want to see another certificate" in said[-1]["problem"]
        assert ends[0] == 1


def test_only_who_sends_is_given_what_tls_takes() -> None:
    made = shared(1, Step(1.0, 1.0))._replace(certificates=Certificates("ocr-tls", "ocr-tls"))
    _, _, lead, follow = objects(made)
    names = [[one["name"] for one in job["spec"]["template"]["spec"]["volumes"]] for job in (lead, follow)]
    assert names == [["token", "steps"], ["token", "authorities", "caller"]]


def test_a_target_that_is_not_there_fails_the_job_and_is_said(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    said, ends = played(shared(port, Step(40.0, 2.0, 5.0), Step(80.0, 2.0, 5.0), workers=1), tmp_path)
    assert ends[0] == 1
    assert said[-1]["problem"].startswith("refused: ")
    assert len(said) == 2, "after a step that nothing came of, none is tried"


def test_requests_that_do_not_fit_are_refused() -> None:
    with pytest.raises(TooLarge, match="a ConfigMap has room for"):
        objects(shared(1, Step(1.0, 1.0), body=b"x" * MOST_BYTES))


def test_pods_keep_to_what_a_restricted_namespace_allows() -> None:
    for one in objects(shared(1, Step(1.0, 1.0)))[2:]:
        pod = one["spec"]["template"]["spec"]
        assert pod["securityContext"]["runAsNonRoot"]
        assert all(container["securityContext"]["capabilities"] == {"drop": ["ALL"]} for container in pod["containers"])
        assert yaml.safe_load(yaml.safe_dump(one)) == one
