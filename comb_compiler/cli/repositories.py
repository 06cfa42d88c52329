"""The environment repository as commands reach it: options, trust, and how its refusals end a run."""

import argparse
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from comb_compiler.cli.checking import open_root
from comb_compiler.cli.console import Console
from comb_compiler.cli.environments import must_have_environment
from comb_compiler.cli.exits import Exit, UsageError
from comb_compiler.cli.reporting import report
from comb_compiler.cli.verdicts import VerdictCache, default_directory
from comb_compiler.workspace.checkout import Checkout
from comb_compiler.workspace.errors import OutsideFailure

if TYPE_CHECKING:
    from comb_compiler.compiler.render import Rendered
    from comb_compiler.publish import Mirror, Reach, Trust
    from comb_compiler.release.place import Place
    from comb_compiler.spec.platform import Platform

__all__ = [
    "Target",
    "add_comb_name",
    "add_reading_arguments",
    "add_repository_argument",
    "add_repository_arguments",
    "open_target",
    "opened",
    "refusals",
    "target_for",
    "target_of",
    "told",
    "trust_of",
]

_COMMIT = re.compile(r"[0-9a-f]{40}")
_COMB = re.compile(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?")


class Target(NamedTuple):
    """An environment of a platform, where one is meant, and the repository."""

    platform: "Platform"
    environment: str
    url: str

    def places(self, comb: str) -> "list[Place]":
        """Where a comb is in each cluster of the environment."""
        from comb_compiler.release.place import Place

        where = self.platform.environments[self.environment]
        return [Place(cluster, where.namespace, comb) for cluster in where.clusters]

    def places_once(self, comb: str) -> "list[Place]":
        """Where it may be from when the environment had other clusters."""
        from comb_compiler.release.place import Place

        namespace = self.platform.environments[self.environment].namespace
        return [Place(cluster, namespace, comb) for cluster in self.platform.clusters]


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
    parser.add_argument("--root", metavar="DIR", help="the root of the checkout (default: where .git is)")
    add_repository_arguments(parser)


def add_repository_arguments(parser: argparse.ArgumentParser) -> None:
    """The options that say which repository it is, and what of it is trusted."""
    add_repository_argument(parser)
    parser.add_argument("--trusted", metavar="COMMIT", help="history up to here was looked at, whoever signed it")


def add_repository_argument(parser: argparse.ArgumentParser) -> None:
    """The option that says which repository it is."""
    parser.add_argument(
        "--repository", metavar="URL", type=_address, help="another repository than platform.yaml's: to try with"
    )


def _address(text: str) -> str:
    if not text.strip():  # a variable that is not set must not mean platform.yaml's own
        raise argparse.ArgumentTypeError("an address is wanted, and this is empty")
    return text


def target_of(arguments: argparse.Namespace, console: Console) -> Target | None:
    """The environment that is named, of a platform.yaml; None where that has mistakes, which are shown."""
    from comb_compiler.compiler import check
    from comb_compiler.diagnostics import has_errors
    from comb_compiler.source.sourceset import Unavailable
    from comb_compiler.workspace.sources import load_sources

    checkout = Checkout(open_root(arguments))
    file = checkout.relative(arguments.platform)
    if isinstance(file, Unavailable):
        raise UsageError(f"--platform {arguments.platform}: {file.message}")
    memo = VerdictCache(default_directory()).memo
    checked = check(load_sources(checkout, file, memo), memo=memo)
    must_have_environment(checked, arguments.environment)
    if checked.kind == "Comb":
        raise UsageError(f"--platform {arguments.platform}: this declares a comb")
    if has_errors(checked.diagnostics) or checked.platform is None or checked.platform.value is None:
        console.note(report(checked.diagnostics, "text", checkout, console).rstrip("\n"))
        return None
    return open_target(checked.platform.value, arguments, arguments.environment)


def target_for(combs: "Sequence[Rendered]", arguments: argparse.Namespace) -> Target:
    """The environment that combs were rendered for. Raises UsageError where there are none."""
    if not combs:
        raise UsageError("there is no comb there")
    platform = combs[0].platform
    assert platform is not None
    assert platform.value is not None
    return open_target(platform.value, arguments, arguments.environment)


def open_target(platform: "Platform", arguments: argparse.Namespace, environment: str = "") -> Target:
    """An environment of a platform that was read and has it, or none of them."""
    url = arguments.repository or platform.environment_repository.url
    if arguments.repository and Path(arguments.repository).is_dir():
        url = Path(arguments.repository).resolve().as_uri()
    return Target(platform, environment, url)


def trust_of(target: Target, arguments: argparse.Namespace) -> "Trust":
    """Whose signatures count."""
    from comb_compiler.publish import Trust

    if arguments.trusted is not None and not _COMMIT.fullmatch(arguments.trusted):
        raise UsageError("--trusted: the full id of a commit is wanted, 40 hexadecimal digits")
    publishers = {name: one.key for name, one in target.platform.environment_repository.publishers.items()}
    return Trust(publishers, arguments.trusted)


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
