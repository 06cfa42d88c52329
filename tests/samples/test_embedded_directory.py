"""The store that is a directory: what is on the disk, and what may happen to it."""

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from comb_compiler.samples.embedded import EmbeddedStore
from comb_compiler.samples.embedded.blocks import unpack
from comb_compiler.samples.record_pb2 import Mark, Record
from comb_compiler.samples.store import By, Query, StoreError
from comb_compiler.samples.users import user_digest
from tests.architecture.imports import ROOT
from tests.samples.made import record

SECRET = "Zebra-4711-Quagga"


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "store"


def opened(directory: Path, partition: int = 10) -> EmbeddedStore:
    return EmbeddedStore(directory, partition=partition, patience=5)


def filled(directory: Path, count: int = 35) -> EmbeddedStore:
    """Three sealed partitions of ten, and one with five."""
    store = opened(directory)
    for number in range(count):
        store.put([record(number, user=str(number % 3), code=number % 2, comb="c", error="an error" * (number % 2))])
    return store


def numbers(store: EmbeddedStore) -> list[int]:
    return [int(one.id, 16) for one in store.scan(Query())]


def everything(directory: Path) -> bytes:
    """The bytes of all files, and those of all blocks once they are decompressed."""
    found = []
    for path in sorted(path for path in directory.rglob("*") if path.is_file()):
        found.append(path.read_bytes())
        if path.suffix == ".sqlite" and path.name.startswith("records"):
            with sqlite3.connect(path) as connection:
                rows = connection.execute("SELECT records, content FROM blocks WHERE content != x''").fetchall()
            connection.close()
            found += [b"".join(unpack(content, count)) for count, content in rows]
    return b"\0".join(found)


def damaged(path: Path, start: float, end: float) -> None:
    """Spoil a part of a file, where 0 is its beginning and 1 its end."""
    content = bytearray(path.read_bytes())
    first, last = int(len(content) * start), int(len(content) * end)
    content[first:last] = b"\xa5" * (last - first)
    path.write_bytes(content)


def test_of_a_deleted_user_nothing_is_left_in_the_directory(directory: Path) -> None:
    """In all forms: in fields, in messages, in a mark; in sealed partitions and in the open one; beside what stays."""
    user = user_digest(SECRET, "salt")
    store = opened(directory)
    for number in range(60):
        his = number % 4 == 1
        one = record(number, user=user if his else "", request_id=f"{SECRET}-id" if his else "", error=SECRET * his)
        one.request.message = os.urandom(50) + (f"{SECRET}-{number}".encode() if his else b"other") * 20
        one.operators.add(node="n", error=f"{SECRET} in a node" if his else "", model=f"{SECRET}@1" if his else "m@1")
        store.put([one])
        if his:
            store.mark(one.id, Mark(mark="error", by="ada", why=f"{SECRET} said so"))
            store.mark(one.id, Mark(mark="error", by="ada", why=f"{SECRET} said so again", expected=f'"{SECRET}"'))
    reader = opened(directory)
    assert len(reader.find(Query(user=user)).found) == 15
    before = everything(directory)
    assert SECRET.encode() in before
    assert SECRET.casefold().encode() in before
    assert user.encode() in before

    assert store.delete(Query(user=user)) == 0, "a mark holds them"
    assert store.delete(Query(user=user), marked=True) == 15
    for trace in (SECRET.encode(), SECRET.casefold().encode(), SECRET.upper().encode(), user.encode()):
        assert trace not in everything(directory).replace(b"\0", b""), trace
    assert len(numbers(reader)) == 45
    assert reader.repair() == (45, (), ())
    assert reader.find(Query(text=SECRET)).found == ()
    store.close()
    reader.close()
    assert SECRET.encode() not in everything(directory)


def test_what_is_too_old_goes_with_its_files(directory: Path) -> None:
    store = filled(directory)
    store.mark(record(3).id, Mark(mark="standard", by="ada"))
    files = len(list(directory.glob("records-*.sqlite")))
    assert store.delete(Query(until=25)) == 24
    assert numbers(store) == [3, *range(25, 35)]
    assert len(list(directory.glob("records-*.sqlite"))) == files - 1
    assert store.delete(Query(until=25), marked=True) == 1
    assert len(list(directory.glob("records-*.sqlite"))) == files - 2
    assert store.put([record(3), record(12)]).new == 2, "what was deleted may come again"
    store.close()


def test_a_reader_of_another_process_does_not_see_files_that_are_gone(directory: Path) -> None:
    store, reader = filled(directory), opened(directory)
    assert len(numbers(reader)) == 35
    records = reader.scan(Query())
    assert [int(next(records).id, 16) for _ in range(3)] == [0, 1, 2]
    store.delete(Query(until=20))
    assert [int(one.id, 16) for one in records][-15:] == list(range(20, 35))
    assert numbers(reader) == list(range(20, 35))
    assert reader.get([record(5).id]) == {}
    reader.close()
    store.close()


