"""The spool: records go through it in their order and once, whatever happens to the store, the disk and the process."""

import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st

from comb_compiler.runtime.recording.losses import Losses
from comb_compiler.runtime.recording.spool import Spool, left_behind, open_spool
from comb_compiler.runtime.recording.spool.segments import MAGIC, entry_of, name_of, read_entries

INTERFACE = b"descriptors"


def spool(directory: Path | None, losses: Losses | None = None, name: str = "1", **more: int) -> Spool:
    bounds = {"most": 1 << 20, "memory": 1 << 16, **more}
    return open_spool(directory, name, INTERFACE, losses=losses or Losses(), **bounds)


def taken(source: Spool, *records: bytes) -> None:
    for _ in records:
        source.take()
    source.add(records)


def drained(source: Spool, most: int = 3) -> list[bytes]:
    found: list[bytes] = []
    while (batch := source.next(most, 1 << 20)) is not None:
        found += batch.records
        source.shipped(batch, done=True)
    return found


def test_records_come_out_in_their_order_and_once(tmp_path: Path) -> None:
    one = spool(tmp_path)
    taken(one, *(b"%d" % number for number in range(10)))
    assert not one.is_empty
    assert drained(one) == [b"%d" % number for number in range(10)]
    assert one.next(1, 1) is None
    taken(one, b"more")
    assert drained(one) == [b"more"]


def test_what_is_not_put_comes_again(tmp_path: Path) -> None:
    one = spool(tmp_path)
    taken(one, b"a", b"b")
    batch = one.next(1, 100)
    assert batch is not None
    one.shipped(batch, done=False)
    assert drained(one) == [b"a", b"b"]


def test_files_that_were_shipped_go(tmp_path: Path) -> None:
    one = spool(tmp_path, most=1 << 30)
    large = bytes(5 << 20)
    taken(one, large, large, large, large)
    assert one.size > 20 << 20
    assert drained(one) == [large] * 4
    taken(one, b"small")
    assert drained(one) == [b"small"]
    assert one.size < 6 << 20
    one.close()
    assert list(tmp_path.iterdir()) == []


def test_without_a_directory_records_wait_in_memory() -> None:
    losses = Losses()
    one = spool(None, losses, memory=10)
    taken(one, b"12345", b"67890", b"x")
    assert drained(one) == [b"12345", b"67890"]
    assert losses.counts == {"spool full": 1}


def test_a_bound_of_bytes_is_kept_and_what_does_not_fit_is_counted(tmp_path: Path) -> None:
    losses = Losses()
    one = spool(tmp_path, losses, most=1000, memory=100)
    for number in range(100):
        taken(one, b"%50d" % number)
    assert one.size <= 1100
    kept = drained(one)
    assert [int(record) for record in kept] == list(range(len(kept)))
    assert len(kept) + losses.counts["spool full"] == 100


@given(st.lists(st.sampled_from(["add", "next", "put", "fail", "small disk", "disk"]), max_size=60))
@settings(deadline=None)
def test_nothing_is_lost_doubled_or_out_of_order_within_the_bounds(
    tmp_path_factory: pytest.TempPathFactory, deeds: list[str]
) -> None:
    losses = Losses()
    one = spool(tmp_path_factory.mktemp("spool"), losses, most=1 << 30, memory=1 << 30)
    whole, added, out = one._most, 0, None
    put: list[bytes] = []
    for deed in deeds:
        if deed == "add":
            taken(one, b"%d" % added)
            added += 1
        elif deed in ("small disk", "disk"):
            one._most = 0 if deed == "small disk" else whole
        elif deed == "next":
            out = out or one.next(2, 100)
        elif out is not None:
            one.shipped(out, done=deed == "put")
            put += out.records if deed == "put" else ()
            out = None
    if out is not None:
        one.shipped(out, done=False)
    assert [*put, *drained(one)] == [b"%d" % number for number in range(added)]
    assert losses.counts == {}
    one.close()


def test_what_a_killed_process_left_comes_in_order_and_what_it_had_not_written_is_counted(tmp_path: Path) -> None:
    one = spool(tmp_path, name="1")
    taken(one, b"a", b"b", b"c")
    batch = one.next(1, 100)
    assert batch is not None
    one.shipped(batch, done=True)
    one.take()
    one.take()
    assert list(left_behind(tmp_path, Losses())) == []  # it lives
    kill(one)
    losses = Losses()
    (left,) = left_behind(tmp_path, losses)
    assert left.interface == INTERFACE
    assert left.lost == 2
    assert losses.counts == {"its process was killed": 2}
    found: list[bytes] = []
    while (batch := left.next(1, 100)) is not None:
        found += batch.records
        left.shipped(batch, done=True)
    assert found == [b"b", b"c"]
    left.close(done=True)
    assert list(tmp_path.iterdir()) == []


