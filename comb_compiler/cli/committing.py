"""Committing to the environment repository: what commands that do so share."""

import argparse
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from comb_compiler.cli.checking import open_root
from comb_compiler.cli.console import Console
from comb_compiler.cli.exits import Exit, UsageError
from comb_compiler.cli.provenance import author_of
from comb_compiler.cli.repositories import Target, add_reading_arguments, opened, told, trust_of

if TYPE_CHECKING:
    from comb_compiler.publish import Identity, Mirror, Publication, Trust

__all__ = ["Act", "add_commit_arguments", "add_writing_arguments", "committed", "identity_of", "said"]

_NAME = re.compile(r"[^<>\n\0]+ <[^<>\s\0]+>")

Act = Callable[["Mirror", "Trust", "Identity"], "Publication"]
"""What is to be committed, whom to trust meanwhile and in whose name."""


def add_writing_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of all commands that commit for an environment."""
    add_reading_arguments(parser)
    add_commit_arguments(parser)


def add_commit_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of all commands that commit."""
    parser.add_argument(
        "--sign", metavar="KEY", help="what signs the commit: the file of an SSH key, or an OpenPGP key's fingerprint"
    )
    parser.add_argument("--author", metavar="'NAME <MAIL>'", help="in whose name (default: as git is told)")
    parser.add_argument(
        "--allow-prune", metavar="N", type=_count, default=0, help="how many published objects may go (default: 0)"
    )


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise argparse.ArgumentTypeError("a number of objects is wanted")
    return int(text)


def committed(target: Target, arguments: argparse.Namespace, console: Console, act: Act) -> int:
    """Have `act` commit, and say what became of it; the exit code that goes with it."""
    from comb_compiler.publish import Refused

    trust, identity = trust_of(target, arguments), identity_of(target, arguments)
    try:
        with opened(target) as mirror:
            done = act(mirror, trust, identity)
    except Refused as refused:
        return told(refused, console)
    console.result(said(done))
    return Exit.CLEAN


def said(publication: "Publication") -> str:
    """What became of a publication, in one line."""
    commit = publication.commit[:12]
    return f"published as {commit}" if publication.changed else f"nothing has changed since {commit}, so no commit"


def identity_of(target: Target, arguments: argparse.Namespace) -> "Identity":
    """In whose name commits are made: who is named, else whom git would name."""
    from comb_compiler.publish import Identity
    from comb_compiler.publish.openpgp import FINGERPRINT

    key = arguments.sign
    if key is None and target.platform.environment_repository.publishers:
        raise UsageError("platform.yaml names trusted publishers: give the key that signs the commit, --sign KEY")
    if key is not None and not FINGERPRINT.fullmatch(key):
        if not Path(key).is_file():
            raise UsageError(f"--sign {key}: there is no such file, and it is no fingerprint of 40 hexadecimal digits")
        key = str(Path(key).resolve())
    return Identity(*_author(arguments), key)


def _author(arguments: argparse.Namespace) -> tuple[str, str]:
    if arguments.author is not None:
        if not _NAME.fullmatch(arguments.author):
            raise UsageError("--author: a name and a mail address are wanted, 'NAME <MAIL>'")
        name, _, mail = arguments.author.removesuffix(">").rpartition(" <")
        return name, mail
    told_name, told_mail = author_of(open_root(arguments))
    name = os.environ.get("GIT_AUTHOR_NAME") or os.environ.get("GIT_COMMITTER_NAME") or told_name
    mail = os.environ.get("GIT_AUTHOR_EMAIL") or os.environ.get("GIT_COMMITTER_EMAIL") or told_mail
    return name or "comb", mail or "comb@localhost"
