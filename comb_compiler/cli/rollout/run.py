"""Try a comb on more and more users, as its `rollout` says, and take it back where it does not keep its limits.

Each step is a commit that changes weights, on which pods act without a restart. A step is held until the candidate had
its share of the users for `hold`, by the time of Prometheus, and had enough requests to tell that it keeps `abort` and
the `sla`. Then comes the next; after the last one the candidate becomes the stable release. Where it breaks a limit, or
no pod of it becomes ready within 20 minutes (or twice `hold`, where that is longer), its users go back to the stable
release, and it is removed. Figures that cannot be had hold it where it is.

What there is to do is seen from the environment repository and from Prometheus: run it again, from anywhere, and it
goes on. Once it looks and does what is due; with --follow until the end. The exit code is 1 where the candidate was
taken back, and 4 where figures could not be had.

example:
  comb rollout run combs/ocr --platform platform.yaml --environment production --images images.json --follow
  comb rollout run combs/ocr --platform platform.yaml --environment production --images images.json \\
      --prometheus east=https://prometheus.east.example
"""

import argparse
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from comb_compiler.cli.claiming import Judging, judged_now
from comb_compiler.cli.committing import add_writing_arguments, identity_of
from comb_compiler.cli.console import Console
from comb_compiler.cli.exits import Exit, UsageError
from comb_compiler.cli.proofs import Given, Proof, proven, read_evidence
from comb_compiler.cli.provenance import source_of
from comb_compiler.cli.publish import from_source
from comb_compiler.cli.render import add_image_arguments, read_images, render_clean
from comb_compiler.cli.reporting import report
from comb_compiler.cli.repositories import refusals, target_for, told, trust_of
from comb_compiler.cli.rollout.asking import add_arguments as add_prometheus_arguments
from comb_compiler.workspace.errors import OutsideFailure

if TYPE_CHECKING:
    from comb_compiler.cli.rollout.going import Going, Prove

__all__ = ["add_arguments", "run"]

_LOOKS = 10
_SHORTEST, _LONGEST = 1.0, 30.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("paths", metavar="COMB", nargs=1, help="a comb.yaml, or the directory with one")
    add_writing_arguments(parser)
    add_image_arguments(parser)
    parser.add_argument("--evidence", metavar="FILE", help="signed evidence of the gates, where it is asked for")
    add_prometheus_arguments(parser)
    parser.add_argument("--follow", action="store_true", help="go on until it is the stable release, or was taken back")
    parser.add_argument("--again", action="store_true", help="try a candidate that was taken back once more")
    parser.add_argument("--no-cache", action="store_true", help="work everything out anew")


def run(arguments: argparse.Namespace, console: Console) -> int:
    from comb_compiler.cli.rollout.asking import sources_of
    from comb_compiler.cli.rollout.going import Going
    from comb_compiler.publish import Refused, Terms

    images = read_images(arguments)
    clean = render_clean(arguments, images, console)
    if clean is None:
        return Exit.FINDINGS
    checkout, combs = clean
    if len(combs) != 1:
        raise UsageError("one comb is rolled out at a time: name it")
    target = target_for(combs, arguments)
    evidence = None if arguments.evidence is None else read_evidence(arguments.evidence)
    unbuilt, source = images is None or images.unbuilt, source_of(checkout.root)

    def prove() -> Proof:
        with refusals():
            given = Given(evidence, source, datetime.now(UTC), unbuilt)
            proof = proven(combs, target.environment, given)
        if proof.diagnostics:
            console.note(report(proof.diagnostics, "text", checkout, console).rstrip("\n"))
            raise Refused("it is not tried on anybody")
        judged_now(target, trust, Judging(checkout, combs, arguments), console)
        return proof

    trust, identity = trust_of(target, arguments), identity_of(target, arguments)
    terms = Terms(trust, identity, arguments.allow_prune, "", from_source=True)
    going = Going(target, from_source(combs, source)[0], sources_of(target, arguments), terms, checkout.root)
    try:
        return _followed(going, prove, arguments, console)
    except Refused as refused:
        return told(refused, console)


def _followed(going: "Going", prove: "Prove", arguments: argparse.Namespace, console: Console) -> int:
    period = min(max(going.rollout.hold.total_seconds() / _LOOKS, _SHORTEST), _LONGEST)
    while True:
        code = _looked(going, prove, arguments, console)
        if code is not None:
            return code
        time.sleep(period)


def _looked(going: "Going", prove: "Prove", arguments: argparse.Namespace, console: Console) -> int | None:
    """Look once and do what is due; the exit code, where that was the end."""
    from comb_compiler.cli.rollout.going import Outcome
    from comb_compiler.cli.rollout.state import Moved

    try:
        outcome, said = going.look(prove, again=arguments.again)
    except OutsideFailure as failure:
        if not arguments.follow:
            raise
        console.note(f"comb: {failure}; it is held where it is")
        return None
    except Moved as moved:
        if not arguments.follow:
            raise
        console.note(f"comb: {moved}")
        return None
    console.result(said)
    if outcome.code is not None:
        return outcome.code
    if arguments.follow:
        return None
    return Exit.OUTSIDE_FAILED if outcome is Outcome.BLIND else Exit.CLEAN
