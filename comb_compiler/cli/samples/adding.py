"""Put samples into a set: a directory of the repository that people read and review.

A sample is made of what `comb call` takes (a picture or other bytes, JSON, `-`), or of a recorded request, by its id.
What is expected of its answer is given by --expect or --error; --as-answered asks the comb here and keeps what it
answers now, for you to look at before you commit it. A recorded request expects what its marks say, or what it was
answered with.

example:
  comb samples add frame.jpg --expect '{"decision": "DECISION_BLOCK"}' --why "a phrase that is blocked"
  comb samples add frames/*.jpg --as-answered --to samples/standard
  comb samples add 0197c3a2b5e87d0c9f1e2d3c4b5a6978 --to samples/error
"""

import argparse
import os
import re
import sys
from pathlib import Path
from typing import Any, NamedTuple

from comb_compiler.cli.console import Console
from comb_compiler.cli.exits import Exit, UsageError
from comb_compiler.cli.opening import Clean, open_clean
from comb_compiler.cli.samples.expecting import add_expecting_arguments, author, checked, expecting
from comb_compiler.cli.samples.formats import add_format_argument, json_text
from comb_compiler.cli.samples.recorded import Wanted
from comb_compiler.cli.samples.stores import add_store_argument, opened
from comb_compiler.diagnostics.render.printable import printable
from comb_compiler.workspace.errors import OutsideFailure

__all__ = ["add_arguments", "run"]

_ID = re.compile(r"[0-9a-f]{32}")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("inputs", metavar="FILE|ID", nargs="+", help="files, JSON, - for stdin, or ids of recorded requests")
    add("--comb", metavar="DIR", default=".", help="the comb.yaml that they are of, or its directory (default: .)")
    add("--to", metavar="DIR", help="the set (default: the one of gates.availability, else samples/standard)")
    add("--name", metavar="NAME", help="the sample's name (default: after its file)")
    add("--set", action="append", default=[], metavar="FIELD=VALUE", help="set a field of the request, by its path")
    add("--file", action="append", default=[], metavar="FIELD=FILE", help="set a field to what a file has")
    add_expecting_arguments(parser)
    add("--as-answered", action="store_true", help="expect what the comb answers here and now")
    add("--about", metavar="TEXT", default="", help="what the sample is, in a sentence")
    add("--as", dest="mark", metavar="MARK", help="its mark (default: after the set's name, else standard)")
    add("--patient", action="store_true", help="let steps take a minute each: this machine is slow")
    add_format_argument(parser)
    add_store_argument(parser)


class _Draft(NamedTuple):
    """A sample to be: a name that is wished for, and its files."""

    name: str
    files: dict[str, bytes]


def run(arguments: argparse.Namespace, console: Console) -> int:
    if arguments.name is not None and len(arguments.inputs) > 1:
        raise UsageError("--name: several samples cannot have one name")
    wanted = expecting(arguments)
    if wanted is not None and arguments.as_answered:
        raise UsageError("--as-answered expects what the comb answers: leave out --expect and --error")
    ids = [one for one in arguments.inputs if _ID.fullmatch(one) and not Path(one).exists()]
    if ids and len(ids) < len(arguments.inputs):
        raise UsageError(
            "files and recorded requests cannot be added in one go: they are made into samples differently"
        )
    comb = open_clean(arguments.comb, console, "has samples")
    if comb is None:
        return Exit.FINDINGS
    target = _target(arguments, comb)
    drafts = _recorded(ids, wanted, arguments) if ids else _given(comb, target, wanted, arguments, console)
    written = []
    for draft in drafts:
        written.append(_written(target, draft))
        if arguments.format == "text":
            console.result(printable(str(written[-1])))
    if arguments.format == "json":
        console.result(json_text({"set": str(target), "samples": [str(one) for one in written]}))
    console.note(f"what is expected exactly must be answered exactly: look at them, then commit them: git add {target}")
    return Exit.CLEAN


def _target(arguments: argparse.Namespace, comb: Clean) -> Path:
    if arguments.to is not None:
        return Path(arguments.to)
    return comb.golden or Path(os.path.relpath(comb.directory)) / "samples" / "standard"


def _written(target: Path, draft: _Draft) -> Path:
    from comb_compiler.samples.writing import SampleExists, sample_name, write_sample

    try:
        taken = [one.name for one in target.iterdir()] if target.is_dir() else []
        return write_sample(target, sample_name(draft.name, taken), draft.files)
    except SampleExists as there:
        raise UsageError(f"{there}: give it another name, --name NAME") from there
    except OSError as problem:
        raise OutsideFailure(f"`{target}` cannot be written: {problem.strerror}") from problem


