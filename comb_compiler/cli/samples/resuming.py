"""Where it is noted how far a copy or an import has come."""

import argparse
import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from comb_compiler.samples.positions import PositionFile

__all__ = ["add_anew_argument", "position_file", "work_named"]

_DIRECTORY = Path(".comb/copying")


def add_anew_argument(parser: argparse.ArgumentParser) -> None:
    """The option that forgets an interrupted run."""
    parser.add_argument("--anew", action="store_true", help="begin anew, though an earlier run was interrupted")


def work_named(*what: str) -> str:
    """A name for a piece of work, by all that makes it this one, as it was typed."""
    return hashlib.sha256(json.dumps(what).encode()).hexdigest()[:32]


def position_file(*what: str, anew: bool) -> "PositionFile":
    """The file of that work in this directory. What is there already is forgotten with `anew`."""
    from comb_compiler.samples.positions import PositionFile

    work = work_named(*what)
    file = PositionFile(_DIRECTORY / f"{work}.json", work)
    if anew:
        file.remove()
    return file