def test_who_ships_what_was_left_may_be_killed_as_well_and_nothing_is_counted_twice(tmp_path: Path) -> None:
    one = spool(tmp_path)
    taken(one, b"a", b"b")
    one.take()
    kill(one)
    (left,) = left_behind(tmp_path, Losses())
    batch = left.next(1, 100)
    assert batch is not None
    left.shipped(batch, done=True)
    left.close(done=False)
    losses = Losses()
    (again,) = left_behind(tmp_path, losses)
    batch = again.next(9, 100)
    assert batch is not None
    assert batch.records == (b"b",)
    assert losses.counts == {}


def test_what_was_dropped_and_counted_is_not_counted_again(tmp_path: Path) -> None:
    one = spool(tmp_path, most=60, memory=0)
    taken(one, b"a" * 20)
    taken(one, b"b" * 50)
    kill(one)
    losses = Losses()
    (left,) = left_behind(tmp_path, losses)
    assert losses.counts == {}
    left.close(done=True)


def test_what_a_process_left_that_was_killed_as_it_began_goes_after_a_minute(tmp_path: Path) -> None:
    for name in ("empty", "locked", "other"):
        (tmp_path / name).mkdir()
    (tmp_path / "locked" / "lock").touch()
    (tmp_path / "other" / "precious").touch()
    assert list(left_behind(tmp_path, Losses())) == []
    assert len(list(tmp_path.iterdir())) == 3
    for one in tmp_path.iterdir():
        os.utime(one, (1, 1))
    assert list(left_behind(tmp_path, Losses())) == []
    assert [one.name for one in tmp_path.iterdir()] == ["other"]


def kill(one: Spool) -> None:
    """The spool as a kill leaves it."""
    one._shut()
    assert one._held is not None
    one._held.close()


@pytest.mark.parametrize("cut", [1, 5, 8, 12, 20, 22])
def test_a_torn_end_is_no_entry_and_what_is_before_it_stays(tmp_path: Path, cut: int) -> None:
    path = tmp_path / name_of(1)
    content = MAGIC + entry_of(1, b"first") + entry_of(2, b"second")
    path.write_bytes(content[:-cut])
    assert [one.content for one in read_entries(path)] == [b"first"]


@given(st.binary(max_size=200))
def test_no_bytes_are_taken_for_entries(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.mktemp("spool") / name_of(1)
    path.write_bytes(content)
    with suppress(ValueError):
        assert list(read_entries(path)) == []


def test_a_spool_of_another_version_is_left_as_it_is_and_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    one = spool(tmp_path)
    taken(one, b"a")
    kill(one)
    path = tmp_path / "1" / name_of(1)
    path.write_bytes(b"CMBSPL99 something new")
    assert list(left_behind(tmp_path, Losses())) == []
    assert "another version of Comb" in caplog.text
    assert path.exists()


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """No file can grow beyond a size: to who writes, that is a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_on_a_full_disk_records_wait_in_memory_and_follow_when_there_is_room(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    losses = Losses()
    one = spool(tmp_path, losses)
    records = [b"%100d" % number for number in range(20)]
    taken(one, *records[:5])
    with largest_file(700):
        for record in records[5:10]:
            taken(one, record)
        assert "the spool cannot be written" in caplog.text
    taken(one, *records[10:])
    assert "can be written again" in caplog.text
    assert drained(one) == records
    assert losses.counts == {}


def test_what_is_too_much_for_memory_on_a_full_disk_is_counted(tmp_path: Path) -> None:
    losses = Losses()
    one = spool(tmp_path, losses, memory=300)
    with largest_file(600):
        for number in range(20):
            taken(one, b"%100d" % number)
        kept = [int(record) for record in drained(one)]
    assert kept == list(range(len(kept)))
    assert len(kept) + losses.counts["disk failed"] == 20


def test_where_no_spool_can_be_made_that_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").write_text("x")
    one = spool(tmp_path / "file")
    taken(one, b"a")
    assert drained(one) == [b"a"]
    assert "no spool can be made" in caplog.text


KILLED = """
import sys
from pathlib import Path
from comb_compiler.runtime.recording.losses import Losses
from comb_compiler.runtime.recording.spool import open_spool
spool = open_spool(Path(sys.argv[1]), "1", b"d", most=1 << 30, memory=1 << 20, losses=Losses())
number = 0
while True:
    for _ in range(7):
        spool.take()
    spool.add([b"%d" % (number + one) for one in range(7)])
    number += 7
    print(number, flush=True)
"""


def test_what_was_added_before_a_kill_is_there_after_it(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", KILLED, tmp_path], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for _ in range(200):
            added = int(process.stdout.readline())
        os.kill(process.pid, signal.SIGKILL)
        rest = process.stdout.read().split()
    added = int(rest[-1]) if rest else added
    losses = Losses()
    (left,) = left_behind(tmp_path, losses)
    found: list[bytes] = []
    while (batch := left.next(1000, 1 << 20)) is not None:
        found += batch.records
        left.shipped(batch, done=True)
    assert found == [b"%d" % number for number in range(len(found))]
    assert len(found) >= added
    assert losses.counts.get("its process was killed", 0) <= 7
    left.close(done=True)
