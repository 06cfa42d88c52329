"""What GPUs and processes on them do, asked through pynvml of a library that answers as NVML's documentation says.

It is found as the real one is, by the system's loader, so that each test looks from a process of its own.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import RequiresTool
from tests.support.nvml import driver

_GIB = 2**30
_LOOK = """
import json
from comb_compiler.devices import of_process, snapshot, uses
looked = snapshot()
print(json.dumps({
    "devices": [one._asdict() for one in looked], "because": looked.because,
    "uses": [one._asdict() for one in uses()], "mine": [one._asdict() for one in of_process(MINE)],
}))
"""
_MINE = 31337


@pytest.fixture(scope="session")
def drivers(tmp_path_factory: pytest.TempPathFactory, requires_tool: RequiresTool) -> Path:
    """Directories `new` and `old` with a library of that age."""
    made = tmp_path_factory.mktemp("drivers")
    driver(made / "new", requires_tool("cc"))
    driver(made / "old", requires_tool("cc"), is_old=True)
    return made


def run(script: str, directory: Path, wrong: str = "") -> str:
    environment = os.environ | {"LD_LIBRARY_PATH": str(directory), "FAKE_NVML": wrong, "FAKE_PID": str(_MINE)}
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def look(directory: Path, wrong: str = "") -> Any:
    return json.loads(run(_LOOK.replace("MINE", str(_MINE)), directory, wrong))


def test_a_gpu_says_what_it_does(drivers: Path) -> None:
    first = look(drivers / "new")["devices"][0]
    assert first == {
        "number": 0,
        "uuid": "GPU-0",
        "name": "NVIDIA A10",
        "parent": "",
        "has_instances": False,
        "utilization": 0.83,
        "memory_used": 3 * _GIB,
        "memory_total": 24 * _GIB,
        "power": 148.25,
        "power_limit": 150.0,
        "temperature": 67,
        "clock": 1410,
        "clock_limit": 1695,
        "memory_clock": 6251,
        "slowed_by": ["power cap", "heat"],
        "missing": [],
    }


def test_a_driver_that_lacks_newer_functions_is_asked_by_older_ones(drivers: Path) -> None:
    looked = look(drivers / "old")
    first = looked["devices"][0]
    assert (first["memory_used"], first["temperature"], first["slowed_by"]) == (4 * _GIB, 66, ["power cap"])
    assert [one["memory"] for one in looked["mine"]] == [3 * _GIB, _GIB]
    assert first["missing"] == []


def test_a_driver_that_wants_another_version_of_a_structure_is_asked_without_one(drivers: Path) -> None:
    first = look(drivers / "new", "newer")["devices"][0]
    assert (first["memory_used"], first["temperature"], first["missing"]) == (4 * _GIB, 66, [])


def test_instances_follow_their_gpu(drivers: Path) -> None:
    devices = look(drivers / "new")["devices"]
    assert [(one["uuid"], one["parent"]) for one in devices] == [
        ("GPU-0", ""),
        ("GPU-1", ""),
        ("MIG-1-0", "GPU-1"),
        ("MIG-1-2", "GPU-1"),
        ("GPU-2", ""),
    ]
    assert [one["has_instances"] for one in devices] == [False, True, False, False, False]
    assert devices[1]["utilization"] is None
    assert devices[1]["missing"] == [["utilization", "Not Supported"]]
    assert devices[2]["memory_used"] == 3 * _GIB
    assert devices[2]["missing"] == []  # what is the GPU's is not asked of it


def test_an_instance_of_somebody_else_is_said(drivers: Path) -> None:
    devices = look(drivers / "new", "other-tenant")["devices"]
    assert [one["uuid"] for one in devices] == ["GPU-0", "GPU-1", "MIG-1-0", "GPU-2"]
    assert ["instance 2", "Insufficient Permissions"] in devices[1]["missing"]


@pytest.mark.parametrize(("wrong", "why"), [("not-mine", "Insufficient Permissions"), ("fallen-off", "GPU is lost")])
def test_a_gpu_that_cannot_be_had_says_why_and_the_others_answer(drivers: Path, wrong: str, why: str) -> None:
    devices = look(drivers / "new", wrong)["devices"]
    assert devices[-1]["missing"] == [["device", why]]
    assert (devices[-1]["number"], devices[-1]["uuid"], devices[-1]["power"]) == (2, "", None)
    assert devices[0]["power"] == 148.25


def test_a_gpu_that_is_lost_while_it_is_asked_says_so_of_each_field(drivers: Path) -> None:
    lost = look(drivers / "new", "lost-while-open")["devices"][-1]
    assert {why for _, why in lost["missing"]} == {"GPU is lost"}
    assert {field for field, _ in lost["missing"]} >= {"uuid", "utilization", "memory_used", "power", "slowed_by"}


def test_what_a_gpu_does_not_measure_is_missing_and_not_zero(drivers: Path) -> None:
    first = look(drivers / "new", "no-power")["devices"][0]
    assert (first["power"], first["missing"]) == (None, [["power", "Not Supported"]])


def test_a_name_that_is_no_text_is_missing(drivers: Path) -> None:
    first = look(drivers / "new", "no-text")["devices"][0]
    assert (first["name"], first["missing"]) == ("", [["name", "what the driver says is no text"]])


@pytest.mark.parametrize(
    ("wrong", "because"),
    [
        ("no-driver", "the NVIDIA driver is not loaded"),
        ("updated", "RM has detected an NVML/RM version mismatch."),
        ("no-gpu", "the NVIDIA driver knows of no GPU"),
    ],
)
def test_where_there_is_no_gpu_the_reason_is_told(drivers: Path, wrong: str, because: str) -> None:
    assert look(drivers / "new", wrong) == {"devices": [], "because": because, "uses": [], "mine": []}


def test_without_a_driver_there_is_none(tmp_path: Path) -> None:
    (tmp_path / "libnvidia-ml.so.1").write_bytes(b"this is no library")
    because = "there is no NVIDIA driver here (libnvidia-ml.so.1 is not found)"
    assert look(tmp_path) == {"devices": [], "because": because, "uses": [], "mine": []}


def test_without_the_package_there_is_none(tmp_path: Path) -> None:
    script = "import sys; sys.modules['pynvml'] = None\nfrom comb_compiler.devices import *\n"
    script += "print(snapshot().because, snapshot(), of_process(1))"
    assert run(script, tmp_path).strip() == ("nvidia-ml-py is not installed (pip install 'comb-compiler[gpu]') () ()")


def test_a_package_that_is_broken_is_said(tmp_path: Path) -> None:
    (tmp_path / "pynvml.py").write_text("raise RuntimeError('not today')")
    script = f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
    script += "from comb_compiler.devices import *\nprint(snapshot().because, uses())"
    assert run(script, tmp_path).strip() == "nvidia-ml-py is broken: not today ()"


def test_what_processes_take(drivers: Path) -> None:
    looked = look(drivers / "new")
    assert [list(one.values()) for one in looked["uses"]] == [
        [777, "GPU-0", _GIB // 2, None],  # by MPS; more than all of the time is nonsense
        [4242, "GPU-0", None, 0.0],  # its memory is not known, and what it did is long ago
        [_MINE, "GPU-0", 3 * _GIB, 0.57],  # the newest sample
        [_MINE, "MIG-1-0", _GIB, None],
    ]
    assert looked["mine"] == [one for one in looked["uses"] if one["pid"] == _MINE]


@pytest.mark.parametrize("wrong", ["idle", "silent"])
def test_a_process_of_which_there_are_no_samples_was_idle(drivers: Path, wrong: str) -> None:
    assert [one["utilization"] for one in look(drivers / "new", wrong)["mine"]] == [0.0, None]


def test_processes_that_come_between_two_calls_are_listed(drivers: Path) -> None:
    of_first = [one for one in look(drivers / "new", "crowd")["uses"] if one["device"] == "GPU-0"]
    assert len(of_first) == 61


def test_memory_that_no_gpu_has_is_not_known(drivers: Path) -> None:
    looked = look(drivers / "new", "nonsense")
    assert [one["memory"] for one in looked["uses"] if one["pid"] == 4242] == [None]


def test_a_package_that_is_too_old_for_a_question_is_asked_otherwise(drivers: Path) -> None:
    script = """
