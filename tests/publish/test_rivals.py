"""Publishers at the same time, and publishers that are killed: nobody's work is lost or mixed."""

import os
import random
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from comb_compiler.release.release import parse_release
from tests.publish.environment import Remote, Writer, git, wanted
from tests.support.trials import Trial

_PUBLISHES = """
import sys
from pathlib import Path
from tests.publish.environment import Remote, Writer, wanted
Writer(Remote(Path(sys.argv[1])), Path(sys.argv[2])).publish(wanted(text=sys.argv[3], plan=sys.argv[3]))
"""


def _all_land(remote: Remote, caches: Path, count: int) -> list[float]:
    """Seconds that each of so many publishers of different combs took."""

    def one(number: int) -> float:
        began = time.monotonic()
        assert Writer(remote, caches / str(number), patience=120.0).publish(wanted(f"comb-{number}")).changed
        return time.monotonic() - began

    with ThreadPoolExecutor(count) as pool:
        return sorted(pool.map(one, range(count)))


def _check_landed(remote: Remote, count: int) -> None:
    assert len(remote.commits()) == count
    combs = {path.split("/")[3] for path in remote.files() if path.endswith("release.json")}
    assert combs == {f"comb-{number}" for number in range(count)}


def test_publishers_of_different_combs_all_land(remote: Remote, tmp_path: Path) -> None:
    _all_land(remote, tmp_path, 6)
    _check_landed(remote, 6)


@pytest.mark.prove
def test_32_publishers_of_different_combs_all_land_soon(remote: Remote, tmp_path: Path, trial: Trial) -> None:
    seconds = _all_land(remote, tmp_path, 32)
    trial.note(publishers=32, median_seconds=seconds[16], p99_seconds=seconds[-1])
    _check_landed(remote, 32)
    assert seconds[-1] <= 30


def test_publishers_on_one_machine_share_a_mirror(remote: Remote, tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda n: Writer(remote, tmp_path / "cache").publish(wanted(f"comb-{n}")), range(4)))
    assert [one.races for one in done] == [0] * 4
    _check_landed(remote, 4)


def test_two_publishers_of_one_comb_are_in_one_order_and_never_mixed(remote: Remote, tmp_path: Path) -> None:
    with ThreadPoolExecutor(2) as pool:
        texts = ("left", "right")
        list(pool.map(lambda text: Writer(remote, tmp_path / text).publish(wanted(text=text, plan=text)), texts))
    assert len(remote.commits()) == 2
    for commit in remote.commits():
        _check_whole(remote, commit)
    assert git(remote.directory, "log", "--format=%P", "-1", "main") == remote.commits()[1]


def _check_whole(remote: Remote, revision: str) -> None:
    """What release.json lists is there, nothing else is, and it is of one release."""
    from hashlib import sha256

    here = "clusters/east/apps/ocr"
    release = parse_release(remote.content(f"{here}/release.json", revision).encode())
    files = {path.removeprefix(f"{here}/") for path in remote.files(revision) if path.startswith(here)}
    assert files == {*release.files, "release.json"}
    for name, digest in release.files.items():
        assert sha256(f"{remote.content(f'{here}/{name}', revision)}\n".encode()).hexdigest() == digest


def _started(remote: Remote, cache: Path, text: str) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-c", _PUBLISHES, str(remote.directory), str(cache), text]
    return subprocess.Popen(command, env={**os.environ, "PYTHONPATH": os.getcwd()}, start_new_session=True)


def _takes(remote: Remote, cache: Path) -> float:
    """Seconds that a publisher takes who is let be: on a busy machine many times what it takes on an idle one."""
    began = time.monotonic()
    assert _started(remote, cache, f"let be {began}").wait() == 0
    return time.monotonic() - began


def _kill(remote: Remote, cache: Path, text: str, seconds: float) -> None:
    process = _started(remote, cache, text)
    time.sleep(seconds)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()


def _survives(remote: Remote, cache: Path, times: int, instants: random.Random) -> int:
    """Kill a publisher again and again; the number of times that its commit was there all the same."""
    writer = Writer(remote, cache)
    writer.publish(wanted(text="0", plan="0"))
    landed, seconds = 0, _takes(remote, cache)
    for number in range(times):
        if number % 10 == 9:
            seconds = _takes(remote, cache)
        before = remote.commits()
        _kill(remote, cache, f"killed {number}", instants.uniform(0.3, 1.1) * seconds)
        time.sleep(0.2)
        after = remote.commits()
        assert after in (before, [after[0], *before])
        _check_whole(remote, after[0])
        landed += after != before
        assert writer.publish(wanted(text=f"next {number}", plan=f"next {number}")).changed
        _check_whole(remote, "main")
    return landed


def test_a_publisher_that_is_killed_leaves_the_old_state_or_the_new(remote: Remote, tmp_path: Path) -> None:
    _survives(remote, tmp_path / "cache", 4, random.Random(8))


@pytest.mark.prove
def test_a_publisher_is_killed_100_times(remote: Remote, tmp_path: Path, trial: Trial) -> None:
    landed = _survives(remote, tmp_path / "cache", 100, trial.random)
    trial.note(killed=100, landed_all_the_same=landed)
