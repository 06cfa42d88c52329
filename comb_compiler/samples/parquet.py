"""Records ↔ one Parquet file, for analysis: a row a record, with its nodes and marks as lists, and the record itself.

It needs pyarrow (pip install 'comb-compiler[analysis]'). Times are UTC, durations are seconds. The column `record` has
the whole record, serialised, which is what an import reads.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from google.protobuf.message import DecodeError

from comb_compiler.samples.batches import batches
from comb_compiler.samples.exchange import BadExport
from comb_compiler.samples.record_pb2 import Mark, Operator, Reason, Record

__all__ = ["SCHEMA", "read_parquet", "write_parquet"]

_TIME = pa.timestamp("ns", tz="UTC")
_NODE = pa.struct(
    [
        ("node", pa.string()), ("operator", pa.string()), ("model", pa.string()), ("code", pa.int32()),
        ("error", pa.string()), ("fallback", pa.bool_()), ("began", pa.float64()), ("duration", pa.float64()),
        ("queued", pa.float64()), ("batch", pa.uint32()), ("cpu", pa.float64()), ("rss", pa.int64()),
        ("gpu_memory", pa.int64()), ("gpu_utilization", pa.float64()),
    ]
)  # fmt: skip
_MARK = pa.struct(
    [
        ("mark", pa.string()), ("by", pa.string()), ("time", _TIME), ("why", pa.string()), ("expected", pa.string()),
        ("error", pa.string()), ("withdrawn", pa.bool_()),
    ]
)  # fmt: skip
_TEXTS = ("id", "request_id", "comb", "environment", "subject", "release", "arm", "host", "method", "user", "error")
SCHEMA = pa.schema(
    [
        *((name, pa.string()) for name in _TEXTS),
        ("time", _TIME), ("duration", pa.float64()), ("code", pa.int32()), ("reason", pa.string()),
        ("share", pa.float64()), ("nodes", pa.list_(_NODE)), ("marks", pa.list_(_MARK)), ("record", pa.binary()),
    ]
)  # fmt: skip
"""The columns."""

_ROWS = 2000  # of a group
_BYTES = 64 * 1024 * 1024


def write_parquet(records: Iterable[Record], path: Path) -> int:
    """Write records, as `SampleStore.scan` gives them; gives how many. The file has its name once it is whole.

    It takes the memory of some thousand records, or of 64 MiB and one record. Raises OSError.
    """
    beginning = path.with_name(path.name + ".part")
    count = 0
    try:
        with pq.ParquetWriter(beginning, SCHEMA, compression="zstd") as writer:
            for some in batches(records, most=_ROWS, size=_BYTES):
                writer.write_table(pa.Table.from_pylist([_row(one) for one in some], SCHEMA))
                count += len(some)
        beginning.replace(path)
    finally:
        beginning.unlink(missing_ok=True)
    return count


def _row(one: Record) -> dict[str, Any]:
    return {name: getattr(one, name) for name in _TEXTS} | {
        "time": one.time,
        "duration": one.duration / 1e9,
        "code": one.code,
        "reason": _reason(one.reason),
        "share": one.share,
        "nodes": [_node(node) for node in one.operators],
        "marks": [_mark(mark) for mark in one.marks],
        "record": one.SerializeToString(),
    }


def _reason(number: int) -> str:
    return Reason.Name(number) if number in Reason.values() else str(number)  # a newer Comb may know more


def _node(node: Operator) -> dict[str, Any]:
    used = node.resources
    return {
        name: getattr(node, name) for name in ("node", "operator", "model", "code", "error", "fallback", "batch")
    } | {
        "began": node.began / 1e9,
        "duration": node.duration / 1e9,
        "queued": node.queued / 1e9,
        "cpu": used.cpu / 1e9 if used.HasField("cpu") else None,
        "rss": used.rss if used.HasField("rss") else None,
        "gpu_memory": used.gpu_memory if used.HasField("gpu_memory") else None,
        "gpu_utilization": used.gpu_utilization if used.HasField("gpu_utilization") else None,
    }


def _mark(mark: Mark) -> dict[str, Any]:
    return {name: getattr(mark, name) for name in ("mark", "by", "time", "why", "expected", "error", "withdrawn")}


def read_parquet(path: Path) -> Iterator[Record]:
    """The records of such a file, in its order. Raises BadExport where it is none, OSError."""
    try:
        with pq.ParquetFile(path) as file:
            if "record" not in file.schema_arrow.names:
                raise BadExport(f"{path}: it has no column `record`, so no records can be read from it")
            for batch in file.iter_batches(_ROWS // 10, columns=["record"]):
                for content in batch.column(0):
                    yield Record.FromString(content.as_py())
    except (pa.ArrowException, DecodeError, TypeError) as error:
        raise BadExport(f"{path}: this is no Parquet file of records, or a damaged one: {error}") from error
