"""Take a comb out of an environment: its directories are emptied, and Flux removes what they told of.

This is the only way to empty a directory. All objects count as pruned, so that --allow-prune has to say how many.

example:
  comb retire ocr --platform platform.yaml --environment staging --allow-prune 12
"""

import argparse

from comb_compiler.cli.console import Console
from comb_compiler.cli.exits import Exit
from comb_compiler.cli.publish import said
from comb_compiler.cli.repositories import (
    add_comb_name,
    add_writing_arguments,
    identity_of,
    opened,
    target_of,
    told,
    trust_of,
)

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_comb_name(parser)
    add_writing_arguments(parser)


def run(arguments: argparse.Namespace, console: Console) -> int:
    import comb_compiler
    from comb_compiler.publish import Refused, Terms, retire

    target = target_of(arguments)
    trust, identity = trust_of(target, arguments), identity_of(target, arguments)
    title = f"Retire {arguments.name} from {target.environment}"
    facts = (("Comb-Compiler", comb_compiler.__version__),)
    try:
        with opened(target) as mirror:
            terms = Terms(trust, identity, arguments.allow_prune, title, facts)
            done = retire(mirror, target.places(arguments.name), terms)
    except Refused as refused:
        return told(refused, console)
    console.result(said(done))
    return Exit.CLEAN
