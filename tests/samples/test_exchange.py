"""Records go from one store into files and into another store, and are the same there."""

import json
from pathlib import Path

import pytest

from comb_compiler.samples import exchange
from comb_compiler.samples.embedded import EmbeddedStore
from comb_compiler.samples.exchange import BadExport, export_records, import_records
from comb_compiler.samples.record_pb2 import Mark, Record
from comb_compiler.samples.store import Query
from tests.samples.made import record


@pytest.fixture
def store(tmp_path: Path) -> EmbeddedStore:
    store = EmbeddedStore(tmp_path / "store", partition=20)
    digest = store.put_interface(b"descriptors")
    store.put([record(number, interface=digest, error="x" * number * 10) for number in range(50)])
    store.mark(record(7).id, Mark(mark="error", by="ada", time=3, why="wrong", expected='{"a": 1}'))
    return store


def test_an_import_makes_the_same_store(store: EmbeddedStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange, "_FILE_BYTES", 3000)
    done = export_records(store, Query(since=5), tmp_path / "export")
    assert done.records == 45
    assert done.files > 3
    other = EmbeddedStore(tmp_path / "other")
    assert import_records(other, tmp_path / "export") == (45, 0, ())
    assert list(other.scan(Query())) == list(store.scan(Query(since=5)))
    assert other.find(Query(marks=("error",))).found[0].id == record(7).id
    assert other.interface(store.get([record(9).id])[record(9).id].interface) == b"descriptors"
    assert import_records(other, tmp_path / "export") == (0, 45, ()), "again does nothing"
    store.close()
    other.close()


def test_nothing_is_an_export_too(store: EmbeddedStore, tmp_path: Path) -> None:
    assert export_records(store, Query(comb="none"), tmp_path / "export") == (0, 0, 0)
    assert import_records(store, tmp_path / "export") == (0, 0, ())
    store.close()


def test_what_is_no_export_is_refused_before_anything_is_put(store: EmbeddedStore, tmp_path: Path) -> None:
    export, other = tmp_path / "export", EmbeddedStore(tmp_path / "other")
    export_records(store, Query(), export)
    with pytest.raises(BadExport, match="there is something in it"):
        export_records(store, Query(), export)
    listed = (export / "export.json").read_text("utf-8")
    file = export / "records-000001.binpb"
    whole = file.read_bytes()
    for content in (whole[:-3], whole[:100] + b"\x00" + whole[101:], b""):
        file.write_bytes(content)
        with pytest.raises(BadExport, match="not what was exported"):
            import_records(other, export)
    file.write_bytes(whole)
    for text, problem in (
        ("{", "no list"), ("[]", "no list"), ('{"version": 2}', "newer"), ('{"version": 1}', "no list"),
        (listed.replace("records-000001.binpb", "../x"), "no file here"),
        (listed.replace('"version": 1', '"version": "1"'), "no list"),
    ):  # fmt: skip
        (export / "export.json").write_text(text, "utf-8")
        with pytest.raises(BadExport, match=problem):
            import_records(other, export)
    (export / "export.json").unlink()
    with pytest.raises(BadExport, match="interrupted"):
        import_records(other, export)
    assert other.count(Query()) == []
    store.close()
    other.close()


@pytest.mark.parametrize("size", [0, 1, 127, 128, 16383, 16384, 3_000_000])
def test_lengths_of_all_sizes_are_read_again(size: int, tmp_path: Path) -> None:
    store, other = EmbeddedStore(tmp_path / "store"), EmbeddedStore(tmp_path / "other")
    wanted = Record(schema=1, id="f" * 32, request={"message": b"x" * size})
    store.put([wanted])
    export_records(store, Query(), tmp_path / "export")
    assert json.loads((tmp_path / "export" / "export.json").read_text("utf-8"))["records"] == 1
    import_records(other, tmp_path / "export")
    assert list(other.scan(Query())) == [wanted]
    store.close()
    other.close()
