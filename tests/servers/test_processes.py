"""A server that does not come up says why, and none is left behind."""

import os
import time
from pathlib import Path

import pytest

from tests.servers import processes
from tests.servers.processes import Failed, free_ports, running


def test_a_server_that_ends_shows_its_last_words(tmp_path: Path) -> None:
    with (
        running("doomed", ["sh", "-c", "echo no such port; exit 3"], tmp_path) as server,
        pytest.raises(Failed, match="doomed ended with 3:\nno such port"),
    ):
        server.wait(lambda: False, 10)


def test_a_server_that_is_never_ready_is_given_up(tmp_path: Path) -> None:
    with (
        running("slow", ["sh", "-c", "echo thinking; exec sleep 60"], tmp_path) as server,
        pytest.raises(Failed, match="slow is not ready after 1 s:\nthinking"),
    ):
        server.wait(lambda: False, 1)
    assert server.process.returncode is not None


def test_a_server_that_does_not_listen_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "_PATIENCE", 0.2)
    script = "trap '' TERM; echo ready; while :; do sleep 0.1; done"
    with running("stubborn", ["sh", "-c", script], tmp_path) as server:
        server.wait(lambda: "ready" in server.last_words(), 10)
    time.sleep(0.1)
    with pytest.raises(ProcessLookupError):
        os.kill(server.process.pid, 0)


def test_ports_are_free_and_different() -> None:
    assert len(set(free_ports(20))) == 20
