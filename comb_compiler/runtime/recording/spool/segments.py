"""Files of records: only ever appended to, each entry with its number and a checksum.

A file begins with `MAGIC`. An entry is its length (4 bytes, little endian), the CRC-32 of what follows (4), the entry's
number (8), and a serialised Record. What a killed process left of an entry is no entry: it ends the file.
"""

import os
import re
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from zlib import crc32

__all__ = [
    "INTERFACE",
    "LEDGER",
    "LOCK",
    "MAGIC",
    "Batch",
    "Entry",
    "entry_of",
    "last_number",
    "name_of",
    "read_batch",
    "read_entries",
    "segments_in",
    "write_all",
]

INTERFACE, LEDGER, LOCK = "interface.binpb", "ledger", "lock"
"""The other files of a spool: what its records are read with, what its process says of it, and what says it lives."""
MAGIC = b"CMBSPL01"
_HEAD = struct.Struct("<II")
_NUMBER = struct.Struct("<Q")
_NAME = re.compile(r"[0-9]{10}\.records")
_LARGEST = 1 << 30


class Entry(NamedTuple):
    """A record in a file: its number, its bytes, and the place behind it."""

    number: int
    content: bytes
    end: int


class Batch(NamedTuple):
    """Records to be shipped. `end` is the file and the place behind them; None where they come from memory."""

    records: tuple[bytes, ...]
    end: tuple[int, int] | None


def name_of(index: int) -> str:
    """The name of the index-th file."""
    return f"{index:010}.records"


def segments_in(directory: Path) -> list[Path]:
    """The files of records in a directory, the oldest first."""
    return sorted(one for one in directory.iterdir() if _NAME.fullmatch(one.name))


def entry_of(number: int, content: bytes) -> bytes:
    """An entry as it is written."""
    body = _NUMBER.pack(number) + content
    return _HEAD.pack(len(content), crc32(body)) + body


def read_entries(path: Path, start: int = 0) -> Iterator[Entry]:
    """The entries of a file from the place `start` on (0: all), up to the first that is none.

    Raises OSError, and ValueError for a file that is of no known form.
    """
    with path.open("rb") as file:
        magic = file.read(len(MAGIC))
        if magic != MAGIC:
            if len(magic) < len(MAGIC) and MAGIC.startswith(magic):
                return  # its process was killed before it had written that
            raise ValueError(f"{path.name} is of another version of Comb, or no file of records")
        place = max(start, len(MAGIC))
        file.seek(place)
        while len(head := file.read(_HEAD.size)) == _HEAD.size:
            length, checksum = _HEAD.unpack(head)
            if length > _LARGEST:
                return
            body = file.read(_NUMBER.size + length)
            if len(body) != _NUMBER.size + length or crc32(body) != checksum:
                return
            place += _HEAD.size + len(body)
            yield Entry(_NUMBER.unpack_from(body)[0], body[_NUMBER.size :], place)


def read_batch(directory: Path, segment: int, place: int, most: int, size: int) -> Batch | None:
    """At most `most` records, of about `size` bytes, from a place of a file on; None where there are none.

    Raises as `read_entries` does.
    """
    records: list[bytes] = []
    end = place
    for entry in read_entries(directory / name_of(segment), place):
        records.append(entry.content)
        end = entry.end
        size -= len(entry.content)
        if len(records) >= most or size <= 0:
            break
    return Batch(tuple(records), (segment, end)) if records else None


def last_number(directory: Path) -> int:
    """The number of the last entry in a directory; 0 where there is none."""
    for path in reversed(segments_in(directory)):
        last = 0
        for entry in read_entries(path):
            last = entry.number
        if last:
            return last
    return 0


def write_all(descriptor: int, content: bytes) -> None:
    """Write all of it. Raises OSError."""
    written = os.write(descriptor, content)
    while written < len(content):
        written += os.write(descriptor, memoryview(content)[written:])
