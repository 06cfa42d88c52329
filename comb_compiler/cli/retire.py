"""Take a comb out of an environment: its directories are emptied, and Flux removes what they told of.

This is the only way to empty a directory. All objects count as pruned, so that --allow-prune has to say how many. It
goes from clusters, too, that the environment had when it was published and has no more.

example:
  comb retire ocr --platform platform.yaml --environment staging --allow-prune 12
"""

import argparse
from typing import TYPE_CHECKING

from comb_compiler.cli.committing import add_writing_arguments, committed
from comb_compiler.cli.console import Console
from comb_compiler.cli.exits import Exit
from comb_compiler.cli.repositories import add_comb_name, target_of

if TYPE_CHECKING:
    from comb_compiler.publish import Identity, Mirror, Publication, Trust

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_comb_name(parser)
    add_writing_arguments(parser)


def run(arguments: argparse.Namespace, console: Console) -> int:
    import comb_compiler
    from comb_compiler.publish import Terms, retire

    target = target_of(arguments, console)
    if target is None:
        return Exit.FINDINGS
    title = f"Retire {arguments.name} from {target.environment}"
    facts = (("Comb-Compiler", comb_compiler.__version__),)
    places = target.places_once(arguments.name)

    def act(mirror: "Mirror", trust: "Trust", identity: "Identity") -> "Publication":
        return retire(mirror, places, target.environment, Terms(trust, identity, arguments.allow_prune, title, facts))

    return committed(target, arguments, console, act)
