"""The runtime by itself: with Protobuf, and without the compiler, its other packages, or any extra."""

import importlib.util
import shutil
import subprocess
import sys
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


@pytest.fixture
def alone(tmp_path: Path) -> Path:
    """A directory with the packages `release` and `runtime`, and Protobuf."""
    package = tmp_path / "comb_compiler"
    package.mkdir()
    shutil.copy(ROOT / "comb_compiler" / "__init__.py", package)
    for name in ("release", "runtime"):
        shutil.copytree(ROOT / "comb_compiler" / name, package / name, ignore=shutil.ignore_patterns("__pycache__"))
    spec = importlib.util.find_spec("google.protobuf")
    assert spec is not None
    assert spec.origin is not None
    google = tmp_path / "google"
    google.mkdir()
    (google / "protobuf").symlink_to(Path(spec.origin).parent)
    (google / "_upb").symlink_to(Path(spec.origin).parents[1] / "_upb")
    return tmp_path


def test_it_runs_operators_and_graphs(alone: Path) -> None:
    command = [sys.executable, "-S", "-P", "-c", _SCRIPT]  # -S: nothing that is installed here
    done = subprocess.run(command, cwd=alone, env={"PYTHONPATH": str(alone)}, capture_output=True, text=True)
    assert (done.stdout, done.stderr, done.returncode) == ("ALONE\n", "", 0)


@pytest.mark.parametrize("module", ["comb_compiler.spec", "pydantic", "yaml", "cel_expr_python", "grpc", "uvloop"])
def test_the_rest_is_really_away(alone: Path, module: str) -> None:
    command = [sys.executable, "-S", "-P", "-c", f"import {module}"]
    done = subprocess.run(command, cwd=alone, env={"PYTHONPATH": str(alone)}, capture_output=True, text=True)
    assert "ModuleNotFoundError" in done.stderr
