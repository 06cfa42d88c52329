"""Records as one Parquet file: what an analysis reads, and what comes back."""

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from comb_compiler.samples import parquet
from comb_compiler.samples.exchange import BadExport
from comb_compiler.samples.parquet import read_parquet, write_parquet
from comb_compiler.samples.record_pb2 import Mark, Operator, Record, Resources
from tests.samples.made import record


def records(count: int) -> list[Record]:
    nodes = [Operator(node="n", operator="o", code=4, duration=2_500_000, resources=Resources(cpu=0))]
    marks = [Mark(mark="error", by="ada", time=5000, why="größe")]
    return [record(number, operators=nodes, marks=marks, reason=2, code=4, duration=10**9) for number in range(count)]


def test_a_row_says_what_a_record_says(tmp_path: Path) -> None:
    assert write_parquet(records(1), tmp_path / "x.parquet") == 1
    (row,) = pq.read_table(tmp_path / "x.parquet").to_pylist()
    assert (row["id"], row["code"], row["reason"], row["duration"]) == ("0" * 32, 4, "ERROR", 1.0)
    assert row["time"].isoformat() == "1970-01-01T00:00:00+00:00"
    assert row["nodes"][0]["duration"] == 0.0025
    assert (row["nodes"][0]["cpu"], row["nodes"][0]["rss"]) == (0.0, None), "not measured is not 0"
    assert row["marks"][0]["why"] == "größe"


def test_records_come_back_as_they_were(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "_ROWS", 20)
    newer = Record.FromString(record(99, schema=2, reason=77).SerializeToString() + b"\xfa\x3f\x05later")
    wanted = [*records(50), newer]
    assert write_parquet(iter(wanted), tmp_path / "x.parquet") == 51
    assert pq.ParquetFile(tmp_path / "x.parquet").num_row_groups == 3
    found = list(read_parquet(tmp_path / "x.parquet"))
    assert [one.SerializeToString() for one in found] == [one.SerializeToString() for one in wanted]
    assert write_parquet([], tmp_path / "none.parquet") == 0
    assert list(read_parquet(tmp_path / "none.parquet")) == []


def test_a_file_has_its_name_once_it_is_whole(tmp_path: Path) -> None:
    def failing() -> object:
        yield from records(3)
        raise RuntimeError("the store is down")

    with pytest.raises(RuntimeError):
        write_parquet(failing(), tmp_path / "x.parquet")  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_such_file_is_refused(tmp_path: Path) -> None:
    write_parquet(records(5), tmp_path / "x.parquet")
    content = (tmp_path / "x.parquet").read_bytes()
    for wrong in (b"", b"text", content[:-20], content[: len(content) // 2]):
        (tmp_path / "x.parquet").write_bytes(wrong)
        with pytest.raises(BadExport):
            list(read_parquet(tmp_path / "x.parquet"))
    pq.write_table(pq.read_table(_other(tmp_path)), tmp_path / "x.parquet")
    with pytest.raises(BadExport, match="no column"):
        list(read_parquet(tmp_path / "x.parquet"))


def _other(directory: Path) -> Path:
    path = directory / "other.parquet"
    write_parquet(records(1), path)
    pq.write_table(pq.read_table(path, columns=["id"]), path)
    return path
