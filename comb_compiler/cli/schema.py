"""Print the JSON Schema (draft 7) of a file, with which editors complete and check it.

example:
  comb schema comb -o comb.schema.json
"""

import argparse
from pathlib import Path

from comb_compiler.cli.console import Console
from comb_compiler.cli.exits import Exit
from comb_compiler.spec.jsonschema import SCHEMAS, schema_text
from comb_compiler.workspace.errors import OutsideFailure

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "name",
        metavar="NAME",
        nargs="?",
        default="comb",
        choices=SCHEMAS,
        help=f"one of {', '.join(SCHEMAS)} (default: comb)",
    )
    parser.add_argument("-o", "--output", metavar="FILE", help="write it to a file instead")


def run(arguments: argparse.Namespace, console: Console) -> int:
    text = schema_text(arguments.name)
    if arguments.output is None:
        console.result(text)
        return Exit.CLEAN
    try:
        Path(arguments.output).write_text(text, encoding="utf-8")
    except OSError as problem:
        raise OutsideFailure(f"{arguments.output}: {problem.strerror}") from problem
    return Exit.CLEAN
