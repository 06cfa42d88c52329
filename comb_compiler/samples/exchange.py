"""Records ↔ a directory of files, to be carried from one store to another.

    export.json                which files there are, with digests; it is written last, so that a part is no export
    interfaces/DIGEST          descriptors that the records' messages are read with
    records-000001.binpb       records, each behind its length as Protobuf writes delimited messages

An import that was interrupted is run again: ids make that harmless. Marks come along in the records.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from google.protobuf.message import DecodeError

from comb_compiler.samples.record_pb2 import Record
from comb_compiler.samples.store import Put, Query, Refused, SampleStore

__all__ = ["BadExport", "Exported", "export_records", "import_records"]

_VERSION = 1
_LIST = "export.json"
_FILE_BYTES = 64 * 1024 * 1024
_BATCH_BYTES = 8 * 1024 * 1024


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
            content = record.SerializeToString()
            for part in (_length(len(content)), content):
                file.write(part)
                digest.update(part)
            count += 1
            if record.interface:
                interfaces.add(record.interface)
    return count, digest.hexdigest()


def _length(value: int) -> bytes:
    """A varint."""
    found = bytearray()
    while value > 127:
        found.append(value & 127 | 128)
        value >>= 7
    found.append(value)
    return bytes(found)


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
    new = known = 0
    refused: list[Refused] = []
    for name, count, _ in listed:
        seen = 0
        for batch in _batches(_read(directory / name)):
            put = store.put(batch)
            new, known, seen = new + put.new, known + put.known, seen + len(batch)
            refused += put.refused
        if seen != count:
            raise BadExport(f"{directory / name}: it has {seen:,} records, and {_LIST} says {count:,}")
    return Put(new, known, tuple(refused))


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
        while first := file.read(1):
            size, shift = first[0] & 127, 7
            while first and first[0] & 128:
                first = file.read(1)
                size |= (first[0] & 127 if first else 0) << shift
                shift += 7
            content = file.read(size)
            try:
                if len(content) < size:
                    raise BadExport(f"{path}: it ends within a record")
                yield Record.FromString(content)
            except DecodeError as error:
                raise BadExport(f"{path}: this is no record: {error}") from error


def _batches(records: Iterable[Record]) -> Iterator[list[Record]]:
    batch: list[Record] = []
    size = 0
    for one in records:
        batch.append(one)
        size += one.ByteSize()
        if size > _BATCH_BYTES or len(batch) >= 500:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch
