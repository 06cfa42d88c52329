"""Put samples into a set: a directory of the repository that people read and review.

A sample is made of what `comb call` takes (a picture or other bytes, JSON, `-`), or of a recorded request, by its id.
What is expected of its answer is given by --expect or --error; --as-answered asks the comb here and keeps what it
answers now, for you to look at before you commit it. A recorded request expects what its marks say, or what it was
answered with. --in-store leaves its request in the store: the sample names the record, and a digest of it, and a gate
that does not find it decides nothing. A record that nobody has marked is marked then, so that it is kept.

--marked adds every record of the comb with a mark that the set has not yet: so a set is brought to what people have
said by now. The exit code is 1 where some are left out, since nobody said what should have come, or people disagree.

example:
  comb samples add frame.jpg --expect '{"decision": "DECISION_BLOCK"}' --why "a phrase that is blocked"
  comb samples add frames/*.jpg --as-answered --to samples/standard
  comb samples add 0197c3a2b5e87d0c9f1e2d3c4b5a6978 --to samples/error
  comb samples add --marked error --in-store            all errors that people have marked until now
"""

import argparse
import os
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from comb_compiler.cli.console import Console
from comb_compiler.cli.exits import Exit, UsageError
from comb_compiler.cli.opening import Clean, open_clean
from comb_compiler.cli.samples.expecting import add_expecting_arguments, author, checked, expecting
from comb_compiler.cli.samples.formats import add_format_argument, json_text
from comb_compiler.cli.samples.recorded import Wanted
from comb_compiler.cli.samples.stores import add_store_argument
from comb_compiler.cli.samples.taking import Draft, LeftOut, taken
from comb_compiler.diagnostics.render.printable import printable
from comb_compiler.workspace.errors import OutsideFailure

if TYPE_CHECKING:
    from comb_compiler.samples.model import Mark

__all__ = ["add_arguments", "run"]

_ID = re.compile(r"[0-9a-f]{32}")
_SHOWN = 20


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("inputs", metavar="FILE|ID", nargs="*", help="files, JSON, - for stdin, or ids of recorded requests")
    add("--marked", metavar="MARK", help="every recorded request with this mark that the set has not yet")
    add("--in-store", action="store_true", help="leave recorded requests in the store, and name them")
    add("--comb", metavar="DIR", default=".", help="the comb.yaml that they are of, or its directory (default: .)")
    add(
        "--to",
        metavar="DIR",
        help="the set (default: samples/MARK, that of gates.availability, or samples/standard)",
    )
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


def run(arguments: argparse.Namespace, console: Console) -> int:
    wanted = expecting(arguments)
    ids = [one for one in arguments.inputs if _ID.fullmatch(one) and not Path(one).exists()]
    _check(arguments, wanted, ids)
    comb = open_clean(arguments.comb, console, "has samples")
    if comb is None:
        return Exit.FINDINGS
    target, left = _target(arguments, comb), list[LeftOut]()
    if ids or arguments.marked is not None:
        said = _mark(arguments, target) if arguments.in_store else None
        drafts, left = taken(ids, comb.plan.comb, target, wanted, said, arguments)
    else:
        drafts = _given(comb, target, wanted, arguments, console)
    written = []
    for path in _written(target, drafts):
        written.append(str(path))
        if arguments.format == "text":
            console.result(printable(written[-1]))
    if arguments.format == "json":
        console.result(json_text({"set": str(target), "samples": written, "left_out": [one._asdict() for one in left]}))
    else:
        console.note(printable("\n".join(_lines(left))))
    if written:
        console.note(
            f"what is expected exactly must be answered exactly: look at them, then commit them: git add {target}"
        )
    elif not left:
        console.note(printable(f"there is nothing that is marked {arguments.marked} and {target} has not"))
    return Exit.FINDINGS if left else Exit.CLEAN


def _lines(left: Sequence[LeftOut]) -> Iterator[str]:
    for one in left[:_SHOWN]:
        yield f"left out: {one.id}: {one.why}"
    if len(left) > _SHOWN:
        yield f"and {len(left) - _SHOWN:,} more"


def _check(arguments: argparse.Namespace, wanted: Wanted | None, ids: list[str]) -> None:
    """Raises UsageError for what makes no sense together."""
    from comb_compiler.samples.model import mark_flaw

    if (arguments.marked is None) != bool(arguments.inputs):
        raise UsageError("what is added? name files, ids of recorded requests, or --marked MARK alone")
    if arguments.name is not None and len(arguments.inputs) != 1:
        raise UsageError("--name: several samples cannot have one name")
    if wanted is not None and arguments.as_answered:
        raise UsageError("--as-answered expects what the comb answers: leave out --expect and --error")
    if ids and len(ids) < len(arguments.inputs):
        raise UsageError(
            "files and recorded requests cannot be added in one go: they are made into samples differently"
        )
    if arguments.marked is not None:
        if flaw := mark_flaw(arguments.marked):
            raise UsageError(f"--marked {arguments.marked}: {flaw}")
        if wanted is not None or arguments.mark is not None:
            raise UsageError("--marked takes what the marks say: leave out --expect, --error and --as")
    elif arguments.in_store and not ids:
        raise UsageError("--in-store: a file is in no store; `comb run --samples` records what it is asked")
    if (ids or arguments.marked) and (arguments.as_answered or arguments.set or arguments.file):
        raise UsageError("--as-answered, --set and --file make a request; a recorded one is taken as it came")


def _target(arguments: argparse.Namespace, comb: Clean) -> Path:
    if arguments.to is not None:
        return Path(arguments.to)
    sets = Path(os.path.relpath(comb.directory)) / "samples"
    return sets / arguments.marked if arguments.marked is not None else comb.golden or sets / "standard"


def _mark(arguments: argparse.Namespace, target: Path) -> "Mark":
    """What is said of what is added. Raises UsageError."""
    from comb_compiler.samples.model import MARKS, Mark, mark_flaw

    mark = arguments.mark or (target.name if target.name in MARKS else "standard")
    if mark_flaw(mark):
        raise UsageError(f"--as {mark}: {mark_flaw(mark)}")
    return Mark(mark, author(arguments), arguments.why)


def _written(target: Path, drafts: Sequence[Draft]) -> Iterator[Path]:
    from comb_compiler.samples.writing import SampleExists, sample_name, write_sample

    _must_be_small(drafts)
    try:
        taken = {one.name for one in target.iterdir()} if target.is_dir() else set()
        for draft in drafts:
            name = sample_name(draft.name, taken)
            yield write_sample(target, name, draft.files)
            taken.add(name)
    except SampleExists as there:
        raise UsageError(f"{there}: give it another name, --name NAME") from there
    except OSError as problem:
        raise OutsideFailure(f"`{target}` cannot be written: {problem.strerror}") from problem


def _must_be_small(drafts: Sequence[Draft]) -> None:
    from comb_compiler.samples.files import MAX_FILE

    for draft in drafts:
        for name, content in draft.files.items():
            if len(content) > MAX_FILE:
                raise UsageError(
                    f"{draft.name}: {name} would have {len(content):,} bytes, more than the {MAX_FILE:,} of a sample's "
                    "file: a recorded request can stay in its store, --in-store; of an answer say what counts, --expect"
                )


def _given(
    comb: Clean, target: Path, wanted: Wanted | None, arguments: argparse.Namespace, console: Console
) -> list[Draft]:
    from comb_compiler.runtime.messages import open_messages

    if wanted is None and not arguments.as_answered:
        raise UsageError("what is expected of the answer? say it by --expect or --error, or keep it by --as-answered")
    marks = [_mark(arguments, target)]
    plan = comb.plan
    messages = open_messages(plan.descriptors)
    if wanted is not None:
        checked(wanted, messages[plan.method.output])
    requests = [_request(one, messages[plan.method.input], arguments, console) for one in arguments.inputs]
    every = [wanted] * len(requests) if wanted is not None else _answered(comb, requests, arguments, console)
    return [
        Draft(arguments.name or _stem(one), _files(request, its, arguments.about, marks))
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
