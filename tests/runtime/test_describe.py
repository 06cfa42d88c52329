"""`python -m comb_compiler.runtime.describe`: what code declares, from a process of its own."""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.architecture.imports import ROOT

_CODE = """
import sys
from dataclasses import dataclass
print("printed while imported")
from google.protobuf.wrappers_pb2 import StringValue
from comb_compiler.runtime import Model, operator

@dataclass
class Params:
    side: int

@operator(execution="process", retry_safe=True, concurrency=3)
class Cut:
    def __init__(self, model: Model[Params]) -> None: ...
    def __call__(self, text: StringValue | None) -> StringValue: ...

@operator(batch=True)
def many(text: list[StringValue]) -> list[StringValue]: ...
"""


def described(directory: Path, *arguments: str) -> list[dict[str, Any]]:
    command = [sys.executable, "-m", "comb_compiler.runtime.describe", "--path", str(directory), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["version"] == 1
    found: list[dict[str, Any]] = answer["operators"]
    return found


def test_what_code_declares_is_printed_whatever_the_code_prints(tmp_path: Path) -> None:
    (tmp_path / "cutting.py").write_text(_CODE, encoding="utf-8")
    params = json.dumps({"cutting:Cut": [{"side": 3}, {"side": "3"}]})
    cut, many = described(tmp_path, "cutting:Cut", "cutting:many", "--params", params)
    assert cut == {
        "entry": "cutting:Cut",
        "reasons": [],
        "ports": [{"name": "text", "type": "google.protobuf.StringValue", "buffers": [], "optional": True}],
        "out": {"type": "google.protobuf.StringValue", "buffers": []},
        "batch": False,
        "async": False,
        "execution": "process",
        "retrySafe": True,
        "concurrency": 3,
        "needsModel": True,
        "needsWorkspace": False,
        "misfits": [[], ["`side` is '3' (str), not int"]],
    }
    assert (many["batch"], many["execution"], many["needsModel"]) == (True, "thread", False)


def test_code_that_fails_or_ends_the_process_is_said_and_the_next_is_described(tmp_path: Path) -> None:
    (tmp_path / "failing.py").write_text("1 / 0", encoding="utf-8")
    (tmp_path / "ending.py").write_text("raise SystemExit(0)", encoding="utf-8")
    (tmp_path / "cutting.py").write_text(_CODE, encoding="utf-8")
    found = described(tmp_path, "failing:X", "ending:X", "cutting:Nobody", "cutting:many")
    assert [one["reasons"] for one in found] == [
        ["`failing` cannot be imported: ZeroDivisionError: division by zero"],
        ["importing it ends the process, with 0"],
        ["`cutting` has no `Nobody`"],
        [],
    ]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux kills a process with its parent")
def test_code_that_is_imported_for_ever_ends_with_whoever_asks(tmp_path: Path) -> None:
    code = "import os; print(os.getpid(), file=open('pid.new', 'w')); os.replace('pid.new', 'pid')\nwhile True: pass\n"
    (tmp_path / "endless.py").write_text(code, encoding="utf-8")
    command = [sys.executable, "-m", "comb_compiler.runtime.describe", "--path", str(tmp_path), "endless:X"]
    script = (
        f"import subprocess; subprocess.run({command!r}, cwd={str(tmp_path)!r}, env={{'PYTHONPATH': {str(ROOT)!r}}})"
    )
    with subprocess.Popen([sys.executable, "-c", script]) as asking:
        bound = time.monotonic() + 240
        while not (tmp_path / "pid").exists():
            assert time.monotonic() < bound
            time.sleep(0.02)
        asking.kill()
    pid = (tmp_path / "pid").read_text(encoding="ascii").strip()
    while Path(f"/proc/{pid}").exists():
        assert time.monotonic() < bound
        time.sleep(0.02)


def test_the_sdk_loads_nothing_of_the_compiler() -> None:
    script = "import sys, comb_compiler.runtime, comb_compiler.runtime.engine; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT, check=True)
    loaded = set(done.stdout.split())
    ours = {name.split(".")[1] for name in loaded if name.startswith("comb_compiler.")}
    assert ours == {"cel", "release", "runtime"}
    assert loaded.isdisjoint({"pydantic", "yaml", "grpc", "cel_expr_python"})
