"""Where it is noted how far a copy or an import has come."""

import argparse
import hashlib
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

from comb_compiler.cli.console import Console

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


def position_file(console: Console, *what: str, anew: bool) -> "PositionFile | None":
    """The file of that work in this directory. What is there already is forgotten with `anew`.

    None, and a word about it, where nothing can be written here: the work can be done without.
    """
    from comb_compiler.samples.positions import PositionFile

    work = work_named(*what)
    file = PositionFile(_DIRECTORY / f"{work}.json", work)
    try:
        _DIRECTORY.mkdir(parents=True, exist_ok=True)
        if anew:
            file.remove()
        if os.access(_DIRECTORY, os.W_OK):
            return file
        reason = "it is read-only"
    except OSError as problem:
        reason = str(problem.strerror or problem)
    console.note(f"`{_DIRECTORY}` cannot be written ({reason}): if this is interrupted, the next run begins anew")
    return None
