"""How a record lies in a row: told by its columns alone, and what is missing or changed is seen."""

import pytest

from comb_compiler.samples.elasticsearch_hbase.cells import CHUNK, Attempt, cells, head, kept, mark_cell, row_key
from comb_compiler.samples.record_pb2 import Mark

ID, TOKEN = "0123456789abcdef0123456789abcdef", "fedcba9876543210"
KEY = row_key(ID, TOKEN)
ADA = Mark(mark="error", by="ada", time=2)


def attempt(size: int, *marks: Mark) -> Attempt:
    return Attempt(ID, TOKEN, "a user", (bytes(range(256)) * (size // 256 + 1))[:size], marks)


@pytest.mark.parametrize("size", [0, 1, CHUNK, CHUNK + 1, 3 * CHUNK])
@pytest.mark.parametrize("marks", [(), (ADA,)])
def test_a_row_gives_what_it_was_made_of_and_its_columns_say_what_it_is(size: int, marks: tuple[Mark, ...]) -> None:
    one = attempt(size, *marks)
    row = dict(cells(one)) | dict(map(mark_cell, marks))
    assert max(map(len, row.values())) <= CHUNK
    assert kept(KEY, row) == (ID, TOKEN, one.content, marks, bool(marks))
    told = head(KEY, list(row))
    assert (told.id, told.token, told.size) == (ID, TOKEN, size)
    assert told.chunks == max(1, -(-size // CHUNK)), "a record that fits is one cell"


@pytest.mark.parametrize("missing", range(3))
def test_a_row_without_one_of_its_chunks_is_not_whole(missing: int) -> None:
    row = dict(cells(attempt(3 * CHUNK)))
    del row[sorted(row)[missing]]
    assert (head(KEY, row).size, head(KEY, row).chunks) == (-1, 2)
    assert kept(KEY, row) is None


def test_a_row_with_marks_alone_is_not_whole() -> None:
    assert kept(KEY, dict([mark_cell(ADA)])) is None


@pytest.mark.parametrize("changed", [b"", b"1234567", b"12345678?", b"12345670"])
def test_a_value_that_is_not_what_was_put_is_seen(changed: bytes) -> None:
    [(column, _)] = cells(Attempt(ID, TOKEN, "", b"12345678"))
    found = kept(KEY, {column: changed})
    assert found is not None
    assert found.content is None


def test_a_copy_that_was_interrupted_changes_nothing_and_a_whole_one_outlives_what_it_is_of() -> None:
    dropped, copy = dict(cells(attempt(2 * CHUNK))), dict(cells(attempt(2 * CHUNK, ADA)))
    first, last = sorted(copy)
    found = kept(KEY, dropped | {first: copy[first]})
    assert found is not None
    assert not found.is_kept
    for row in (dropped | copy, copy):
        found = kept(KEY, row)
        assert found is not None
        assert (found.content, found.is_kept) == (attempt(2 * CHUNK).content, True)
    assert kept(KEY, {last: copy[last]}) is None
