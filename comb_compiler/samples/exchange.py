"""Records ↔ a directory of files, to be carried from one store to another.

    export.json                which files there are, with digests; it is written last, so that a part is no export
    interfaces/DIGEST          descriptors that the records' messages are read with
    records-000001.binpb       records, each behind its length as Protobuf writes delimited messages

An import that was interrupted is run again: ids make that harmless. Marks come along in the records.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast

from google.protobuf import proto
from google.protobuf.message import DecodeError

from comb_compiler.samples.batches import put_all
from comb_compiler.samples.record_pb2 import Record
from comb_compiler.samples.store import Put, Query, SampleStore

__all__ = ["BadExport", "Exported", "export_records", "import_records"]

_VERSION = 1
_LIST = "export.json"
_FILE_BYTES = 64 * 1024 * 1024


class BadExport(Exception):
    """This directory is no export, or a damaged one; the message says what is wrong with which file."""


class Exported(NamedTuple):
    """What was written."""

    records: int
    files: int


def export_records(store: SampleStore, query: Query, directory: Path) -> Exported:
    """Write what is as asked into a new directory, oldest first. It takes the memory of one record and a file's list.

    Raises BadExport where there is something in the directory, StoreError for the store and OSError for the files.
    """
    if directory.exists() and any(directory.iterdir()):
        raise BadExport(f"{directory}: there is something in it; an export begins with an empty directory")
    (directory / "interfaces").mkdir(parents=True, exist_ok=True)
    interfaces: set[str] = set()
    listed: list[dict[str, object]] = []
    records = 0
    for number, some in enumerate(_files(store.scan(query)), 1):
        name = f"records-{number:06d}.binpb"
        count, digest = _write(directory / name, some, interfaces)
        records += count
        listed.append({"file": name, "records": count, "sha256": digest})
    for digest in sorted(interfaces):
        if (content := store.interface(digest)) is not None:
            (directory / "interfaces" / digest).write_bytes(content)
    whole = {"version": _VERSION, "records": records, "files": listed}
    (directory / _LIST).write_text(json.dumps(whole, indent=2) + "\n", encoding="utf-8")
    return Exported(records, len(listed))


def _files(records: Iterable[Record]) -> Iterator[Iterator[Record]]:
    """Records file by file: each has some of them, and is to be read to its end before the next."""
    source = iter(records)
    for first in source:
        yield _one_file(first, source)


def _one_file(first: Record, source: Iterator[Record]) -> Iterator[Record]:
    size = first.ByteSize()
    yield first
    while size < _FILE_BYTES and (one := next(source, None)) is not None:
        size += one.ByteSize()
        yield one


def _write(path: Path, records: Iterable[Record], interfaces: set[str]) -> tuple[int, str]:
    digest, count = hashlib.sha256(), 0
    with path.open("wb") as file:
        for record in records:
            delimited = BytesIO()
            proto.serialize_length_prefixed(record, delimited)
            file.write(delimited.getbuffer())
            digest.update(delimited.getbuffer())
            count += 1
            if record.interface:
                interfaces.add(record.interface)
    return count, digest.hexdigest()


def import_records(store: SampleStore, directory: Path) -> Put:
    """Put what is in an export, in batches; gives what came of all of it.

    Every file is held to its digest before anything is put. Raises BadExport, StoreError, OSError.
    """
    listed = _listed(directory)
    for name, _, digest in listed:
        if _digest(directory / name) != digest:
            raise BadExport(f"{directory / name}: it is not what was exported; take the export again")
    for path in sorted((directory / "interfaces").glob("*")):
        store.put_interface(path.read_bytes())
    whole = Put(0, 0)
    for name, count, _ in listed:
        put = put_all(store, _read(directory / name))
        seen = put.new + put.known + len(put.refused)
        if seen != count:
            raise BadExport(f"{directory / name}: it has {seen:,} records, and {_LIST} says {count:,}")
        whole = Put(whole.new + put.new, whole.known + put.known, (*whole.refused, *put.refused))
    return whole


def _listed(directory: Path) -> list[tuple[str, int, str]]:
    path = directory / _LIST
    if not path.exists():
        raise BadExport(f"{path}: there is none, so this is no export, or one that was interrupted")
    try:
        content = json.loads(path.read_text("utf-8"))
        if content["version"] > _VERSION:
            raise BadExport(
                f"{path}: a newer Comb has written this (version {content['version']}): import it with that"
            )
        listed = [(str(one["file"]), int(one["records"]), str(one["sha256"])) for one in content["files"]]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise BadExport(f"{path}: this is no list of an export") from error
    for name, _, _ in listed:
        if "/" in name or not (directory / name).is_file():
            raise BadExport(f"{path}: it names {name!r}, which is no file here")
    return listed


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _read(path: Path) -> Iterator[Record]:
    with path.open("rb") as file:
        try:
            while (one := _next(file)) is not None:
                yield one
        except (DecodeError, ValueError, EOFError) as error:
            raise BadExport(f"{path}: this is no record, or it ends within one: {error}") from error


def _next(file: BinaryIO) -> Record | None:
    """The next record; None at the end."""
    return proto.parse_length_prefixed(Record, cast("BytesIO", file))