import pynvml
from comb_compiler.devices import snapshot
now = pynvml.nvmlDeviceGetMemoryInfo
pynvml.nvmlDeviceGetMemoryInfo = lambda handle: now(handle)  # as it was before answers had versions
del pynvml.nvmlDeviceGetTemperatureV, pynvml.nvmlDeviceGetPowerUsage
first = snapshot()[0]
print(first.memory_used, first.temperature, first.missing)
"""
    assert run(script, drivers / "new").strip() == (f"{4 * _GIB} 66 (('power', 'this nvidia-ml-py is too old'),)")


def test_whoever_looks_closes_what_it_has_opened(drivers: Path) -> None:
    script = """
import pynvml
from comb_compiler.devices import kept_open, snapshot, uses
def is_open():
    try:
        return pynvml.nvmlDeviceGetCount() == 3
    except pynvml.NVMLError_Uninitialized:
        return False
snapshot(), uses()
print(is_open() if pynvml.nvmlLib else None)
with kept_open():
    snapshot(), uses()
    print(is_open())
print(is_open())
"""
    assert run(script, drivers / "new").split() == ["False", "True", "False"]


def test_to_keep_open_what_is_not_there_does_nothing(tmp_path: Path) -> None:
    script = "from comb_compiler.devices import *\nwith kept_open(): print(len(snapshot()), len(uses()))"
    (tmp_path / "libnvidia-ml.so.1").write_bytes(b"")
    assert run(script, tmp_path).split() == ["0", "0"]
