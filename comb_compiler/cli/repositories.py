"""The environment repository as commands reach it: options, identity, trust, and how its refusals end a run."""

import argparse
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from comb_compiler.cli.checking import open_root
from comb_compiler.cli.console import Console
from comb_compiler.cli.exits import Exit, UsageError
from comb_compiler.cli.verdicts import VerdictCache, default_directory
from comb_compiler.workspace.checkout import Checkout
from comb_compiler.workspace.errors import OutsideFailure

if TYPE_CHECKING:
    from comb_compiler.publish import Identity, Mirror, Reach, Trust
    from comb_compiler.release.place import Place
    from comb_compiler.spec.platform import Platform

__all__ = [
    "Target",
    "add_comb_name",
    "add_reading_arguments",
    "add_writing_arguments",
    "identity_of",
    "open_target",
    "opened",
    "refusals",
    "target_of",
    "told",
    "trust_of",
]

_COMMIT = re.compile(r"[0-9a-f]{40}")
_COMB = re.compile(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?")
_NAME = re.compile(r"[^<>\n\0]+ <[^<>\s\0]+>")


class Target(NamedTuple):
    """An environment of a platform, and its repository."""

    platform: "Platform"
    environment: str
    url: str

    def places(self, comb: str) -> "list[Place]":
        """Where a comb is in each cluster of the environment."""
        from comb_compiler.release.place import Place

        where = self.platform.environments[self.environment]
        return [Place(cluster, where.namespace, comb) for cluster in where.clusters]


def add_comb_name(parser: argparse.ArgumentParser) -> None:
    """The comb, by the name under which it was published: its file may be gone."""
    parser.add_argument("name", metavar="NAME", type=_name, help="the comb's name")


def _name(text: str) -> str:
    if not _COMB.fullmatch(text):
        raise argparse.ArgumentTypeError("the name of a comb is wanted, as its comb.yaml has it")
    return text


def add_reading_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of all commands that read the repository."""
    parser.add_argument("--platform", metavar="FILE", required=True, help="the platform.yaml that says where it is")
    parser.add_argument("--environment", metavar="NAME", required=True, help="the environment")
    parser.add_argument("--repository", metavar="URL", help="another repository than platform.yaml's: to try with")
    parser.add_argument("--trusted", metavar="COMMIT", help="history up to here was looked at, whoever signed it")
    parser.add_argument("--root", metavar="DIR", help="the root of the checkout (default: where .git is)")


def add_writing_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of all commands that commit."""
    add_reading_arguments(parser)
    parser.add_argument("--sign", metavar="KEY", help="the file of the SSH key that signs the commit")
    parser.add_argument("--author", metavar="'NAME <MAIL>'", help="in whose name (default: as git is told)")
    parser.add_argument(
        "--allow-prune", metavar="N", type=_count, default=0, help="how many published objects may go (default: 0)"
    )


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise argparse.ArgumentTypeError("a number of objects is wanted")
    return int(text)


def target_of(arguments: argparse.Namespace) -> Target:
    """The environment that is named, by a platform.yaml that must be right."""
    from comb_compiler.compiler import check
    from comb_compiler.diagnostics import has_errors
    from comb_compiler.source.sourceset import Unavailable
    from comb_compiler.workspace.sources import load_sources

    arguments.paths = [arguments.platform]
    checkout = Checkout(open_root(arguments))
    file = checkout.relative(arguments.platform)
    if isinstance(file, Unavailable):
        raise UsageError(f"--platform {arguments.platform}: {file.message}")
    memo = VerdictCache(default_directory()).memo
    checked = check(load_sources(checkout, file, memo), memo=memo)
    if has_errors(checked.diagnostics) or checked.platform is None or checked.platform.value is None:
        raise UsageError(f"--platform {arguments.platform}: `comb check` has something to say about it")
    return open_target(checked.platform.value, arguments)


def open_target(platform: "Platform", arguments: argparse.Namespace) -> Target:
    """The environment that is named, of a platform that was read."""
    if arguments.environment not in platform.environments:
        raise UsageError(f"the platform has no environment `{arguments.environment}`")
    url = arguments.repository or platform.environment_repository.url
    if arguments.repository and Path(arguments.repository).is_dir():
        url = Path(arguments.repository).resolve().as_uri()
    return Target(platform, arguments.environment, url)


def trust_of(target: Target, arguments: argparse.Namespace) -> "Trust":
    """Whose signatures count."""
    from comb_compiler.publish import Trust

    if arguments.trusted is not None and not _COMMIT.fullmatch(arguments.trusted):
        raise UsageError("--trusted: the full id of a commit is wanted, 40 hexadecimal digits")
    publishers = {name: one.key for name, one in target.platform.environment_repository.publishers.items()}
    return Trust(publishers, arguments.trusted)


def identity_of(target: Target, arguments: argparse.Namespace) -> "Identity":
    """In whose name commits are made."""
    from comb_compiler.publish import Identity

    key = arguments.sign
    if key is None and target.platform.environment_repository.publishers:
        raise UsageError("platform.yaml names trusted publishers: give the key that signs the commit, --sign KEY")
    if key is not None and not Path(key).is_file():
        raise UsageError(f"--sign {key}: there is no such file")
    name = os.environ.get("GIT_COMMITTER_NAME", "comb")
    mail = os.environ.get("GIT_COMMITTER_EMAIL", "comb@localhost")
    if arguments.author is not None:
        if not _NAME.fullmatch(arguments.author):
            raise UsageError("--author: a name and a mail address are wanted, 'NAME <MAIL>'")
        name, _, mail = arguments.author.removesuffix(">").rpartition(" <")
    return Identity(name, mail, str(Path(key).resolve()) if key is not None else None)


def _reach(target: Target) -> "Reach":
    from comb_compiler.publish import Reach
    from comb_compiler.publish.git import users_configuration

    branch = target.platform.environment_repository.branch
    caller = dict(os.environ)
    return Reach(target.url, branch, Path(default_directory()), caller, users_configuration(caller))


@contextmanager
def refusals() -> Iterator[None]:
    """Failures of what is outside end a run as such; what the repository refuses is raised as it is."""
    from comb_compiler.publish import PublishError

    try:
        yield
    except PublishError as problem:
        raise OutsideFailure(str(problem)) from problem


@contextmanager
def opened(target: Target) -> Iterator["Mirror"]:
    """The repository's branch on this machine."""
    from comb_compiler.publish import open_mirror

    with refusals(), open_mirror(_reach(target)) as mirror:
        yield mirror


def told(refused: Exception, console: Console) -> int:
    """Say why nothing was changed; the exit code that goes with it."""
    console.note(f"comb: {refused}")
    return Exit.FINDINGS
