"""A recording process is killed at any instant: what the store has taken is there once, the rest is counted."""

import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path
from random import Random

import pytest

from comb_compiler.samples.embedded import EmbeddedStore
from comb_compiler.samples.store import Query
from tests.architecture.imports import ROOT
from tests.support.trials import Trial

_STARTED = 60.0


def start(store: Path, first: int, pause: float) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "tests.runtime.recording.recording_process", str(store), str(first), str(pause)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)


def lost_of(line: str) -> int:
    word, count = line.split()
    assert word == "lost"
    return int(count)


def ids(store: Path) -> list[str]:
    """The requests' ids of all records that a store has."""
    opened = EmbeddedStore(store)
    try:
        return [one.request_id for one in opened.scan(Query())]
    finally:
        opened.close()


class Kills:
    """Kills one recording process after another, and looks at what is left."""

    def __init__(self, directory: Path, random: Random) -> None:
        self._store = directory / "samples"
        self._random = random
        self._answered: set[str] = set()
        self._known: set[str] = set()
        self._first = 0
        self.lost = 0
        self.killed = 0

    def kill_one(self) -> None:
        """Let a process record for a moment, and kill it."""
        with start(self._store, self._first, self._random.choice((0.0001, 0.001, 0.01))) as process:
            assert process.stdout is not None
            self.lost += lost_of(process.stdout.readline())
            timer = threading.Timer(self._random.uniform(0.0, 0.4), os.kill, (process.pid, signal.SIGKILL))
            timer.start()
            said = process.stdout.read().split()
            process.wait()
            timer.join()
        self._answered.update(said)
        self._first += len(said) + 1000
        self.killed += 1

    def look(self) -> None:
        """What the store had taken is there still, and nothing is there twice."""
        found = ids(self._store) if self._store.exists() else []
        assert [one for one, count in Counter(found).items() if count > 1] == []
        assert self._known <= set(found)
        self._known = set(found)

    def end(self) -> tuple[int, int, int]:
        """Let a last process ship what is left: how many were answered, how many are missing, how many were counted."""
        with start(self._store, self._first, 0.0) as process:
            out, _ = process.communicate(timeout=_STARTED)
            assert process.returncode == 0
        self.lost += lost_of(out.split("\n")[0])
        self.look()
        missing = self._answered - self._known
        return len(self._answered), len(missing), self.lost


def test_a_killed_process_loses_nothing_that_the_store_has_and_the_rest_is_counted(tmp_path: Path) -> None:
    kills = Kills(tmp_path, Random(7))
    for _ in range(10):
        kills.kill_one()
        kills.look()
    answered, missing, lost = kills.end()
    assert answered > 500
    assert missing <= lost <= missing + 2 * kills.killed * 8
    assert not list((tmp_path / "spool").rglob("*.records"))


@pytest.mark.prove
def test_a_service_that_records_is_killed_200_times(tmp_path: Path, trial: Trial) -> None:
    kills = Kills(tmp_path, trial.random)
    while kills.killed < 200:
        kills.kill_one()
        if kills.killed % 10 == 0:
            kills.look()
    answered, missing, lost = kills.end()
    trial.note(killed=kills.killed, answered=answered, missing=missing, counted=lost)
    assert missing <= lost <= missing + 2 * kills.killed * 8
    assert not list((tmp_path / "spool").rglob("*.records"))
