"""Show one recorded request: what was asked, what each node made of it, what was answered, and what people say of it.

With -o its request and its pictures are written into a directory, as a sample has them.

example:
  comb samples show 0197c3a2b5e87d0c9f1e2d3c4b5a6978
  comb samples show 0197c3a2b5e87d0c9f1e2d3c4b5a6978 --node recognise      what that node got and gave
  comb samples show 0197c3a2b5e87d0c9f1e2d3c4b5a6978 --format json
"""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from comb_compiler.cli.console import Console
from comb_compiler.cli.exits import Exit, UsageError
from comb_compiler.cli.samples.formats import add_format_argument, json_text
from comb_compiler.cli.samples.stores import add_store_argument, opened
from comb_compiler.diagnostics.render.printable import printable

if TYPE_CHECKING:
    from comb_compiler.cli.samples.decoding import Decoder
    from comb_compiler.samples.record_pb2 import Operator, Record, Resources, Value
    from comb_compiler.samples.store import SampleStore

__all__ = ["add_arguments", "run", "the_record"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("id", metavar="ID", help="the record's id, as `comb samples list` shows it")
    add_store_argument(parser)
    parser.add_argument("--node", metavar="NAME", help="show what this node got and gave, too")
    parser.add_argument("-o", "--output", metavar="DIR", help="write its request there, as a sample's files")
    add_format_argument(parser)


def run(arguments: argparse.Namespace, console: Console) -> int:
    from comb_compiler.cli.samples.decoding import Decoder

    with opened(arguments) as store:
        record = the_record(store, arguments.id)
        decoder = Decoder(store)
        if arguments.output is not None:
            _write(record, decoder, Path(arguments.output), console)
        if arguments.format == "json":
            console.result(json_text(_data(record, decoder)))
        else:
            console.result("\n".join(_lines(record, decoder, arguments.node, console)))
    return Exit.CLEAN


def the_record(store: "SampleStore", id: str) -> "Record":
    """The record of an id. Raises UsageError where there is none."""
    found = store.get([id]).get(id)
    if found is None:
        raise UsageError(f"{id}: there is no record of this id; `comb samples list` shows them")
    return found


def _lines(record: "Record", decoder: "Decoder", node: str | None, console: Console) -> Iterator[str]:
    from comb_compiler.cli.calling.showing import waterfall
    from comb_compiler.cli.tables import code_name, milliseconds, moment

    yield printable(f"{record.id}  {moment(record.time / 1e9)}  {code_name(record.code)}")
    yield f"took {milliseconds(record.duration / 1e9)}"
    yield from _used(record.resources)
    for title, value in _facts(record):
        if value:
            yield printable(f"{title} {value}")
    yield ""
    yield "request:"
    yield from _message(record.interface, record.request, decoder)
    if node is not None:
        yield from _node(record, node, decoder)
    yield ""
    if record.code:
        yield printable(f"{code_name(record.code)}: {record.error}")
    else:
        yield "answer:"
        yield from _message(record.interface, record.answer, decoder)
    if record.operators:
        yield ""
        yield from waterfall(_outcome(record), console.width, colour=console.colour, unicode=console.unicode)
    yield from _marks(record)


def _facts(record: "Record") -> Iterator[tuple[str, str]]:
    yield "comb", record.comb
    yield "environment", record.environment
    yield "release", record.release
    yield "subject", record.subject
    yield "arm", record.arm
    yield "request", record.request_id
    yield "host", record.host
    yield "redacted", ", ".join(record.redacted)


def _message(interface: str, value: "Value", decoder: "Decoder", margin: str = "  ") -> Iterator[str]:
    from comb_compiler.cli.calling.showing import answer_lines

    message = decoder.message(interface, value)
    if message is None:
        yield printable(f"{margin}{len(value.message):,} bytes of {value.type or 'nothing'}, which cannot be read here")
        return
    yield from list(answer_lines(message, margin)) or [f"{margin}(every field has its default)"]


def _node(record: "Record", name: str, decoder: "Decoder") -> Iterator[str]:
    from comb_compiler.cli.tables import code_name
    from comb_compiler.spec.suggest import did_you_mean

    one = next((one for one in record.operators if one.node == name), None)
    if one is None:
        names = [one.node for one in record.operators]
        (hint,) = did_you_mean(name, names, "node")
        raise UsageError(f"--node {name}: the record has no such node; {hint}")
    yield ""
    about = [one.operator if one.operator != one.node else "", one.model, code_name(one.code)]
    about += [f"batch of {one.batch}" if one.batch else "", "its fallback" if one.fallback else ""]
    yield printable(f"{one.node} ({', '.join(part for part in about if part)})")
    yield from (f"  {line}" for line in _used(one.resources))
    for given in one.inputs:
        yield printable(f"  {given.port} = {given.source or '$request'}{f'.{given.path}' if given.path else ''}")
        if given.HasField("value"):
            yield from _message(record.interface, given.value, decoder, "    ")
    if one.error:
        yield printable(f"  {one.error}")
    if one.HasField("output"):
        yield "  gave:"
        yield from _message(record.interface, one.output, decoder, "    ")


def _used(resources: "Resources") -> Iterator[str]:
    """What was measured, in a line."""
    from comb_compiler.cli.tables import milliseconds, size

    told = []
    if resources.HasField("cpu"):
        told.append(f"{milliseconds(resources.cpu / 1e9)} of CPU")
    if resources.HasField("rss"):
        told.append(f"{size(resources.rss)} of memory")
    if resources.HasField("gpu_memory"):
        told.append(f"{size(resources.gpu_memory)} of GPU memory")
    if resources.HasField("gpu_utilization"):
        told.append(f"{resources.gpu_utilization:.0%} of a GPU's time")
    if told:
        yield f"used {', '.join(told)}"


def _outcome(record: "Record") -> Any:
    from comb_compiler.runtime.client import Outcome

    steps = tuple(_step(one) for one in record.operators)
    return Outcome(None, "OK", "", record.duration / 1e9, {}, steps)


def _step(one: "Operator") -> Any:
    from comb_compiler.cli.tables import code_name
    from comb_compiler.runtime.client import Timed

    code = "SKIPPED" if one.code < 0 else code_name(one.code)
    return Timed(one.node, one.began / 1e9, one.duration / 1e9, code)


def _marks(record: "Record") -> Iterator[str]:
    from comb_compiler.cli.tables import moment
    from comb_compiler.samples.marks import conflicts

    standing = [one for one in record.marks if not one.withdrawn]
    if standing:
        yield ""
    for one in standing:
        wanted = (
            f", and {one.expected} expected" if one.expected else f", and {one.error} expected" if one.error else ""
        )
        why = f": {one.why}" if one.why else ""
        yield printable(f"marked {one.mark} by {one.by} on {moment(one.time / 1e9)}{why}{wanted}")
    for conflict in conflicts(record.marks):
        yield printable(f"conflict: {conflict}")


def _data(record: "Record", decoder: "Decoder") -> dict[str, Any]:
    """The record in Protobuf's JSON form, with its messages in theirs."""
    from comb_compiler.runtime.messages import as_json

    data = as_json(record)
    _fill(data.get("request"), record.interface, record.request, decoder)
    _fill(data.get("answer"), record.interface, record.answer, decoder)
    for one, shown in zip(record.operators, data.get("operators", ()), strict=False):
        _fill(shown.get("output"), record.interface, one.output, decoder)
        for given, below in zip(one.inputs, shown.get("inputs", ()), strict=False):
            _fill(below.get("value"), record.interface, given.value, decoder)
    return {"sample": data}


def _fill(shown: dict[str, Any] | None, interface: str, value: "Value", decoder: "Decoder") -> None:
    from comb_compiler.runtime.messages import as_json

    if shown is not None:
        message = decoder.message(interface, value)
        if message is not None:
            shown["message"] = as_json(message)


def _write(record: "Record", decoder: "Decoder", directory: Path, console: Console) -> None:
    from comb_compiler.cli.samples.recorded import files_of
    from comb_compiler.workspace.errors import OutsideFailure

    message = decoder.message(record.interface, record.request)
    if message is None:
        raise UsageError(f"{record.id}: its request cannot be read here, and so not be written as a sample")
    files = files_of(record, message, decoder)
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            (directory / name).write_bytes(content)
    except OSError as problem:
        raise OutsideFailure(f"`{directory}` cannot be written: {problem.strerror}") from problem
    console.note(f"{directory}: {', '.join(sorted(files))}")
