"""Deletion, of which nothing is left: not in an index, not in a block, not in the log of writes.

SQLite overwrites what is deleted (`secure_delete`); then its log is emptied, which holds what was written before. That
a partition is being deleted from is noted first, so that whoever writes next finishes what an interrupted one began.
"""

import shutil
import sqlite3
from collections.abc import Sequence
from contextlib import suppress

from comb_compiler.samples.embedded import blocks, partition
from comb_compiler.samples.embedded.asking import Asked, asked
from comb_compiler.samples.embedded.catalogue import Catalogue, Part, transaction
from comb_compiler.samples.embedded.files import Directory
from comb_compiler.samples.embedded.reading import may_have
from comb_compiler.samples.store import Query

__all__ = ["delete", "finish", "remove", "settle"]

_AT_ONCE = 2000
_SLACK = 4  # a file of which one part in so many is empty is written anew
_UNMARKED = "number NOT IN (SELECT number FROM marks WHERE NOT withdrawn)"


def delete(directory: Directory, catalogue: Catalogue, query: Query, *, marked: bool) -> int:
    """Delete what is as asked. Others write between the portions."""
    directory.release_reserve()
    deleted = 0
    for part in catalogue.parts():
        if may_have(part, query):
            while number := _portion(directory, catalogue, part, query, marked=marked):
                deleted += number
    with directory.writing():
        for number in catalogue.purges():
            finish(directory, catalogue, number)
        with catalogue.connection() as connection:
            partition.write_through(connection)
        if query.user is not None and directory.damaged.exists():
            shutil.rmtree(directory.damaged)
        directory.keep_reserve()
    return deleted


def _portion(directory: Directory, catalogue: Catalogue, part: Part, query: Query, *, marked: bool) -> int:
    with directory.writing(), catalogue.partition(part.number) as connection:
        condition = asked(connection, query) if connection else None
        if connection is None or condition is None:
            return 0
        if not marked:
            condition = condition.and_also(_UNMARKED)
        if part.sealed and (number := _whole(connection, condition)):
            partition.write_through(connection)
            catalogue.drop(part.number)
            finish(directory, catalogue, part.number)
            return number
        numbers = _numbers(connection, condition)
        if numbers:
            catalogue.begin_purge(part.number)
            remove(connection, numbers)
        return len(numbers)


def _whole(connection: sqlite3.Connection, condition: Asked) -> int:
    """The number of a partition's records, where all of them are as asked; else 0."""
    (number,) = connection.execute("SELECT count(*) FROM records").fetchone()
    (others,) = connection.execute(
        f"SELECT count(*) FROM (SELECT 1 FROM records WHERE NOT ({condition.where}) LIMIT 1)", condition.values
    ).fetchone()
    return 0 if others else int(number)


def _numbers(connection: sqlite3.Connection, condition: Asked) -> list[int]:
    rows = connection.execute(
        f"SELECT number FROM records WHERE {condition.where} ORDER BY number LIMIT {_AT_ONCE}", condition.values
    )
    return [number for (number,) in rows.fetchall()]


def remove(connection: sqlite3.Connection, numbers: Sequence[int]) -> None:
    """Remove records from a partition, of which that was noted. The caller may write."""
    places = ",".join(map(str, numbers))
    with transaction(connection):
        for table in ("records", "marks"):
            connection.execute(f"DELETE FROM {table} WHERE number IN ({places})")
        gone = set(numbers)
        for number in numbers:
            if number in gone:
                gone -= _cut(connection, number, gone)


def _cut(connection: sqlite3.Connection, number: int, gone: set[int]) -> set[int]:
    """Take those that are to go out of the block of one of them; gives which those were."""
    first, contents = partition.block_of(connection, number)
    here = gone & set(range(first, first + len(contents)))
    left = [b"" if first + place in here else one for place, one in enumerate(contents)]
    smaller = blocks.pack(left) if any(left) else b""
    connection.execute("UPDATE blocks SET content = ? WHERE first = ?", (smaller, first))
    return here


def settle(catalogue: Catalogue, number: int) -> None:
    """Take the ids of what is gone out of the catalogue: they may be put again. The caller may write."""
    is_listed = any(part.number == number for part in catalogue.parts())
    with catalogue.partition(number) as connection:
        catalogue.settle(number, partition.ids(connection) if connection and is_listed else ())


def finish(directory: Directory, catalogue: Catalogue, number: int) -> None:
    """Bring a deletion to its end. The caller may write."""
    if all(part.number != number for part in catalogue.parts()):
        directory.remove(directory.partition(number))
        catalogue.settle(number, ())
    else:
        settle(catalogue, number)
        with catalogue.partition(number) as connection:
            if connection:
                _tidy(connection)
                partition.write_through(connection)
    catalogue.end_purge(number)


def _tidy(connection: sqlite3.Connection) -> None:
    """Drop kinds and texts that no record has any more; write a file anew that has become much too large."""
    with transaction(connection):
        connection.execute("DELETE FROM kinds WHERE kind NOT IN (SELECT kind FROM records)")
        connection.execute("DELETE FROM texts WHERE text NOT IN (SELECT text FROM records WHERE text IS NOT NULL)")
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    (free,) = connection.execute("PRAGMA freelist_count").fetchone()
    if free * _SLACK > pages:
        with suppress(
            sqlite3.OperationalError
        ):  # on a full disk there is no room for that; nothing of the deleted is left
            connection.execute("VACUUM")
