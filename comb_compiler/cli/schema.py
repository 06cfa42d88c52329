"""Print the JSON Schema (draft 7) of a file, with which editors complete and check it.

example:
  comb schema comb -o comb.schema.json
  comb schema diagnostics             what `--format json` prints
"""

import argparse
from pathlib import Path

import comb_compiler
from comb_compiler.cli.console import Console
from comb_compiler.cli.exits import Exit
from comb_compiler.workspace.errors import OutsideFailure

__all__ = ["add_arguments", "run"]

_GENERATED = ("comb", "platform", "execution-plan")
_WRITTEN = (
    "changes",
    "ci-report",
    "diagnostics",
    "evidence",
    "gate-report",
    "graph",
    "health",
    "health-reference",
    "images",
    "lock",
    "release",
    "weights",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    names = (*_GENERATED, *_WRITTEN)
    listing = f"one of {', '.join(names)} (default: comb)"
    parser.add_argument("name", metavar="NAME", nargs="?", default="comb", choices=names, help=listing)
    parser.add_argument("-o", "--output", metavar="FILE", help="write it to a file instead")


def run(arguments: argparse.Namespace, console: Console) -> int:
    text = _text(arguments.name)
    if arguments.output is None:
        console.result(text)
        return Exit.CLEAN
    try:
        Path(arguments.output).write_text(text, encoding="utf-8")
    except OSError as problem:
        raise OutsideFailure(f"`{arguments.output}` cannot be written: {problem.strerror}") from problem
    return Exit.CLEAN


def _text(name: str) -> str:
    if name == "execution-plan":
        from comb_compiler.release.jsonschema import plan_schema_text

        return plan_schema_text()
    if name in _GENERATED:
        from comb_compiler.spec.jsonschema import schema_text

        return schema_text(name)
    package = Path(comb_compiler.__file__).parent
    homes = (package / "schemas", package.parent / "schemas")  # in a wheel, and in Comb's own checkout
    home = next(home for home in homes if home.is_dir())
    return (home / f"{name}.v1.schema.json").read_text(encoding="utf-8")
