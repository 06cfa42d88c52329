"""However a run of `comb gate` or what it asks ends: every sample is accounted for, and nothing is left behind."""

import os
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from comb_compiler.cli.processes import free_port, held_port
from tests.cli.test_gate import RIGHT, gate, greeting, started, verdicts

PID = 'open(os.environ["HOME"] + "/pid", "a").write(f"{os.getpid()}\\n")'
SLOW = f'{PID} and __import__("time").sleep(0.2) or {RIGHT}'


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where operators say which process they are in; and a cache of its own."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("COMB_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path


def waited_for(holds: Callable[[], bool]) -> bool:
    until = time.monotonic() + 600
    while time.monotonic() < until:
        if holds():
            return True
        time.sleep(0.01)
    return False


def pids(home: Path) -> list[int]:
    file = home / "pid"
    return [int(line) for line in file.read_text("utf-8").split()] if file.exists() else []


def is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0]
    return state != "Z"


def test_a_target_that_is_killed_half_way_leaves_no_sample_unaccounted_for(home: Path) -> None:
    killed_by_the_first = '__import__("time").sleep(3) or os.kill(os.getpid(), signal.SIGKILL)'
    after = greeting(home / "after", killed_by_the_first)
    ran, report = gate(after, "availability", "--baseline", "none", "--at-once", "3")
    (only,) = report["gates"]
    assert (ran.code, only["ruling"]["verdict"]) == (3, "blocked"), ran.out + ran.err
    assert (only["asked"], only["answered"], only["failed"]) == (3, 0, 3), "all three were under way"
    assert "after 0 of 3 requests, with ada, alan, grace under way" in only["ruling"]["why"][0]


def test_a_run_that_is_killed_leaves_no_process(home: Path) -> None:
    running = started(greeting(home / "after", SLOW.replace("0.2", "50")), {}, "availability", "--baseline", "none")
    assert waited_for(lambda: bool(pids(home)))
    running.send_signal(signal.SIGKILL)
    running.communicate(timeout=600)
    assert waited_for(lambda: not any(is_there(pid) for pid in pids(home)))


LEAVES = """\
import os, time
reading, writing = os.pipe()
if os.fork():
    os.read(reading, 1)
    os._exit(0)
os.setsid()
with open(os.environ["HOME"] + "/pid", "a") as file:
    file.write(f"{os.getpid()}\\n")
os.write(writing, b"x")
time.sleep(1000)
"""


def test_what_operators_leave_in_sessions_of_their_own_ends_with_the_run(home: Path) -> None:
    started_aside = f'__import__("subprocess").run([__import__("sys").executable, "-c", {LEAVES!r}])'
    after = greeting(home / "after", f"{started_aside} and {RIGHT}")
    ran, _ = gate(after, "availability", "--baseline", "none", "--patient")
    assert ran.code == 0, ran.out + ran.err
    left = pids(home)
    assert len(left) == 3
    assert not any(is_there(pid) for pid in left)


def test_where_there_is_no_room_to_start_anything_it_is_no_bug(home: Path) -> None:
    after = greeting(home / "after")

    def little_room() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (300, 300))

    command = [sys.executable, "-m", "comb_compiler", "gate", "availability", ".", "--baseline", "none"]
    environment = {**os.environ, "PYTHONPATH": os.getcwd(), "PYTHONDONTWRITEBYTECODE": "1"}
    subprocess.run(command, cwd=after, env=environment, capture_output=True, timeout=300)  # so that it is checked
    done = subprocess.run(
        [*command, "--fresh"], cwd=after, env=environment, capture_output=True, text=True, timeout=300,
        preexec_fn=little_room,
    )  # fmt: skip
    assert (done.returncode, "comb: the candidate cannot be started: " in done.stderr) == (4, True), done.stderr


def test_clocks_that_jump_change_no_verdict(home: Path) -> None:
    jumping = f'__import__("time").__dict__.update(time=lambda: 0.0) or {RIGHT}'
    ran, report = gate(greeting(home / "after", jumping), "availability", "--baseline", "none")
    assert (ran.code, verdicts(report)) == (0, {"availability": "passed"}), ran.out + ran.err


def test_steps_that_run_out_of_time_are_told_from_wrong_ones_and_a_slow_machine_may_be_patient(home: Path) -> None:
    after = greeting(home / "after", f'__import__("time").sleep(0.3) or {RIGHT}')
    main = after / "comb.yaml"
    main.write_text(main.read_text("utf-8").replace("timeout: 30s", "timeout: 50ms"), "utf-8")
    ran, report = gate(after, "availability", "--baseline", "none")
    assert (ran.code, verdicts(report)) == (3, {"availability": "blocked"}), ran.out + ran.err
    assert "--patient gives each a minute" in ran.err
    ran, report = gate(after, "availability", "--baseline", "none", "--patient")
    assert (ran.code, verdicts(report)) == (0, {"availability": "passed"}), ran.out + ran.err
    assert "--patient" not in ran.err
    assert report["promise"].endswith("so that its own timeout is not proven"), "whoever reads the report is told"


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a port is free, and not held")
def test_a_port_that_a_target_is_told_of_is_given_to_nobody_else() -> None:
    with ExitStack() as stack:
        held = {stack.enter_context(held_port()) for _ in range(500)}
        given = {free_port() for _ in range(2_000)}
        for _ in range(200):  # as those do that listen
            given.add(stack.enter_context(socket.create_server(("127.0.0.1", 0))).getsockname()[1])
        assert not held & given
        for port in held:
            socket.create_server(("127.0.0.1", port)).close()
