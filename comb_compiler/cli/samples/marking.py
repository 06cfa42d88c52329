"""Say of recorded requests what they are: an error, what should have come instead, or a standard to keep.

A mark is kept beside the record, with who said it and why. Marks of several people stand beside each other; where
they cannot all be true, that is shown. The same person's same mark is replaced; --withdraw takes it back.

example:
  comb samples mark 0197c3a2b5e87d0c9f1e2d3c4b5a6978 --as error --why "upside down, let through" \\
    --expect '{"decision": "DECISION_BLOCK"}'
  comb samples mark 0197c3a2b5e87d0c9f1e2d3c4b5a6978 --as error --withdraw
"""

import argparse
import json
import time
from typing import TYPE_CHECKING

from comb_compiler.cli.console import Console
from comb_compiler.cli.exits import Exit, UsageError
from comb_compiler.cli.samples.expecting import add_expecting_arguments, author, checked, expecting
from comb_compiler.cli.samples.formats import add_format_argument, json_text
from comb_compiler.cli.samples.showing import the_record
from comb_compiler.cli.samples.stores import add_store_argument, opened
from comb_compiler.diagnostics.render.printable import printable

if TYPE_CHECKING:
    from comb_compiler.cli.samples.recorded import Wanted
    from comb_compiler.samples.record_pb2 import Mark, Record
    from comb_compiler.samples.store import SampleStore

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("ids", metavar="ID", nargs="+", help="records' ids, as `comb samples list` shows them")
    add_store_argument(parser)
    parser.add_argument("--as", dest="mark", metavar="MARK", required=True, help="standard, error, optimised or a name")
    add_expecting_arguments(parser)
    parser.add_argument("--withdraw", action="store_true", help="take back what you said")
    add_format_argument(parser)


def run(arguments: argparse.Namespace, console: Console) -> int:
    from comb_compiler.samples.model import mark_flaw
    from comb_compiler.samples.record_pb2 import Mark

    flaw = mark_flaw(arguments.mark)
    if flaw:
        raise UsageError(f"--as {arguments.mark}: {flaw}")
    wanted, by = expecting(arguments), author(arguments)
    with opened(arguments) as store:
        records = [the_record(store, one) for one in dict.fromkeys(arguments.ids)]
        _check(wanted, records, store)
        mark = Mark(mark=arguments.mark, by=by, time=time.time_ns(), why=arguments.why, withdrawn=arguments.withdraw)
        if wanted is not None:
            mark.expected = "" if wanted.expected is None else json.dumps(wanted.expected, ensure_ascii=False)
            mark.error = wanted.error or ""
        for record in records:
            if arguments.withdraw and not any(one.mark == mark.mark and one.by == by for one in record.marks):
                raise UsageError(f"{record.id}: {by} never marked it {mark.mark}")
        for record in records:
            store.mark(record.id, mark)
            if arguments.format == "text":
                _tell(record, mark, console)
    if arguments.format == "json":
        console.result(json_text({"marks": [_data(one, mark) for one in records]}))
    return Exit.CLEAN


def _tell(record: "Record", mark: "Mark", console: Console) -> None:
    console.result(printable(f"{record.id}: {'no longer ' if mark.withdrawn else ''}{mark.mark}, says {mark.by}"))
    for conflict in _conflicts(record, mark):
        console.note(printable(f"{record.id}: conflict: {conflict}"))


def _data(record: "Record", mark: "Mark") -> dict[str, object]:
    said = {"mark": mark.mark, "by": mark.by, "withdrawn": mark.withdrawn}
    return {"id": record.id, **said, "conflicts": _conflicts(record, mark)}


def _conflicts(record: "Record", mark: "Mark") -> list[str]:
    """Where what is said now, and what was said of a record before, cannot all be true."""
    from comb_compiler.samples.marks import conflicts

    return list(conflicts([*record.marks, mark]))


def _check(wanted: "Wanted | None", records: "list[Record]", store: "SampleStore") -> None:
    """An expected answer has to be one that the comb could give."""
    from comb_compiler.cli.samples.decoding import Decoder

    decoder = Decoder(store)
    for record in records:
        kind = decoder.answer_type(record) if wanted is not None else None
        if wanted is not None and kind is not None:
            checked(wanted, kind)
