"""What was killed goes on where it was, and comes to the same end."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from comb_compiler.samples import copying, exchange
from comb_compiler.samples.copying import Copied, copy_records
from comb_compiler.samples.embedded import EmbeddedStore
from comb_compiler.samples.exchange import BadExport, export_records, import_records
from comb_compiler.samples.positions import PositionFile
from comb_compiler.samples.record_pb2 import Mark, Record
from comb_compiler.samples.store import Query
from tests.samples.interrupted import BATCH, FILE_BYTES, WORK, killed
from tests.samples.made import record

COUNT = 5 * BATCH
SPACING = 300_000_000
"""Nanoseconds from record to record, of which many are in one second."""


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """As the process that is killed has it."""
    monkeypatch.setattr(copying, "_MOST", BATCH)
    monkeypatch.setattr(exchange, "_MOST", BATCH)
    monkeypatch.setattr(exchange, "_FILE_BYTES", FILE_BYTES)


@pytest.fixture
def source(tmp_path: Path) -> Iterator[EmbeddedStore]:
    store = EmbeddedStore(tmp_path / "source")
    interface = store.put_interface(b"descriptors")
    store.put([made(number, interface=interface) for number in range(COUNT)])
    store.mark(made(7).id, Mark(mark="error", by="ada", time=3))
    yield store
    store.close()


@pytest.fixture
def target(tmp_path: Path) -> Iterator[EmbeddedStore]:
    store = EmbeddedStore(tmp_path / "target")
    yield store
    store.close()


def made(number: int, **fields: object) -> Record:
    return record(number, **{"time": number * SPACING, **fields})


def copied(source: EmbeddedStore, target: EmbeddedStore, path: Path) -> Copied:
    return copy_records(source, target, Query(), file=PositionFile(path, WORK))


def test_an_uninterrupted_copy_leaves_no_position(source: EmbeddedStore, target: EmbeddedStore, tmp_path: Path) -> None:
    done = copied(source, target, tmp_path / "position")
    assert (done.records, done.new, done.known, done.different, done.before) == (COUNT, COUNT, 0, (), 0)
    assert not (tmp_path / "position").exists()


@pytest.mark.parametrize("instant", [1, 2, 4])
def test_a_killed_copy_goes_on(source: EmbeddedStore, target: EmbeddedStore, tmp_path: Path, instant: int) -> None:
    position = tmp_path / "position"
    assert killed("copy", tmp_path / "source", tmp_path / "target", position, instant) == -signal.SIGKILL
    assert len(list(target.scan(Query()))) == instant * BATCH
    done = copied(source, target, position)
    assert done.before == (instant - 1) * BATCH, "what was put last had not been noted"
    assert (done.records, done.new, done.known, done.different) == (COUNT, COUNT - BATCH, BATCH, ())
    assert list(target.scan(Query())) == list(source.scan(Query()))
    assert not position.exists()
    other = EmbeddedStore(tmp_path / "other")
    assert copied(source, other, position).digest == done.digest
    other.close()


def test_a_copy_goes_on_with_what_it_was_asked_for(
    source: EmbeddedStore, target: EmbeddedStore, tmp_path: Path
) -> None:
    assert killed("copy", tmp_path / "source", tmp_path / "target", tmp_path / "position", 3) == -signal.SIGKILL
    file = PositionFile(tmp_path / "position", WORK)
    later = Query(since=2.0)  # as `--since 7d` is, a moment later
    assert copy_records(source, target, later, file=file).records == COUNT


def test_what_came_late_has_a_copy_begin_anew(source: EmbeddedStore, target: EmbeddedStore, tmp_path: Path) -> None:
    assert killed("copy", tmp_path / "source", tmp_path / "target", tmp_path / "position", 3) == -signal.SIGKILL
    source.put([record(COUNT, time=SPACING)])
    done = copied(source, target, tmp_path / "position")
    assert (done.before, done.records, done.known) == (0, COUNT + 1, 3 * BATCH)
    assert len(list(target.scan(Query()))) == COUNT + 1


def test_what_the_target_has_lost_is_copied_again(source: EmbeddedStore, target: EmbeddedStore, tmp_path: Path) -> None:
    assert killed("copy", tmp_path / "source", tmp_path / "target", tmp_path / "position", 3) == -signal.SIGKILL
    assert target.delete(Query(until=1.0), marked=True) == 4
    target.delete(Query(since=10.0), marked=True)
    assert copied(source, target, tmp_path / "position").before == 0
    assert list(target.scan(Query())) == list(source.scan(Query()))


@pytest.mark.parametrize("content", ["", "{", "[]", '{"work": "work"}', '{"work": "other", "position": [1, [], 9]}'])
def test_a_position_that_is_none_is_the_beginning(
    source: EmbeddedStore, target: EmbeddedStore, tmp_path: Path, content: str
) -> None:
    (tmp_path / "position").write_text(content, encoding="utf-8")
    assert copied(source, target, tmp_path / "position")[:3] == (COUNT, COUNT, 0)


def test_a_killed_export_goes_on(source: EmbeddedStore, target: EmbeddedStore, tmp_path: Path) -> None:
    export = tmp_path / "export"
    assert killed("export", tmp_path / "source", export, tmp_path / "none", 70) == -signal.SIGKILL
    with pytest.raises(BadExport, match="interrupted"):
        import_records(target, export)
    with pytest.raises(BadExport, match="there is something in it"):
        export_records(source, Query(), export, "other work")
    done = export_records(source, Query(), export, WORK)
    assert 0 < done.before <= 70
    assert done.records == COUNT
    assert sorted(path.name for path in export.iterdir() if not path.name.startswith("records")) == [
        "export.json", "interfaces",
    ]  # fmt: skip
    assert import_records(target, export) == (COUNT, 0, ())
    assert list(target.scan(Query())) == list(source.scan(Query()))


def test_a_file_of_a_killed_export_that_is_damaged_is_written_anew(
    source: EmbeddedStore, target: EmbeddedStore, tmp_path: Path
) -> None:
    export = tmp_path / "export"
    assert killed("export", tmp_path / "source", export, tmp_path / "none", 70) == -signal.SIGKILL
    (export / "records-000001.binpb").write_bytes(b"")
    assert export_records(source, Query(), export, WORK).before == 0
    assert import_records(target, export) == (COUNT, 0, ())


@pytest.mark.parametrize("instant", [1, 3])
def test_a_killed_import_goes_on(source: EmbeddedStore, target: EmbeddedStore, tmp_path: Path, instant: int) -> None:
    export, position = tmp_path / "export", tmp_path / "position"
    export_records(source, Query(), export)
    assert killed("import", export, tmp_path / "target", position, instant) == -signal.SIGKILL
    there = len(list(target.scan(Query())))
    put = import_records(target, export, PositionFile(position, WORK))
    assert put.new + put.known == COUNT
    assert 0 < put.known <= BATCH, "only what had not been noted was put twice"
    assert put.new == COUNT - put.known
    assert there >= put.known
    assert list(target.scan(Query())) == list(source.scan(Query()))
    assert not position.exists()


def test_an_import_whose_target_was_emptied_begins_anew(
    source: EmbeddedStore, target: EmbeddedStore, tmp_path: Path
) -> None:
    export, position = tmp_path / "export", tmp_path / "position"
    export_records(source, Query(), export)
    assert killed("import", export, tmp_path / "target", position, 3) == -signal.SIGKILL
    target.delete(Query(), marked=True)
    assert import_records(target, export, PositionFile(position, WORK)) == (COUNT, 0, ())
