"""The distribution `comb-runtime` by itself: with Protobuf, and without the compiler or any extra."""

import importlib.util
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.architecture.imports import ROOT

_SCRIPT = """
import asyncio, sys
from google.protobuf.wrappers_pb2 import StringValue, DESCRIPTOR
from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet
from comb_compiler.release import Binding, ExecutionPlan, Graph, Input, Method, Node, Port, Process
from comb_compiler.runtime import harness
from comb_compiler.runtime.engine import Engine, run

def shout(text: StringValue) -> StringValue:
    return StringValue(value=text.value.upper())

with harness(shout) as call:
    assert call(text=StringValue(value="a")).value == "A"

name = "google.protobuf.StringValue"
descriptors = FileDescriptorSet(file=[FileDescriptorProto.FromString(DESCRIPTOR.serialized_pb)]).SerializeToString()
plan = ExecutionPlan(
    "alone", Method("s", "m", name, name), (Graph((Node("a", 0, (Input("text", -1),), ()),), 0),),
    (Binding("shout", "shout", (Port("text", name),), name, run="__main__:shout"),), descriptors,
    processes=(Process("main", (0,)),),
)

async def main():
    async with Engine(plan) as engine:
        return (await engine.call(StringValue(value="alone"))).value

print(run(main()))
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


def test_it_runs_operators_and_graphs(alone: Path) -> None:
    command = [sys.executable, "-S", "-P", "-c", _SCRIPT]  # -S: nothing that is installed here
    done = subprocess.run(command, cwd=alone, env={"PYTHONPATH": str(alone)}, capture_output=True, text=True)
    assert (done.stdout, done.stderr, done.returncode) == ("ALONE\n", "", 0)


@pytest.mark.parametrize("module", ["comb_compiler.spec", "pydantic", "yaml", "cel_expr_python", "grpc", "uvloop"])
def test_the_rest_is_really_away(alone: Path, module: str) -> None:
    command = [sys.executable, "-S", "-P", "-c", f"import {module}"]
    done = subprocess.run(command, cwd=alone, env={"PYTHONPATH": str(alone)}, capture_output=True, text=True)
    assert "ModuleNotFoundError" in done.stderr
