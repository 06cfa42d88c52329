"""Publish an earlier release of a comb again: what its directories held then, on top of all that came since.

History is not rewritten, and other combs are not touched. ConfigMaps that running pods read are carried, as in any
publication. What `--to` takes, `comb history` lists.

example:
  comb rollback ocr --to 3f2a9c0d1e5b --platform platform.yaml --environment production --sign ~/.ssh/publisher
"""

import argparse
import re
from typing import TYPE_CHECKING

from comb_compiler.cli.committing import add_writing_arguments, committed
from comb_compiler.cli.console import Console
from comb_compiler.cli.exits import Exit, UsageError
from comb_compiler.cli.repositories import add_comb_name, target_of

if TYPE_CHECKING:
    from comb_compiler.publish import Identity, Mirror, Publication, Trust
    from comb_compiler.publish.records import Record

__all__ = ["add_arguments", "run"]

_KEPT = ("Comb-Source", "Comb-Evidence", "Comb-Emergency")
_COMMIT = re.compile(r"[0-9a-f]{7,40}")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_comb_name(parser)
    parser.add_argument("--to", metavar="COMMIT", required=True, help="the publication that is to be there again")
    add_writing_arguments(parser)


def run(arguments: argparse.Namespace, console: Console) -> int:
    import comb_compiler
    from comb_compiler.compiler.carrying import carry
    from comb_compiler.publish import Terms, roll_back
    from comb_compiler.publish.records import history

    if not _COMMIT.fullmatch(arguments.to):
        raise UsageError("--to: a commit of the environment repository is wanted, as `comb history` lists them")
    target = target_of(arguments, console)
    if target is None:
        return Exit.FINDINGS
    places = target.places(arguments.name)

    def act(mirror: "Mirror", trust: "Trust", identity: "Identity") -> "Publication":
        then = _named(history(mirror, places, trust), arguments.to)
        facts = (("Comb-Compiler", comb_compiler.__version__), ("Comb-Rollback-To", then.commit))
        kept = tuple(fact for fact in then.facts if fact[0].startswith(_KEPT))
        title = f"Roll {arguments.name} back to {then.commit[:12]} in {target.environment}"
        terms = Terms(trust, identity, arguments.allow_prune, title, (*facts, *kept))
        return roll_back(mirror, places, then.commit, terms, carry)

    return committed(target, arguments, console, act)


def _named(records: "list[Record]", commit: str) -> "Record":
    """The release that is meant. Raises Refused where that is not one."""
    from comb_compiler.publish import Refused

    found = [one for one in records if one.releases and one.commit.startswith(commit)]
    if len(found) != 1:
        raise Refused(f"--to {commit}: `comb history` lists {'several' if found else 'no'} such releases")
    return found[0]
