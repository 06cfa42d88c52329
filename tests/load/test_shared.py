"""A load that several processes share as pods do: by files, without anybody at their standard input."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from comb_compiler.load import Input, Step
from comb_compiler.load.kubernetes import MOST_BYTES, Shared, TooLarge, objects
from tests.load.serving import job, serving
from tests.servers.processes import free_ports

COMMAND = [sys.executable, "-m", "comb_compiler.load.process"]


def shared(port: int, *steps: Step, workers: int = 2, body: bytes = b"text") -> Shared:
    made = job(port, Input(body))
    return Shared("load-ocr", "ocr", "registry.example.com/load:1", "load-token", workers, made, steps)


def played(made: Shared, directory: Path) -> tuple[list[dict[str, Any]], list[int]]:
    """What the one that leads says, and how all of them end; with the arguments that their objects have."""
    config, _, lead, follow = objects(made)
    (directory / "steps.jsonl").write_text(config["data"]["steps.jsonl"], encoding="utf-8")
    (directory / "token").write_text("secret\n", encoding="utf-8")
    (port,) = free_ports(1)
    here = {
        "/steps/steps.jsonl": f"{directory}/steps.jsonl",
        "/token/token": f"{directory}/token",
        "0.0.0.0": "127.0.0.1",
        "load-ocr": "127.0.0.1",
        "5557": str(port),
    }
    commands = []
    for one in (lead, *[follow] * made.workers):
        (container,) = one["spec"]["template"]["spec"]["containers"]
        assert container["command"][1:] == COMMAND[1:]
        commands.append([*COMMAND, *(here.get(text, text) for text in container["args"])])
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