# --- recorded requests ---


def _recorded(ids: list[str], wanted: Wanted | None, arguments: argparse.Namespace) -> list[_Draft]:
    from comb_compiler.cli.samples.decoding import Decoder
    from comb_compiler.cli.samples.recorded import files_of
    from comb_compiler.cli.samples.showing import the_record

    if arguments.as_answered or arguments.set or arguments.file:
        raise UsageError("--as-answered, --set and --file make a request; a recorded one is taken as it came")
    drafts = []
    with opened(arguments) as store:
        decoder = Decoder(store)
        for id in ids:
            record = the_record(store, id)
            request = decoder.message(record.interface, record.request)
            if request is None:
                raise UsageError(f"{id}: its request cannot be read here, and so not become a sample")
            kind = decoder.answer_type(record)
            if wanted is not None and kind is not None:
                checked(wanted, kind)
            drafts.append(_Draft(arguments.name or id[:12], files_of(record, request, decoder, wanted)))
    return drafts


# --- what people have ---


def _given(
    comb: Clean, target: Path, wanted: Wanted | None, arguments: argparse.Namespace, console: Console
) -> list[_Draft]:
    from comb_compiler.runtime.messages import open_messages
    from comb_compiler.samples.model import MARKS, Mark, mark_flaw

    if wanted is None and not arguments.as_answered:
        raise UsageError("what is expected of the answer? say it by --expect or --error, or keep it by --as-answered")
    mark = arguments.mark or (target.name if target.name in MARKS else "standard")
    if mark_flaw(mark):
        raise UsageError(f"--as {mark}: {mark_flaw(mark)}")
    marks = [Mark(mark, author(arguments), arguments.why)]
    plan = comb.plan
    messages = open_messages(plan.descriptors)
    if wanted is not None:
        checked(wanted, messages[plan.method.output])
    requests = [_request(one, messages[plan.method.input], arguments, console) for one in arguments.inputs]
    every = [wanted] * len(requests) if wanted is not None else _answered(comb, requests, arguments, console)
    return [
        _Draft(arguments.name or _stem(one), _files(request, its, arguments.about, marks))
        for one, request, its in zip(arguments.inputs, requests, every, strict=True)
    ]


def _stem(given: str) -> str:
    return Path(given).stem if Path(given).exists() else "sample"


def _request(given: str, kind: Any, arguments: argparse.Namespace, console: Console) -> Any:
    from comb_compiler.cli.calling.request import Wanted as Asked, read_request
    from comb_compiler.runtime import OperatorError
    from comb_compiler.runtime.service.web.codec import from_dict

    read = read_request(Asked(given, arguments.set, arguments.file), kind.DESCRIPTOR, sys.stdin)
    console.note(read.note)
    try:
        return from_dict(read.value, kind)
    except OperatorError as error:
        raise UsageError(f"{given}: {error.message}") from error


def _files(request: Any, wanted: Wanted, about: str, marks: Any) -> dict[str, bytes]:
    from comb_compiler.runtime.messages import as_json
    from comb_compiler.samples.writing import sample_files

    shown = as_json(request)
    return sample_files(
        shown, request.DESCRIPTOR, expected=wanted.expected, error=wanted.error, about=about, marks=marks
    )


def _answered(comb: Clean, requests: list[Any], arguments: argparse.Namespace, console: Console) -> list[Wanted]:
    """What the comb answers here and now."""
    from comb_compiler.cli.patience import patient
    from comb_compiler.runtime.engine import run as run_loop

    if arguments.patient:
        comb = comb._replace(plan=patient(comb.plan))
    return run_loop(_ask(comb, requests, console))


async def _ask(comb: Clean, requests: list[Any], console: Console) -> list[Wanted]:
    from comb_compiler.cli.calling.local import open_local
    from comb_compiler.cli.running import opened_of
    from comb_compiler.runtime.client import Terms
    from comb_compiler.runtime.messages import as_json

    console.progress("starting operators and models …")
    asked = await open_local(opened_of(comb, comb.main))
    wanted = []
    try:
        for number, request in enumerate(requests):
            console.progress(f"{number + 1} of {len(requests)}")
            outcome = await asked.ask(request, Terms(None, {}, 60.0))
            if outcome.code in ("UNAVAILABLE", "DEADLINE_EXCEEDED", "RESOURCE_EXHAUSTED"):
                raise OutsideFailure(f"the comb could not answer: {outcome.code}: {outcome.message}", "try --patient")
            wanted.append(Wanted(None, outcome.code) if outcome.failed else Wanted(as_json(outcome.answer)))
    finally:
        console.progress("")
        await asked.close()
    return wanted
