"""Records ↔ a directory of files, to be carried from one store to another.

    export.json                which files there are, with digests; it is written last, so that a part is no export
    interfaces/DIGEST          descriptors that the records' messages are read with
    records-000001.binpb       records, each behind its length as Protobuf writes delimited messages

    position.json              while it is being written: where an export that is interrupted goes on

An import that was interrupted is run again: ids make that harmless. Marks come along in the records.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, cast

from google.protobuf import proto
from google.protobuf.message import DecodeError

from comb_compiler.samples.batches import batches
from comb_compiler.samples.positions import BEGINNING, Passed, Position, PositionFile, is_whole_until, scan_from
from comb_compiler.samples.record_pb2 import Record
from comb_compiler.samples.store import Put, Query, Refused, SampleStore

__all__ = ["BadExport", "Exported", "digest_of_export", "export_records", "import_records"]

_VERSION = 1
_LIST = "export.json"
_POSITION = "position.json"
_MOST, _BYTES = 500, 8 << 20
"""Of a batch."""
_FILE_BYTES = 64 * 1024 * 1024


class BadExport(Exception):
    """This directory is no export, or a damaged one; the message says what is wrong with which file."""


class Exported(NamedTuple):
    """What was written, and how many records of it an earlier run had, that was interrupted."""

    records: int
    files: int
    before: int = 0


def export_records(store: SampleStore, query: Query, directory: Path, work: str = "") -> Exported:
    """Write what is as asked into a new directory, oldest first. It takes the memory of one record and a file's list.

    One that was interrupted, and was the same `work`, goes on after the last file that was whole, with the query that
    it had; or anew, where the store has no longer the same records up to there. Raises BadExport where there is
    something else in the directory, StoreError for the store and OSError for the files.
    """
    file = PositionFile(directory / _POSITION, work)
    position, query, listed = _begun(store, query, directory, file)
    before, passed = position.records, Passed(position)
    (directory / "interfaces").mkdir(exist_ok=True)
    for left in {one.name for one in directory.glob("records-*.binpb")} - {one["file"] for one in listed}:
        (directory / left).unlink()
    for number, some in enumerate(_files(scan_from(store, query, position)), len(listed) + 1):
        name = f"records-{number:06d}.binpb"
        interfaces: set[str] = set()
        count, digest = _write(directory / name, some, interfaces, passed)
        for one in sorted(interfaces):
            if (content := store.interface(one)) is not None:
                (directory / "interfaces" / one).write_bytes(content)
        listed.append({"file": name, "records": count, "sha256": digest})
        file.write(passed.position, query, {"files": listed})
    whole = {"version": _VERSION, "records": passed.records, "files": listed}
    (directory / _LIST).write_text(json.dumps(whole, indent=2) + "\n", encoding="utf-8")
    file.remove()
    return Exported(passed.records, len(listed), before)


def _begun(
    store: SampleStore, query: Query, directory: Path, file: PositionFile
) -> tuple[Position, Query, list[dict[str, Any]]]:
    """Where to go on, and the files that are there."""
    if not directory.exists() or not any(directory.iterdir()):
        file.write(BEGINNING, query, {"files": []})
        return BEGINNING, query, []
    found = file.read()
    if found is None or (directory / _LIST).exists():
        raise BadExport(f"{directory}: there is something in it; an export begins with an empty directory")
    position, asked, rest = found
    files: list[dict[str, Any]] = rest["files"]
    is_there = all(
        (path := directory / one["file"]).is_file() and _digest(path) == one["sha256"] for one in files
    )  # the last one may have been torn off with the machine
    if is_there and is_whole_until(store, asked, position):
        return position, asked, files
    return BEGINNING, query, []


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


def _write(path: Path, records: Iterable[Record], interfaces: set[str], passed: Passed) -> tuple[int, str]:
    digest, count = hashlib.sha256(), 0
    with path.open("wb") as file:
        for record in records:
            delimited = BytesIO()
            proto.serialize_length_prefixed(record, delimited)
            file.write(delimited.getbuffer())
            digest.update(delimited.getbuffer())
            count += 1
            passed.add(record)
            if record.interface:
                interfaces.add(record.interface)
    return count, digest.hexdigest()


def import_records(store: SampleStore, directory: Path, file: PositionFile | None = None) -> Put:
    """Put what is in an export, in batches; gives what came of all of it.

    Every file is held to its digest before anything is put. With a `file`, one that was interrupted goes on after the
    last batch that was put, as long as that is there. Raises BadExport, StoreError, OSError.
    """
    listed = _listed(directory)
    for name, _, digest in listed:
        if _digest(directory / name) != digest:
            raise BadExport(f"{directory / name}: it is not what was exported; take the export again")
    for path in sorted((directory / "interfaces").glob("*")):
        store.put_interface(path.read_bytes())
    done, whole = _imported(store, file)
    passed = 0
    for name, count, _ in listed:
        left, seen = max(0, min(count, done - passed)), 0
        passed += count
        if left == count:
            continue
        for batch in batches(_read(directory / name), most=_MOST, size=_BYTES):
            some = batch[max(0, left - seen) :]
            seen += len(batch)
            if some:
                put = store.put(some)
                whole = Put(whole.new + put.new, whole.known + put.known, (*whole.refused, *put.refused))
                _note(file, passed - count + seen, whole, some)
        if seen != count:
            raise BadExport(f"{directory / name}: it has {seen:,} records, and {_LIST} says {count:,}")
    if file is not None:
        file.remove()
    return whole


def _note(file: PositionFile | None, records: int, whole: Put, last: Sequence[Record]) -> None:
    if file is not None:
        refused = {one.id for one in whole.refused}
        put = [one.id for one in last if one.id not in refused]
        file.write(Position(None, (), records), Query(), {**whole._asdict(), "last": put})


def _imported(store: SampleStore, file: PositionFile | None) -> tuple[int, Put]:
    """How many records an earlier run had put, and what came of them."""
    found = None if file is None else file.read()
    if found is None or len(store.get(found[2]["last"])) < len(set(found[2]["last"])):
        return 0, Put(0, 0)
    rest = found[2]
    return found[0].records, Put(rest["new"], rest["known"], tuple(Refused(*one) for one in rest["refused"]))


def digest_of_export(directory: Path) -> str:
    """What is the same of two exports that have the same records. Raises BadExport for what is none."""
    _listed(directory)
    return _digest(directory / _LIST)


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
