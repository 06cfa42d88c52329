"""The distribution `comb-runtime` by itself: with Protobuf, and without the compiler or any extra."""

import asyncio
import importlib.util
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet
from google.protobuf.wrappers_pb2 import DESCRIPTOR, StringValue

from comb_compiler.release import Binding, ExecutionPlan, Graph, Input, Method, Node, Port, Process, plan_bytes
from tests.architecture.imports import ROOT
from tests.runtime.service import processes as serving, serving as client

_SCRIPT = """
import asyncio, sys
from pathlib import Path
from google.protobuf.source_context_pb2 import SourceContext, DESCRIPTOR
from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet
from comb_compiler.release import Binding, ExecutionPlan, Graph, Input, Method, Node, Port, Process
from comb_compiler.runtime import harness
from comb_compiler.runtime.engine import Engine, run
from comb_compiler.runtime.health import Health
from comb_compiler.samples import load_sample_set

def shout(text: SourceContext) -> SourceContext:
    return SourceContext(file_name=text.file_name.upper())

with harness(shout) as call:
    assert call(text=SourceContext(file_name="a")).file_name == "A"

name = "google.protobuf.SourceContext"
descriptors = FileDescriptorSet(file=[FileDescriptorProto.FromString(DESCRIPTOR.serialized_pb)]).SerializeToString()
plan = ExecutionPlan(
    "alone", Method("s", "m", name, name), (Graph((Node("a", 0, (Input("text", -1),), ()),), 0),),
    (Binding("shout", "shout", (Port("text", name),), name, run="__main__:shout"),), descriptors,
    processes=(Process("main", (0,)),),
)

samples, flaws = load_sample_set(Path(sys.argv[1]))
assert not flaws
health = Health(plan, samples)

async def main():
    async with Engine(plan, observers=[health.observer]) as engine:
        report = await health.once(engine)
        await health.close()
        return (await engine.call(SourceContext(file_name="alone"))).file_name, report.level.word

print(*run(main()))
"""


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with what the distribution `comb-runtime` installs, and Protobuf."""
    directory = tmp_path_factory.mktemp("alone")
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(directory)]
    subprocess.run(build, cwd=ROOT / ".ci" / "runtime", check=True, capture_output=True)
    (wheel,) = directory.glob("comb_runtime-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(directory)
    spec = importlib.util.find_spec("google.protobuf")
    assert spec is not None
    assert spec.origin is not None
    google = directory / "google"
    google.mkdir()
    (google / "protobuf").symlink_to(Path(spec.origin).parent)
    (google / "_upb").symlink_to(Path(spec.origin).parents[1] / "_upb")
    return directory


def test_it_runs_operators_and_graphs_and_asks_golden_samples(alone: Path, tmp_path: Path) -> None:
    (tmp_path / "golden").mkdir()
    (tmp_path / "golden" / "request.json").write_text('{"fileName": "a"}')
    (tmp_path / "golden" / "expected.json").write_text('{"fileName": "A"}')
    command = [sys.executable, "-S", "-P", "-c", _SCRIPT, str(tmp_path)]  # -S: nothing that is installed here
    done = subprocess.run(command, cwd=alone, env={"PYTHONPATH": str(alone)}, capture_output=True, text=True)
    assert (done.stdout, done.stderr, done.returncode) == ("ALONE healthy\n", "", 0)


@pytest.mark.parametrize("module", ["comb_compiler.spec", "pydantic", "yaml", "cel_expr_python", "grpc", "uvloop"])
def test_the_rest_is_really_away(alone: Path, module: str) -> None:
    command = [sys.executable, "-S", "-P", "-c", f"import {module}"]
    done = subprocess.run(command, cwd=alone, env={"PYTHONPATH": str(alone)}, capture_output=True, text=True)
    assert "ModuleNotFoundError" in done.stderr


_OPERATOR = """
from google.protobuf.wrappers_pb2 import StringValue

def shout(text: StringValue) -> StringValue:
    return StringValue(value=text.value.upper())
"""


@pytest.fixture(scope="module")
def extras(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with what the distribution's extra `service` brings."""
    directory = tmp_path_factory.mktemp("extras")
    for name in ("grpc", "grpc_health", "grpc_reflection", "h11", "prometheus_client", "typing_extensions"):
        spec = importlib.util.find_spec(name)
        assert spec is not None
        assert spec.origin is not None
        origin = Path(spec.origin)
        origin = origin.parent if origin.name == "__init__.py" else origin
        (directory / origin.name).symlink_to(origin)
    return directory


def test_it_serves_a_plan(alone: Path, extras: Path, tmp_path: Path) -> None:
    name = "google.protobuf.StringValue"
    descriptors = FileDescriptorSet(file=[FileDescriptorProto.FromString(DESCRIPTOR.serialized_pb)])
    plan = ExecutionPlan(
        "alone",
        Method("alone.v1.Alone", "Shout", name, name),
        (Graph((Node("a", 0, (Input("text", -1),), ()),), 0),),
        (Binding("shout", "shout", (Port("text", name),), name, run="operators:shout"),),
        descriptors.SerializeToString(),
        processes=(Process("main", (0,)),),
    )
    (tmp_path / "plan.json").write_bytes(plan_bytes(plan))
    (tmp_path / "operators.py").write_text(_OPERATOR, encoding="utf-8")
    command = [sys.executable, "-S", "-P", "-m", "comb_compiler.runtime.service", str(tmp_path / "plan.json")]
    command += ["--code", str(tmp_path), "--grpc-port=0", "--http-port=0", "--settle=0"]
    running = serving.Process(command, cwd=alone, env={"PYTHONPATH": f"{alone}:{extras}"})
    try:
        answer = asyncio.run(client.exchange(running.http, "/v1/call", b'{"fileName": "a"}', content_type="text/json"))
        assert answer.status == 415
        kind = "application/x-protobuf"
        content = StringValue(value="alone").SerializeToString()
        answer = asyncio.run(client.exchange(running.http, "/v1/call", content, content_type=kind, accept=kind))
        assert StringValue.FromString(answer.content).value == "ALONE"
        running.tell()
        assert running.ended() == 0
    finally:
        running.end()
