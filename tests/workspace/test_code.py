"""Asking operators' code what it declares: it is anyone's code, and does what it likes to the process that asks it."""

import os
import time
from pathlib import Path

import pytest

from comb_compiler.spec.code import Question
from comb_compiler.workspace.checkout import Checkout
from comb_compiler.workspace.code import describe_code

_GOOD = """
from google.protobuf.wrappers_pb2 import StringValue

def echo(text: StringValue) -> StringValue:
    return text
"""

_DEEDS = {
    "a process that holds what it inherits": "import subprocess\nsubprocess.Popen(['sleep', '600'])",
    "a copy of itself": "import os, time\nif not os.fork():\n    time.sleep(600)",
    "a copy that answers too": "import os\nos.fork()",
    "a thread that does not end": "import threading, time\nthreading.Thread(target=time.sleep, args=(600,)).start()",
    "something at the end": "import atexit, time\natexit.register(time.sleep, 600)",
    "a lot of output": "print('x' * 10_000_000)",
}


def asked(directory: Path, *entries: str, seconds: float = 60.0) -> dict[str, list[str]]:
    found = describe_code(Checkout(directory), "comb.yaml", [Question(entry, ()) for entry in entries], seconds)
    return {entry: list(answer["reasons"]) for entry, answer in found.items()}


def marked(mark: str) -> list[str]:
    """Processes whose environment has `mark`."""
    found = []
    for one in Path("/proc").glob("[0-9]*/environ"):
        try:
            if mark.encode() in one.read_bytes() and int(one.parent.name) != os.getpid():
                found.append(one.parent.name)
        except OSError:
            continue
    return found


@pytest.mark.parametrize("deed", _DEEDS)
def test_code_is_asked_whatever_it_starts_and_that_ends_with_it(
    tmp_path: Path, deed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark = f"mark-of-{tmp_path.name}"
    monkeypatch.setenv("MARK", mark)
    (tmp_path / "echoing.py").write_text(f"{_DEEDS[deed]}\n{_GOOD}", encoding="utf-8")
    assert asked(tmp_path, "echoing:echo") == {"echoing:echo": []}
    bound = time.monotonic() + 30
    while (left := marked(mark)) and time.monotonic() < bound:
        time.sleep(0.05)
    assert left == []


def test_code_that_hangs_is_said_and_the_rest_is_asked(tmp_path: Path) -> None:
    (tmp_path / "hanging.py").write_text("import time\ntime.sleep(600)", encoding="utf-8")
    (tmp_path / "echoing.py").write_text(_GOOD, encoding="utf-8")
    assert asked(tmp_path, "hanging:echo", "echoing:echo", seconds=10.0) == {
        "hanging:echo": ["importing it takes more than 10 seconds"],
        "echoing:echo": [],
    }


def test_what_cannot_be_encoded_is_said_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "failing.py").write_text("raise ValueError('\\ud800')", encoding="utf-8")
    assert asked(tmp_path, "failing:echo") == {"failing:echo": ["`failing` cannot be imported: ValueError: ?"]}
