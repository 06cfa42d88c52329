"""A file is replaced as a whole, or not at all."""

import errno
import os
import random
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from comb_compiler.diagnostics import codes
from comb_compiler.workspace.checkout import Checkout
from comb_compiler.workspace.errors import OutsideFailure
from comb_compiler.workspace.writing import replace_file
from tests.workspace.trees import Link, checkout_of, code_of, plant


def test_a_file_is_made_and_replaced_and_nothing_else_is_left(tmp_path: Path) -> None:
    checkout = checkout_of(tmp_path, {"a/other": "x"})
    assert replace_file(checkout, "a/comb.lock", b"one") is None
    assert replace_file(checkout, "a/comb.lock", b"two") is None
    assert replace_file(checkout, "top", b"three") is None
    assert (tmp_path / "a/comb.lock").read_bytes() == b"two"
    assert sorted(os.listdir(tmp_path / "a")) == ["comb.lock", "other"]
    assert sorted(os.listdir(tmp_path)) == ["a", "top"]


def test_permissions_stay_and_new_files_have_those_of_new_files(tmp_path: Path) -> None:
    checkout = checkout_of(tmp_path, {"old": "x", "plain": "x"})
    (tmp_path / "old").chmod(0o640)
    replace_file(checkout, "old", b"y")
    replace_file(checkout, "new", b"y")
    assert (tmp_path / "old").stat().st_mode & 0o777 == 0o640
    assert (tmp_path / "new").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_nothing_is_written_outside_or_through_a_link(tmp_path: Path) -> None:
    plant(tmp_path, {"outside/f": "outside"})
    files: dict[str, str | bytes | Link] = {
        "d": Link("../outside"),
        "f": Link("../outside/f"),
        "inner": Link("real"),
        "real": "inside",
        "dir/": "",
    }
    checkout = checkout_of(tmp_path / "root", files)
    assert code_of(replace_file(checkout, "d/f", b"x")) is codes.OUTSIDE_ROOT
    assert code_of(replace_file(checkout, "../outside/f", b"x")) is codes.OUTSIDE_ROOT
    for path in ("f", "inner", "dir"):
        assert code_of(replace_file(checkout, path, b"x")) is codes.NOT_A_REGULAR_FILE
    assert code_of(replace_file(checkout, "absent/f", b"x")) is codes.FILE_NOT_FOUND
    assert (tmp_path / "outside/f").read_text() == "outside"
    assert (tmp_path / "root/real").read_text() == "inside"
    assert os.listdir(tmp_path / "outside") == ["f"]


@pytest.mark.parametrize("step", ["rename", "fsync", "open"])
def test_a_disk_that_is_full_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    checkout = checkout_of(tmp_path, {"f": "old"})
    monkeypatch.setattr(os, step, _failing(getattr(os, step), os.O_CREAT if step == "open" else 0))
    with pytest.raises(OutsideFailure, match=r"^`f` cannot be written: no space left on device$"):
        replace_file(checkout, "f", b"new")
    monkeypatch.undo()
    assert (tmp_path / "f").read_text() == "old"
    assert os.listdir(tmp_path) == ["f"]


def _failing(real: Callable[..., int], only_with: int) -> Callable[..., int]:
    def fail(*arguments: int, **more: int) -> int:
        if only_with and not arguments[1] & only_with:
            return real(*arguments, **more)
        raise OSError(errno.ENOSPC, "No space left on device")

    return fail


def test_a_directory_that_cannot_be_synchronised_is_no_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file is new by then: to say that it failed would be wrong."""
    checkout = checkout_of(tmp_path, {"f": "old"})
    real = os.fsync

    def refuse(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "Invalid argument")
        real(descriptor)

    monkeypatch.setattr(os, "fsync", refuse)
    assert replace_file(checkout, "f", b"new") is None
    assert (tmp_path / "f").read_bytes() == b"new"


def test_an_interruption_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checkout = checkout_of(tmp_path, {"f": "old"})

    def interrupt(descriptor: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        replace_file(checkout, "f", b"new")
    assert os.listdir(tmp_path) == ["f"]


_WRITER = """
import sys
from comb_compiler.workspace.checkout import Checkout
from comb_compiler.workspace.writing import replace_file
checkout = Checkout(sys.argv[1])
print("ready", flush=True)
while True:
    for letter in b"ab":
        replace_file(checkout, "f", bytes([letter]) * 3_000_000)
"""


@pytest.mark.slow
def test_killed_at_any_instant_it_is_the_old_file_or_the_new(tmp_path: Path) -> None:
    whole = {letter * 3_000_000 for letter in (b"a", b"b")}
    Path(tmp_path / "f").write_bytes(min(whole))
    root = str(Path(__file__).parents[2])
    chance = random.Random(7)
    for _ in range(8):
        command = [sys.executable, "-c", _WRITER, str(tmp_path)]
        with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE) as writer:
            assert writer.stdout is not None
            writer.stdout.readline()
            time.sleep(chance.uniform(0, 0.05))
            writer.send_signal(signal.SIGKILL)
        assert (tmp_path / "f").read_bytes() in whole
    # What a killed writer leaves behind is hidden, and neither read nor in the way of the next.
    assert all(name == "f" or name.startswith(".f.") for name in os.listdir(tmp_path))
    assert replace_file(Checkout(tmp_path), "f", b"done") is None
    assert (tmp_path / "f").read_bytes() == b"done"
