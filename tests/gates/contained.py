"""A comb whose operator does what its requests name, its image, and `comb gate` of it in a real engine."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.architecture.imports import ROOT
from tests.images.example import comb

if TYPE_CHECKING:
    from docker import DockerClient

__all__ = ["Gate", "gate", "greeter", "samples", "socket_of"]

COMB = """\
apiVersion: comb.dev/v1
kind: Comb
metadata: {name: hello}
interface: {proto: hello.proto, method: hello.v1.GreeterService/Greet}
operators:
  greet:
    run: operators:Greet
    in: {request: hello.v1.GreetRequest}
    out: hello.v1.GreetResponse
    timeout: 60s
    resources: {cpu: 1}
graph:
  greeting: greet(request=$request)
  return: greeting
sla: {deadline: 120s}
gates:
  availability: {samples: samples/standard}
  replay: {error: {samples: samples/standard}}
environments: {staging: {}}
"""
PLATFORM = """
apiVersion: comb.dev/v1
kind: Platform
metadata: {name: small}
clusters:
  here: {nodePools: {cpu: {nodes: 2, cpu: 8, memory: 32Gi}}}
namespaces: {hello: {}}
environments: {staging: {clusters: [here], namespace: hello}}
registry: {push: REGISTRY/combs}
environmentRepository: {url: "https://git.acme.example/envs.git", branch: main}
"""
CODE = """
from comb_compiler.runtime import Messages

WAYS = {}


class Greet:
    def __init__(self, messages: Messages) -> None:
        self._answer = messages["hello.v1.GreetResponse"]

    def __call__(self, request: "hello.v1.GreetRequest") -> "hello.v1.GreetResponse":
        way = WAYS.get(request.name.partition(" ")[0])
        return self._answer(text=str(way(request.name)) if way else f"Hello, {request.name}!")
"""


class Gate(NamedTuple):
    """What `comb gate` did, and its reports by the names of their files."""

    code: int
    out: str
    err: str
    reports: Mapping[str, str]

    @property
    def report(self) -> dict[str, Any]:
        """report.json."""
        found: dict[str, Any] = json.loads(self.reports["report.json"])
        return found

    @property
    def verdicts(self) -> dict[str, str]:
        """Of each gate."""
        return {one["gate"]: one["ruling"]["verdict"] for one in self.report["gates"]}

    @property
    def answered(self) -> dict[str, Any]:
        """What came of the samples that are worth a look: the value that is not expected, or why there is none."""
        found = {}
        for result in self.report["gates"]:
            for one in result["findings"]:
                found[one["name"]] = one["message"] or next((place["after"] for place in one["places"]), "")
        return found


def greeter(root: Path, base: Path, wheels: Path, code: str = CODE, registry: str = "registry.acme.example") -> Path:
    """A comb in a checkout of its own, and the layout `images` with what `images.json` names."""
    (root / ".git").mkdir(parents=True)
    (root / "hello.proto").write_bytes((ROOT / "examples" / "hello" / "hello.proto").read_bytes())
    (root / "comb.yaml").write_text(COMB, encoding="utf-8")
    (root / "platform.yaml").write_text(PLATFORM.replace("REGISTRY", registry), encoding="utf-8")
    build(root, base, wheels, code)
    return root


def build(root: Path, base: Path, wheels: Path, code: str) -> None:
    """Have the comb this code, and its image."""
    (root / "operators.py").write_text(code, encoding="utf-8")
    where = ("--platform", "platform.yaml", "--environment", "staging", "--wheels", str(wheels))
    comb(root, "image", "build", ".", *where, f"--base=cpu=oci:{base}", "-o", "images", "--no-code")


def samples(root: Path, expected: Mapping[str, str]) -> None:
    """Have the comb these standard samples: what is answered to a name, by the name."""
    shutil.rmtree(root / "samples", ignore_errors=True)
    for number, (name, text) in enumerate(expected.items()):
        directory = root / "samples" / "standard" / f"{number}-{name.partition(' ')[0]}"
        directory.mkdir(parents=True)
        (directory / "request.json").write_text(json.dumps({"name": name}), encoding="utf-8")
        (directory / "expected.json").write_text(json.dumps({"text": text}), encoding="utf-8")


def gate(root: Path, engine: "DockerClient | None", *arguments: str, env: Mapping[str, str] | None = None) -> Gate:
    """`comb gate` of the comb as a user runs it, and what it reported; without an `engine` there is none."""
    reports = root.parent / "report"
    shutil.rmtree(reports, ignore_errors=True)
    place = "/nowhere/docker.sock" if engine is None else socket_of(engine)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1", "DOCKER_HOST": f"unix://{place}"}
    command = [sys.executable, "-m", "comb_compiler", "gate", *arguments, ".", "--report", str(reports)]
    done = subprocess.run(command, cwd=root, env={**environment, **(env or {})}, capture_output=True, timeout=900)
    out, err = done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace")
    assert "Traceback" not in out + err, err
    return Gate(done.returncode, out, err, {one.name: one.read_text("utf-8") for one in reports.glob("*")})


def socket_of(engine: "DockerClient") -> str:
    """Where an engine listens."""
    return str(engine.api._custom_adapter.socket_path)
