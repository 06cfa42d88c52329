"""How the process ends when something in it does not."""

import gc
import subprocess
import sys
from pathlib import Path

import pytest

from comb_compiler.cli import main
from tests.architecture.imports import ROOT

_SCRIPT = """
import atexit, sys, threading, time
import numpy, onnxruntime
import comb_compiler.runtime  # as whatever runs operators does
from comb_compiler.cli.main import main

session = onnxruntime.InferenceSession(sys.argv.pop())
name = session.get_inputs()[0].name

def forever():
    while True:
        session.run(None, {name: numpy.zeros((1, 3, 96, 96), numpy.float32)})

threading.Thread(target=forever, daemon=True, name="comb-detect").start()
atexit.register(lambda: print("tidied up"))
time.sleep(0.2)
sys.exit(main())
"""


def test_what_a_command_turns_off_for_itself_is_on_when_it_ends() -> None:
    assert main(["render", "absent", "--platform", "absent.yaml", "--environment", "none"]) == 2
    assert gc.isenabled()


_ENDING = """
import atexit, os, sys, threading
from comb_compiler.cli.ending import end, keep

class Made:
    def __del__(self, write=os.write):
        write(1, b"taken apart\\n")

keep(Made())
atexit.register(print, "tidied up")
print("before", end=" ", flush=True)
{before}
end(3)
print("after")
"""


@pytest.mark.parametrize(
    ("before", "told"),
    [
        ("", "before tidied up\n"),
        ("sys.stdout = None", "before "),
        ("threading.Timer(0.1, print, ['waited for']).start()", "before after\nwaited for\ntidied up\n"),
        ("sys.setprofile(lambda *event: None)", "before after\ntidied up\n"),
    ],
)
def test_a_process_ends_at_once_unless_python_has_something_to_wait_for(before: str, told: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _ENDING.format(before=before)], capture_output=True, text=True, timeout=600, check=False
    )
    at_once = "after" not in told
    assert (done.returncode, done.stdout.replace("taken apart\n", "")) == (3 if at_once else 0, told)
    assert ("taken apart" in done.stdout) != at_once


def test_a_disk_that_is_full_is_no_bug_of_ours() -> None:
    command = [sys.executable, "-m", "comb_compiler", "explain", "COMB1001"]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=600, check=False)
    assert (done.returncode, done.stderr) == (4, "comb: what it writes: No space left on device\n")


@pytest.mark.slow
@pytest.mark.parametrize(("command", "code"), [("explain COMB1001", 0), ("explain NONSENSE", 2)])
def test_a_call_that_hangs_in_native_code_does_not_cost_the_exit_code(command: str, code: int) -> None:
    from tests.examples.moderation import locate, patient_plan

    model = next(locate(one.model) for one in patient_plan().bindings if one.model and "detection" in one.model.name)
    done = subprocess.run(
        [sys.executable, "-c", _SCRIPT, *command.split(), str(model)], cwd=Path(ROOT), capture_output=True, text=True
    )
    assert (done.returncode, "terminate" in done.stderr) == (code, False)
    assert done.stdout.endswith("tidied up\n")
