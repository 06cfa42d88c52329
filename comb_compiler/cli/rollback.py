"""Publish an earlier release of a comb again: what its directories held then, on top of all that came since.

History is not rewritten, and other combs are not touched. ConfigMaps that running pods read are carried, as in any
publication. What `--to` takes, `comb history` lists.

example:
  comb rollback ocr --to 3f2a9c0d1e5b --platform platform.yaml --environment production --sign ~/.ssh/publisher
"""

import argparse
import re

from comb_compiler.cli.console import Console
from comb_compiler.cli.exits import Exit, UsageError
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

_COMMIT = re.compile(r"[0-9a-f]{7,40}")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_comb_name(parser)
    parser.add_argument("--to", metavar="COMMIT", required=True, help="the publication that is to be there again")
    add_writing_arguments(parser)


def run(arguments: argparse.Namespace, console: Console) -> int:
    import comb_compiler
    from comb_compiler.compiler.carrying import carry
    from comb_compiler.publish import Refused, Terms, roll_back
    from comb_compiler.publish.records import history

    if not _COMMIT.fullmatch(arguments.to):
        raise UsageError("--to: a commit of the environment repository is wanted, as `comb history` lists them")
    target = target_of(arguments)
    trust, identity = trust_of(target, arguments), identity_of(target, arguments)
    places = target.places(arguments.name)
    try:
        with opened(target) as mirror:
            records = history(mirror, places, trust)
            wanted = [one for one in records if one.releases and one.commit.startswith(arguments.to)]
            if len(wanted) != 1:
                raise Refused(
                    f"--to {arguments.to}: `comb history` lists {'several' if wanted else 'no'} such releases"
                )
            then = wanted[0]
            facts = (("Comb-Compiler", comb_compiler.__version__), ("Comb-Rollback-To", then.commit))
            kept = tuple(fact for fact in then.facts if fact[0].startswith(("Comb-Source", "Comb-Evidence")))
            title = f"Roll {arguments.name} back to {then.commit[:12]} in {target.environment}"
            terms = Terms(trust, identity, arguments.allow_prune, title, (*facts, *kept))
            done = roll_back(mirror, places, then.commit, terms, carry)
    except Refused as refused:
        return told(refused, console)
    console.result(said(done))
    return Exit.CLEAN
