"""Recorded requests → what becomes samples of a set, and why others do not."""

import argparse
import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from comb_compiler.cli.exits import UsageError
from comb_compiler.cli.samples.expecting import checked
from comb_compiler.cli.samples.recorded import RECORDED_AS, Wanted
from comb_compiler.cli.samples.stores import opened

if TYPE_CHECKING:
    from comb_compiler.cli.samples.decoding import Decoder
    from comb_compiler.samples.model import Mark
    from comb_compiler.samples.record_pb2 import Mark as RecordMark, Record
    from comb_compiler.samples.store import SampleStore

__all__ = ["Draft", "LeftOut", "taken"]

_PAGE = 100


class Draft(NamedTuple):
    """A sample to be: a name that is wished for, and its files."""

    name: str
    files: dict[str, bytes]


class LeftOut(NamedTuple):
    """A record that does not become a sample, and why."""

    id: str
    why: str


def taken(
    ids: Sequence[str],
    comb: str,
    target: Path,
    wanted: Wanted | None,
    said: "Mark | None",
    arguments: argparse.Namespace,
) -> tuple[list[Draft], list[LeftOut]]:
    """What the records of these ids become, or all that have the mark `--marked`; and those that become nothing.

    Those that nobody has marked are marked in the store, if something is `said` of them. Raises UsageError.
    """
    from comb_compiler.cli.samples.decoding import Decoder
    from comb_compiler.cli.samples.showing import the_record

    with opened(arguments) as store:
        decoder = Decoder(store)
        if arguments.marked is not None:
            records = _marked_records(store, comb, arguments.marked, _had(target))
            return _fit(records, decoder, arguments)
        found = [the_record(store, id) for id in ids]
        unmarked = {} if said is None else _marked_here(found, said)
        drafts = [_draft(one, decoder, wanted, arguments) for one in found]
        for id, mark in unmarked.items():
            store.mark(id, mark)
    return drafts, []


def _fit(
    records: "Iterable[Record]", decoder: "Decoder", arguments: argparse.Namespace
) -> tuple[list[Draft], list[LeftOut]]:
    drafts, left = list[Draft](), list[LeftOut]()
    for record in records:
        if why := _unfit(record, arguments.marked, decoder):
            left.append(LeftOut(record.id, why))
        else:
            drafts.append(_draft(record, decoder, None, arguments))
    return drafts, left


def _draft(record: "Record", decoder: "Decoder", wanted: Wanted | None, arguments: argparse.Namespace) -> Draft:
    from comb_compiler.cli.samples.recorded import files_of

    request = decoder.message(record.interface, record.request)
    if request is None:
        raise UsageError(f"{record.id}: its request cannot be read here, and so not become a sample")
    kind = decoder.answer_type(record)
    if wanted is not None and kind is not None:
        checked(wanted, kind)
    files = files_of(record, request, decoder, wanted, in_store=arguments.in_store)
    name = record.id if arguments.in_store else record.id[:12]
    return Draft(arguments.name or name, files)


def _marked_here(records: "Sequence[Record]", said: "Mark") -> "dict[str, RecordMark]":
    """Marks for the records that nobody has marked, which have them here; retention leaves what is marked."""
    from comb_compiler.samples.marks import standing
    from comb_compiler.samples.record_pb2 import Mark as RecordMark

    marks = {}
    for record in records:
        if not standing(record.marks):
            mark = RecordMark(mark=said.mark, by=said.by, why=said.why, time=time.time_ns())
            record.marks.append(mark)
            marks[record.id] = mark
    return marks


def _had(directory: Path) -> set[str]:
    """The ids of the records that a set has samples of; none where it is not there. Raises UsageError for a bad one."""
    from comb_compiler.samples import load_sample_set

    if not directory.is_dir():
        return set()
    found, flaws = load_sample_set(directory)
    for flaw in flaws:
        if flaw.file:
            raise UsageError(f"{directory}/{flaw.file}: {flaw.message}")
    about = (one.about for one in found.samples)
    named = {one.removeprefix(RECORDED_AS).rstrip(".") for one in about if one.startswith(RECORDED_AS)}
    return named | {one.kept.record for one in found.samples if one.kept is not None}


def _marked_records(store: "SampleStore", comb: str, mark: str, known: Collection[str]) -> "Iterator[Record]":
    """A comb's records with a mark that stands, newest first, without those that are `known`."""
    from comb_compiler.samples.store import Query

    query, page = Query(comb=comb, marks=(mark,)), ""
    while True:
        found = store.find(query, limit=_PAGE, page=page)
        records = store.get([one.id for one in found.found if one.id not in known])
        yield from (records[one.id] for one in found.found if one.id in records)
        page = found.next
        if not page:
            return


def _unfit(record: "Record", mark: str, decoder: "Decoder") -> str:
    """Why nobody could tell a right answer to this record by what its marks say; empty where one can."""
    from comb_compiler.samples.marks import conflicts, standing

    if decoder.message(record.interface, record.request) is None:
        return "its request cannot be read here"
    if said := list(conflicts(record.marks)):
        return f"conflict: {said[0]}"
    if mark == "error" and not any(one.expected or one.error for one in standing(record.marks)):
        return "nobody says what should have come: comb samples mark ID --as error --expect …"
    return ""
