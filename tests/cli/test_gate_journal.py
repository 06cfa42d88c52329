"""What is kept of a run of gates: whole lines of one run, or nothing."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from google.protobuf.wrappers_pb2 import StringValue

from comb_compiler.cli.gate.journal import Journal, _line, open_journal
from comb_compiler.gates import Answered

NOW = datetime(2026, 11, 27, 8, 30, tzinfo=UTC)
ANSWERS = (Answered(StringValue(value="Ada"), "OK", "", 0.25), Answered(None, "INTERNAL", "no \udcff", 0.5))
NODES = {("replay error", "no \udcff"): "hello"}


@contextmanager
def opened(directory: Path, now: datetime = NOW, *, fresh: bool = False) -> Iterator[Journal]:
    journal = open_journal(directory, "key", StringValue, now, fresh=fresh)
    try:
        yield journal
    finally:
        journal.close()


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """The file of a run that came to its end."""
    with opened(tmp_path) as journal:
        for name in ("one", "two"):
            journal.keep("replay error", name, ANSWERS)
        journal.finish("all", NODES)
    return tmp_path / "key.jsonl"


def test_what_is_kept_is_found(kept: Path) -> None:
    with opened(kept.parent, NOW + timedelta(days=6)) as journal:
        assert (journal.find("replay error", "one"), journal.find("availability", "one")) == (ANSWERS, None)
        assert (journal.end("all"), journal.end("replay"), journal.began) == (NODES, None, "2026-11-27T08:30:00+00:00")
        assert (journal.kept("replay error"), journal.note) == (1, "")


def test_a_fresh_one_has_nothing(kept: Path) -> None:
    with opened(kept.parent, fresh=True) as journal:
        assert (journal.find("replay error", "one"), journal.end("all"), journal.began) == (None, None, "")
    assert kept.read_bytes().count(b"\n") == 1


def test_at_whatever_byte_it_ended_the_lines_before_are_good(kept: Path) -> None:
    content = kept.read_bytes()
    for length in range(len(content)):
        kept.write_bytes(content[:length])
        whole = content[:length].count(b"\n")
        with opened(kept.parent) as journal:
            assert (journal.note, bool(journal.began)) == ("", whole > 0)
            assert [journal.find("replay error", name) is not None for name in ("one", "two")] == [whole > 1, whole > 2]
            journal.keep("replay error", "three", ANSWERS)
        with opened(kept.parent) as journal:
            assert (journal.note, journal.find("replay error", "three")) == ("", ANSWERS), (
                "what follows is good as well"
            )


DAMAGE: list[Callable[[list[bytes]], list[bytes]]] = [
    lambda lines: [lines[0], lines[1].replace(b"OK", b"KO"), *lines[2:]],
    lambda lines: lines[1:],
    lambda lines: [b"\x00\xff", *lines],
    lambda lines: [*lines, b""],
    lambda lines: [lines[0], _line({"gate": "replay error"})[:-1]],
    lambda lines: [lines[0], _line({"end": "all", "nodes": 7})[:-1]],
    lambda lines: [_line({"began": "yesterday"})[:-1], *lines[1:]],
]


@pytest.mark.parametrize("damage", DAMAGE)
def test_of_a_damaged_one_nothing_is_used_and_it_is_said(
    kept: Path, damage: Callable[[list[bytes]], list[bytes]]
) -> None:
    kept.write_bytes(b"\n".join([*damage(kept.read_bytes().split(b"\n")[:-1]), b""]))
    with opened(kept.parent) as journal:
        assert "is damaged, and is not used" in journal.note
        assert (journal.find("replay error", "one"), journal.began) == (None, "")
    with opened(kept.parent) as journal:
        assert journal.note == "", "it was begun anew"


@pytest.mark.parametrize("now", [NOW + timedelta(days=8), NOW - timedelta(hours=1)])
def test_one_of_last_week_or_of_a_clock_that_jumped_is_not_used(kept: Path, now: datetime) -> None:
    with opened(kept.parent, now) as journal:
        assert (journal.find("replay error", "one"), journal.began, journal.note) == (None, "", "")


def test_two_runs_do_not_write_one_file(kept: Path) -> None:
    with opened(kept.parent), opened(kept.parent) as second:
        assert second.note == "nothing is kept for a next run: the same gates are being asked elsewhere"
        assert second.find("replay error", "one") is None
        second.keep("replay error", "three", ANSWERS)
    with opened(kept.parent) as journal:
        assert (journal.find("replay error", "one"), journal.find("replay error", "three")) == (ANSWERS, None)


def test_where_nothing_can_be_written_it_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with opened(tmp_path / "file") as journal:
        assert journal.note.startswith("nothing is kept for a next run: ")
        journal.keep("replay error", "one", ANSWERS)
        journal.finish("all", {})


def test_a_disk_that_is_full_ends_what_is_kept_and_nothing_else() -> None:
    with Path("/dev/full").open("r+b", buffering=0) as full:
        journal = Journal(StringValue, full)
        journal.keep("replay error", "one", ANSWERS)
        journal.finish("all", {})


def test_of_many_the_newest_are_left(kept: Path) -> None:
    for number in range(60):
        (kept.parent / f"{number}.jsonl").write_text("", encoding="utf-8")
        os.utime(kept.parent / f"{number}.jsonl", (number, number))
    with opened(kept.parent):
        pass
    left = {path.stem for path in kept.parent.iterdir()}
    assert left == {"key", *(str(number) for number in range(11, 60))}
