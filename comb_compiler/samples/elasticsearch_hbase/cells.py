"""How a record lies in a row of HBase's table.

A row is one attempt to put a record. Its key is two digits of the record's id that spread rows over regions (those that
end it: what an id begins with may be a time), the id, and a token of the attempt: nobody overwrites another's row, and
what is deleted is exactly what was looked at. Which of the rows of an id is the record, Elasticsearch decides.

A record's bytes are one cell, or chunks of them. A column says which chunk it is, and stands for the user; that of
the last, which is written last, also has the size and the digest of all. So what a row is, its columns say, without a
value: it is whole if no chunk is missing. What a record is found by is in no cell: it follows from the record.

`c:` has records that nobody has marked, which HBase may drop after a time, `k:` those that are kept, since they are
marked; `m:` has one mark in each cell, by its name and who said it.
"""

import hashlib
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

from comb_compiler.samples.record_pb2 import Mark

__all__ = [
    "CHUNK", "FAMILIES", "KEPT", "Attempt", "Head", "Kept", "cells", "chunks", "head", "kept", "mark_cell", "marks",
    "row_key", "user_in_columns",
]  # fmt: skip

FAMILIES = ("c", "k", "m")
KEPT = ("k", "m")
"""Families from which HBase drops nothing."""
CHUNK = 1 << 20
"""Bytes of a cell: HBase refuses cells of 10 MiB, and is at its best far below."""
_KEY = 2 + 32
_COLUMN = re.compile(rb"([ck]):([0-9]{5}) [0-9a-f]{16}(?: ([0-9]+) ([0-9a-f]{16}))?")


class Attempt(NamedTuple):
    """What a row is made of."""

    id: str
    token: str
    user: str
    content: bytes
    marks: Sequence[Mark] = ()


class Head(NamedTuple):
    """A row by its columns. `size` is -1 where it is not whole."""

    id: str
    token: str
    size: int
    digest: str
    family: str
    """Where the record is; empty where it is not whole."""
    chunks: int
    """How many there are, in all families."""


class Kept(NamedTuple):
    """A whole row. `content` is None where it is not what was put."""

    id: str
    token: str
    content: bytes | None
    marks: tuple[Mark, ...]
    is_kept: bool
    """Whether HBase keeps it however old it becomes."""


def row_key(id: str, token: str = "") -> bytes:
    """The key of a row; of all rows of an id, what they begin with."""
    return f"{id[-2:]}{id}{token}".encode()


def cells(one: Attempt) -> Iterator[tuple[bytes, bytes]]:
    """The cells of a record, the one that makes it whole last."""
    family, user = "k" if one.marks else "c", user_in_columns(one.user)
    *early, (number, last) = chunks(one.content)
    for place, chunk in early:
        yield f"{family}:{place:05} {user}".encode(), chunk
    yield f"{family}:{number:05} {user} {len(one.content)} {_digest(one.content)}".encode(), last


def chunks(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Parts of bytes, numbered; one at least."""
    for number, start in enumerate(range(0, max(len(content), 1), CHUNK)):
        yield number, content[start : start + CHUNK]


def user_in_columns(user: str) -> str:
    """What stands for a user in the names of columns."""
    return hashlib.blake2b(user.encode(), digest_size=8).hexdigest()


def mark_cell(mark: Mark) -> tuple[bytes, bytes]:
    """The cell of a mark."""
    return f"m:{mark.mark}\0{mark.by}".encode(), mark.SerializeToString()


def marks(row: Mapping[bytes, bytes]) -> tuple[Mark, ...]:
    """All that is said of a record, as `Record.marks` has it."""
    found = [Mark.FromString(content) for name, content in row.items() if name.startswith(b"m:")]
    return tuple(sorted(found, key=lambda one: (one.time, one.mark, one.by)))


def head(key: bytes, columns: Collection[bytes]) -> Head:
    """What a row is."""
    text = key.decode("utf-8", "replace")
    found = [one for name in sorted(columns) if (one := _COLUMN.fullmatch(name))]
    for family in (b"k", b"c"):
        of_family = [one for one in found if one[1] == family]
        if of_family and (last := of_family[-1])[3] and int(last[2]) == len(of_family) - 1:
            name = family.decode()
            return Head(text[2:_KEY], text[_KEY:], int(last[3]), last[4].decode(), name, len(found))
    return Head(text[2:_KEY], text[_KEY:], -1, "", "", len(found))


def kept(key: bytes, row: Mapping[bytes, bytes]) -> Kept | None:
    """A row with all of its cells; None where it is not whole."""
    one = head(key, row)
    if one.size < 0:
        return None
    begins = f"{one.family}:".encode()
    content = b"".join(row[name] for name in sorted(row) if name.startswith(begins))
    is_right = len(content) == one.size and _digest(content) == one.digest
    return Kept(one.id, one.token, content if is_right else None, marks(row), one.family == "k")


def _digest(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=8).hexdigest()
