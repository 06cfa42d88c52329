"""Write or publish what clusters are told once for all combs: namespaces, quotas, priorities, what Flux is to do.

`render` writes into a directory, `publish` commits to the environment repository, as `comb publish` does it for combs.
Both make `clusters/CLUSTER/_platform/`, and files in `clusters/CLUSTER/_flux/`. Flux is set to apply that folder once,
by hand; all else follows from there. `keys` writes the public keys of trusted publishers into files, of which the
Secret is made that Flux verifies commits by.

example:
  comb platform render --platform platform.yaml -o rendered
  comb platform publish --platform platform.yaml --sign ~/.ssh/publisher
  comb platform keys --platform platform.yaml -o keys
"""

import argparse
from typing import TYPE_CHECKING

from comb_compiler.cli.checking import open_root
from comb_compiler.cli.committing import add_commit_arguments, committed
from comb_compiler.cli.console import Console
from comb_compiler.cli.exits import Exit, UsageError
from comb_compiler.cli.keys import write_keys
from comb_compiler.cli.provenance import facts_of
from comb_compiler.cli.reporting import report
from comb_compiler.cli.repositories import add_repository_arguments, open_target
from comb_compiler.cli.verdicts import VerdictCache, default_directory
from comb_compiler.cli.writing import output_directory, write_platforms
from comb_compiler.diagnostics import has_errors
from comb_compiler.source.sourceset import Unavailable
from comb_compiler.workspace.checkout import Checkout

if TYPE_CHECKING:
    from comb_compiler.publish import Identity, Mirror, Publication, Shared, Trust
    from comb_compiler.spec.platform import Platform

__all__ = ["add_arguments", "run", "shared_of"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", choices=("render", "publish", "keys"), help="what to do with the platform")
    parser.add_argument("--platform", metavar="FILE", required=True, help="the platform.yaml")
    parser.add_argument("-o", "--output", metavar="DIR", help="render, keys: where the files are written")
    parser.add_argument("--root", metavar="DIR", help="the root of the checkout (default: where .git is)")
    parser.add_argument("--no-cache", action="store_true", help="work everything out anew")
    add_repository_arguments(parser)
    add_commit_arguments(parser)


def run(arguments: argparse.Namespace, console: Console) -> int:
    if (arguments.output is None) != (arguments.action == "publish"):
        raise UsageError("-o DIR says where files are written, which `publish` does not")
    checkout = Checkout(open_root(arguments))
    platform = _platform(checkout, arguments, console)
    if platform is None:
        return Exit.FINDINGS
    if arguments.action == "publish":
        return _publish(platform, checkout, arguments, console)
    if arguments.action == "keys":
        publishers = {name: one.key for name, one in platform.environment_repository.publishers.items()}
        written = write_keys(arguments.output, publishers)
        console.note("\n".join(f"{arguments.output}/{name}" for name in written))
        return Exit.CLEAN
    from comb_compiler.compiler.render import render_platforms

    console.note(write_platforms(output_directory(arguments.output), render_platforms(platform)))
    return Exit.CLEAN


def _platform(checkout: Checkout, arguments: argparse.Namespace, console: Console) -> "Platform | None":
    """The platform; None where it has mistakes, which are shown."""
    from comb_compiler.compiler import check
    from comb_compiler.workspace.sources import load_sources

    memo = VerdictCache(None if arguments.no_cache else default_directory()).memo
    file = checkout.relative(arguments.platform)
    if isinstance(file, Unavailable):
        raise UsageError(f"--platform {arguments.platform}: {file.message}")
    checked = check(load_sources(checkout, file, memo), memo=memo)
    if checked.kind == "Comb":
        raise UsageError(f"{arguments.platform} declares a comb: name a platform")
    console.note(report(checked.diagnostics, "text", checkout, console).rstrip("\n"))
    is_right = not has_errors(checked.diagnostics) and checked.platform is not None
    return checked.platform.value if is_right and checked.platform is not None else None


def _publish(platform: "Platform", checkout: Checkout, arguments: argparse.Namespace, console: Console) -> int:
    from comb_compiler.compiler.carrying import carry
    from comb_compiler.publish import Terms, publish

    shared = shared_of(platform)
    title = f"Publish the platform to {', '.join(one.cluster for one in shared)}"

    def act(mirror: "Mirror", trust: "Trust", identity: "Identity") -> "Publication":
        terms = Terms(trust, identity, arguments.allow_prune, title, facts_of(checkout.root))
        return publish(mirror, (), terms, carry, shared)

    return committed(open_target(platform, arguments), arguments, console, act)


def shared_of(platform: "Platform") -> "list[Shared]":
    """What the environment repository is to hold of a platform."""
    from comb_compiler.compiler.render import platform_files, render_platforms
    from comb_compiler.publish import Shared

    return [Shared(one.cluster, *platform_files(one)) for one in render_platforms(platform)]
