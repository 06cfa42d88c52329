"""List what was published of a comb in an environment: when, from which source, by whom.

The newest comes first. A line's first word is the commit that `comb rollback --to` takes.

example:
  comb history ocr --platform platform.yaml --environment production
  comb history ocr --platform platform.yaml --environment production --format json
"""

import argparse
import json
from typing import TYPE_CHECKING

from comb_compiler.cli.console import Console
from comb_compiler.cli.exits import Exit
from comb_compiler.cli.repositories import add_comb_name, add_reading_arguments, opened, target_of, told, trust_of

if TYPE_CHECKING:
    from comb_compiler.publish.records import Record

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_comb_name(parser)
    add_reading_arguments(parser)
    parser.add_argument("--format", choices=("text", "json"), default="text", help="how it is printed (default: text)")


def run(arguments: argparse.Namespace, console: Console) -> int:
    from comb_compiler.publish import Refused
    from comb_compiler.publish.records import history

    target = target_of(arguments, console)
    if target is None:
        return Exit.FINDINGS
    trust = trust_of(target, arguments)
    try:
        with opened(target) as mirror:
            records = history(mirror, target.places(arguments.name), trust)
    except Refused as refused:
        return told(refused, console)
    if arguments.format == "json":
        console.result(json.dumps({"version": 1, "records": [_data(one) for one in records]}, indent=2))
        return Exit.CLEAN
    for one in records:
        console.line(_line(one), indent=14)
    if not records:
        console.note(f"`{arguments.name}` was never published to {target.environment}")
    return Exit.CLEAN


def _data(record: "Record") -> dict[str, object]:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in record._asdict().items()}


def _line(record: "Record") -> str:
    from comb_compiler.diagnostics.render.printable import printable

    of = f" of {record.repository}" if record.repository else ""
    source = f"  from {record.source[:12]}{of}{' and more' if record.modified else ''}" if record.source else ""
    return printable(f"{record.commit[:12]}  {record.moment}  {record.title}  by {record.by}{source}")