def interrupted(directory: Path, moment: str, monkeypatch: pytest.MonkeyPatch) -> EmbeddedStore:
    """A store of which the one who deleted a user's records was ended when it came to that method of the catalogue."""
    store = filled(directory)

    class Ended(BaseException):
        """As a signal ends it."""

    def end(*_: object) -> None:
        raise Ended

    with monkeypatch.context() as patch:
        patch.setattr(f"comb_compiler.samples.embedded.catalogue.Catalogue.{moment}", end)
        with pytest.raises(Ended):
            store.delete(Query(user="1"))
    store.close()
    return opened(directory)


@pytest.mark.parametrize("moment", ["begin_purge", "settle", "end_purge"])
def test_a_repair_after_an_interrupted_deletion_finishes_it_and_finds_nothing_wrong(
    directory: Path, moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    again = interrupted(directory, moment, monkeypatch)
    assert again.repair() == (len(numbers(again)), (), ())
    his = range(1, 35, 3)
    assert again.put([record(number) for number in his]).new == (0 if moment == "begin_purge" else len(his))
    again.close()


@pytest.mark.parametrize("moment", ["begin_purge", "settle", "end_purge"])
def test_who_comes_after_an_interrupted_deletion_finishes_it(
    directory: Path, moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    again = interrupted(directory, moment, monkeypatch)
    his = range(1, 35, 3)
    gone = 0 if moment == "begin_purge" else len(his)
    assert again.put([record(number) for number in his]).new == gone, "what is gone can come again"
    assert again.delete(Query(user="1")) == len(his) - gone
    assert len(numbers(again)) == len(set(numbers(again))) == 35 - len(his) + gone
    assert again.repair() == (len(numbers(again)), (), ())
    again.close()


def test_an_index_that_is_wrong_is_made_anew(directory: Path) -> None:
    store = filled(directory)
    path = directory / "records-00000002.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE records SET duration = 99 WHERE number = 4")
        connection.execute("DELETE FROM records WHERE number = 5")
        connection.execute("UPDATE texts SET content = 'x'")
    connection.close()
    repaired = store.repair()
    assert (len(repaired.mended), repaired.lost) == (1, ())
    assert "records-00000002.sqlite" in repaired.mended[0]
    assert numbers(store) == list(range(35))
    assert store.find(Query(text="error"), limit=50).found[-1].id == record(1).id
    assert len(store.get([record(number).id for number in range(35)])) == 35
    assert store.repair() == (35, (), ())
    store.close()


@pytest.mark.parametrize(("start", "end"), [(0.4, 0.6), (0.5, 0.9), (0.02, 0.1), (0, 1)])
def test_what_can_be_read_of_a_damaged_partition_is_saved(directory: Path, start: float, end: float) -> None:
    store = filled(directory)
    store.close()
    damaged(directory / "records-00000002.sqlite", start, end)
    store = opened(directory)
    with pytest.raises(StoreError, match=r"records-00000002.sqlite.*`?repair"):
        list(store.scan(Query()))
    assert store.put([record(99)]).new == 1, "what is put goes elsewhere"
    assert store.get([record(25).id])
    repaired = store.repair()
    assert len(repaired.mended) >= 1
    left = set(numbers(store))
    assert left >= {*range(10), *range(20, 35), 99}
    lost = 36 - len(left)
    assert repaired.lost or not lost, repaired
    assert repaired.looked_at == len(left)
    assert store.count(Query())[0].records == len(left)
    assert (directory / "damaged" / "records-00000002.sqlite").exists()
    assert store.put([record(number) for number in range(10, 20)]).new == lost
    assert store.repair() == (36, (), ())
    store.delete(Query(user="none such"))
    assert not (directory / "damaged").exists(), "nobody can say who is in it"
    store.close()


@pytest.mark.parametrize(("share", "at_least"), [(0.66, 300), (0.05, 0)])
def test_a_truncated_partition_keeps_what_is_left_of_it(directory: Path, share: float, at_least: int) -> None:
    store = opened(directory, partition=1000)
    for number in range(0, 1000, 50):
        store.put([record(at, request={"message": os.urandom(700)}) for at in range(number, number + 50)])
    store.put([record(5000)])
    store.close()
    path = directory / "records-00000001.sqlite"
    os.truncate(path, int(path.stat().st_size * share) // 8192 * 8192)
    store = opened(directory, partition=1000)
    repaired = store.repair()
    left = numbers(store)
    assert at_least < len(left) < 1001
    assert f"{1001 - len(left):,} records cannot be read" in repaired.lost[0]
    assert "database" not in f"{repaired.mended} {repaired.lost}", "what is wrong is said in words of ours"
    assert store.repair() == (len(left), (), ())
    store.close()


@pytest.mark.parametrize("how", ["removed", "spoiled", "emptied"])
def test_a_catalogue_follows_from_the_partitions(directory: Path, how: str) -> None:
    store = filled(directory)
    store.mark(record(4).id, Mark(mark="error", by="ada"))
    store.close()
    path = directory / "catalogue.sqlite"
    if how == "removed":
        path.unlink()
    elif how == "spoiled":
        damaged(path, 0, 0.5)
    else:
        path.write_bytes(b"")
    store = opened(directory)
    with pytest.raises(StoreError, match="repair"):
        store.put([record(99)])
    repaired = store.repair()
    assert repaired.looked_at == 35
    assert repaired.lost == ()
    assert numbers(store) == list(range(35))
    assert store.find(Query(marks=("error",))).found[0].id == record(4).id
    assert store.put([record(number) for number in range(36)]) == (1, 35, ())
    assert store.repair() == (36, (), ())
    store.close()


def test_a_partition_that_is_gone_is_said(directory: Path) -> None:
    store = filled(directory)
    store.close()
    (directory / "records-00000002.sqlite").unlink()
    store = opened(directory)
    with pytest.raises(StoreError, match=r"records-00000002\.sqlite: it is gone"):
        store.find(Query())
    with pytest.raises(StoreError, match="it is gone"):
        store.get([record(12).id])
    repaired = store.repair()
    assert "10 records" in repaired.lost[0]
    assert numbers(store) == [*range(10), *range(20, 35)]
    assert store.put([record(12)]).new == 1
    store.close()


@pytest.mark.parametrize("name", ["catalogue.sqlite", "records-00000002.sqlite"])
def test_what_a_newer_comb_has_written_is_left_alone(directory: Path, name: str) -> None:
    store = filled(directory)
    store.close()
    with sqlite3.connect(directory / name) as connection:
        connection.execute("PRAGMA user_version = 2")
    connection.close()
    before = (directory / name).read_bytes()
    store = opened(directory)
    with pytest.raises(StoreError, match="newer Comb has written this, in layout 2; this one knows 1"):
        store.find(Query())
    if name == "catalogue.sqlite":
        for use in (lambda: store.put([record(99)]), store.repair, lambda: store.delete(Query())):
            with pytest.raises(StoreError, match="newer"):
                use()
    else:
        assert store.put([record(99)]).new == 1
        assert "passed by" in store.repair().lost[0]
    store.close()
    assert (directory / name).read_bytes() == before


def test_a_process_notices_that_a_newer_one_has_taken_the_directory_over(directory: Path) -> None:
    store = filled(directory)
    with sqlite3.connect(directory / "catalogue.sqlite") as connection:
        connection.execute("PRAGMA user_version = 2")
    connection.close()
    for use in (lambda: store.put([record(99)]), lambda: store.find(Query()), lambda: store.delete(Query())):
        with pytest.raises(StoreError, match="newer"):
            use()
    store.close()


def test_a_clock_that_jumps_moves_nothing_but_times(directory: Path) -> None:
    store = opened(directory)
    times = [100, 101, 102, 50, 51, 10**6, 103, 104, 105, 106, 2, 107, 108]
    for number, time in enumerate(times):
        store.put([record(number, time=time * 10**9)])
    assert [one.time for one in store.find(Query()).found] == sorted(times, reverse=True)
    assert [one.time // 10**9 for one in store.scan(Query(since=50, until=107))] == sorted(
        one for one in times if 50 <= one < 107
    )
    assert store.delete(Query(until=100)) == 3
    assert sum(one.records for one in store.count(Query(), every=10)) == len(times) - 3
    store.close()


def test_an_interface_that_was_damaged_is_not_given(directory: Path) -> None:
    store = opened(directory)
    digest = store.put_interface(b"descriptors")
    assert store.put_interface(b"descriptors") == digest
    assert store.interface("../catalogue.sqlite") is None
    assert store.interface("0" * 64) is None
    (directory / "interfaces" / digest).write_bytes(b"others")
    with pytest.raises(StoreError, match="damaged"):
        store.interface(digest)
    store.close()


PUT_UNTIL_FULL = """
import resource, sys
from comb_compiler.samples.embedded import EmbeddedStore
from comb_compiler.samples.store import StoreError
from tests.samples.made import record
store = EmbeddedStore(sys.argv[1], partition=100)
store.put([record(0)])
resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))
import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
done = 1
try:
    while True:
        store.put([record(done + place, request={"message": bytes(range(256)) * 9}) for place in range(10)])
        done += 10
except StoreError as problem:
    print(done, problem)
"""


def test_a_full_disk_keeps_what_was_acknowledged(directory: Path) -> None:
    """A file may not grow further, which SQLite meets as it meets a full disk: by a write that fails."""
    command = [sys.executable, "-c", PUT_UNTIL_FULL, str(directory)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    acknowledged, problem = done.stdout.split(" ", 1)
    assert str(directory) in problem
    store = opened(directory, partition=100)
    assert numbers(store) == list(range(int(acknowledged)))
    assert store.repair() == (int(acknowledged), (), ())
    assert store.put([record(10**6)]).new == 1
    store.close()


FILL_THE_DISK = """
import os, sys
from comb_compiler.samples.embedded import EmbeddedStore
from comb_compiler.samples.store import Query, StoreError
from tests.samples.made import record
store = EmbeddedStore(sys.argv[1], partition=100)
done = 0
try:
    while True:
        some = [record(done + place, request={"message": os.urandom(5000)}) for place in range(10)]
        done += store.put(some).new
except StoreError as problem:
    print(problem)
assert done > 100
assert [int(one.id, 16) for one in store.scan(Query())] == list(range(done)), done
assert store.delete(Query(until=done * 0.8)) > 0, "so room is made"
assert store.put([record(10**6)]).new == 1
assert store.repair().lost == ()
"""


def test_on_a_full_disk_what_was_acknowledged_stays_and_deletion_makes_room(tmp_path: Path) -> None:
    mount = f"mount -t tmpfs -o size=4m tmpfs {tmp_path} && exec "
    own = ["unshare", "--mount", "sh", "-c", f'{mount} "$@"', "sh"]  # no other process sees that disk
    if subprocess.run([*own, "true"], capture_output=True).returncode != 0:
        pytest.skip("this user may not mount a small disk")
    command = [*own, sys.executable, "-c", FILL_THE_DISK, str(tmp_path / "store")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert "disk is full" in done.stdout or "No space left" in done.stdout


USE_WITHOUT_RIGHTS = """
import os, sys
from comb_compiler.samples.embedded import EmbeddedStore
from comb_compiler.samples.store import Query, StoreError
from tests.samples.made import record
if os.getuid() == 0:
    os.setgid(65534)
    os.setuid(65534)
for use in (lambda store: store.put([record(99)]), lambda store: store.find(Query())):
    try:
        use(EmbeddedStore(sys.argv[1]))
    except StoreError as problem:
        print(problem)
"""


def test_a_read_only_directory_is_refused_with_what_to_do() -> None:
    with tempfile.TemporaryDirectory() as parent:
        Path(parent).chmod(0o755)
        directory = Path(parent) / "store"
        filled(directory).close()
        for path in (directory, *directory.rglob("*")):
            path.chmod(0o555 if path.is_dir() else 0o444)
        command = [sys.executable, "-c", USE_WITHOUT_RIGHTS, str(directory)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
        for path in (directory, directory / "interfaces"):
            path.chmod(0o755)
        assert (done.returncode, done.stderr) == (0, "")
        put, find = done.stdout.strip().split("\n")
        assert "may this user write there?" in put
        assert "give this user the right to" in find
        store = opened(directory)
        store.close()


def test_a_store_is_not_used_after_a_fork(directory: Path) -> None:
    store = filled(directory)
    child = os.fork()
    if child == 0:
        try:
            store.put([record(99)])
        except StoreError:
            os._exit(7)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
    store.close()


def test_who_waits_too_long_for_another_process_says_so(directory: Path) -> None:
    store, other = filled(directory), EmbeddedStore(directory, patience=0.05)
    with store._directory.writing(), pytest.raises(StoreError, match="try again"):
        other.put([record(99)])
    assert other.put([record(99)]).new == 1
    other.close()
    store.close()


def test_counts_are_over_many_partitions(directory: Path) -> None:
    store = filled(directory)
    assert [(one.values, one.records) for one in store.count(Query(since=5), [By.CODE])] == [(("0",), 15), (("1",), 15)]
    assert store.latency(Query(comb="none")) == []
    with pytest.raises(ValueError, match="at least a nanosecond"):
        store.count(Query(), every=0)
    store.close()


def test_a_copy_of_the_directory_is_the_store(directory: Path, tmp_path: Path) -> None:
    filled(directory).close()
    shutil.copytree(directory, tmp_path / "copy")
    store = opened(tmp_path / "copy")
    assert numbers(store) == list(range(35))
    store.close()


def test_records_are_kept_smaller_than_they_are(directory: Path) -> None:
    store = opened(directory, partition=100_000)
    some = [record(number, error="the deadline of node straight has passed " * 20) for number in range(2000)]
    store.put(some)
    store.close()
    size = sum(path.stat().st_size for path in directory.rglob("*") if path.is_file())
    assert size < sum(map(Record.ByteSize, some))
