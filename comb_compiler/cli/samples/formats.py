"""How the commands print what they found: for people, or as JSON for programs."""

import argparse
import json

from comb_compiler.diagnostics.render.printable import encodable

__all__ = ["add_format_argument", "json_text"]

_VERSION = 1
"""Of what is printed; it goes up when something is taken away or means something else."""


def add_format_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--format", choices=("text", "json"), default="text", help="how it is printed (default: text)")


def json_text(data: dict[str, object]) -> str:
    """An object in JSON, behind the version of its form."""
    return encodable(json.dumps({"version": _VERSION, **data}, indent=2, ensure_ascii=False))
