"""Commit what clusters are told once for all combs to the environment repository: namespaces, quotas, priorities, what
Flux is to do.

It does so as `comb publish` does it for combs. Flux is set to apply `clusters/CLUSTER/_flux/` once, by hand; all else
follows from there.

example:
  comb platform publish --platform platform.yaml --sign ~/.ssh/publisher
  comb platform publish --platform platform.yaml --repository /tmp/environment.git
"""

import argparse
from typing import TYPE_CHECKING

from comb_compiler.cli.checking import open_root
from comb_compiler.cli.committing import add_commit_arguments, committed
from comb_compiler.cli.console import Console
from comb_compiler.cli.exits import Exit
from comb_compiler.cli.platform import shared_of
from comb_compiler.cli.platform.reading import add_platform_arguments, check_platform
from comb_compiler.cli.provenance import facts_of
from comb_compiler.cli.repositories import add_repository_arguments, open_target

if TYPE_CHECKING:
    from comb_compiler.publish import Identity, Mirror, Publication, Trust

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_platform_arguments(parser)
    add_repository_arguments(parser)
    add_commit_arguments(parser)


def run(arguments: argparse.Namespace, console: Console) -> int:
    from comb_compiler.compiler.carrying import carry
    from comb_compiler.publish import Terms, publish

    checked = check_platform(arguments, console)
    if checked is None or checked.platform is None or checked.platform.value is None:
        return Exit.FINDINGS
    platform = checked.platform.value
    shared = shared_of(platform, checked.policies)
    title = f"Publish the platform to {', '.join(one.cluster for one in shared)}"
    facts = facts_of(open_root(arguments))

    def act(mirror: "Mirror", trust: "Trust", identity: "Identity") -> "Publication":
        return publish(mirror, (), Terms(trust, identity, arguments.allow_prune, title, facts), carry, shared)

    return committed(open_target(platform, arguments), arguments, console, act)
