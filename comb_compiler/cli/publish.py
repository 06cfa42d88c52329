"""Render combs and commit them to the environment repository, which Flux watches: all of them in one commit.

The commit is built on the newest state of the repository and pushed if nobody else was faster; else it is built anew.
Whenever it is stopped, the repository holds the old state or the new. Where nothing differs there is no commit. Each
comb's directory is replaced as a whole, and nothing else is touched; what others put there stops it, and so does a comb
of the same name that was published from another directory or repository. Numbers of replicas that an autoscaler takes
over are kept until it has acted. While a candidate is on its way nothing else is published of the comb.

example:
  comb publish combs/ocr --platform platform.yaml --environment production --images images.json --sign ~/.ssh/publisher
  comb publish combs --platform platform.yaml --environment staging --unbuilt          all combs, in one commit
  comb publish combs/ocr --platform platform.yaml --environment staging --unbuilt --repository /tmp/environment.git
"""

import argparse
import posixpath
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from comb_compiler.cli.claiming import Judging, judged_beside
from comb_compiler.cli.committing import add_writing_arguments, committed
from comb_compiler.cli.console import Console
from comb_compiler.cli.emergencies import add_emergency_argument, declared, in_emergency, in_one_line, who_may
from comb_compiler.cli.exits import Exit
from comb_compiler.cli.followed import follower
from comb_compiler.cli.proofs import Given, Proof, proven, read_evidence
from comb_compiler.cli.provenance import facts_of, source_of
from comb_compiler.cli.render import add_image_arguments, read_images, render_clean
from comb_compiler.cli.reporting import report
from comb_compiler.cli.repositories import refusals, target_for
from comb_compiler.release.repository import directory_name

if TYPE_CHECKING:
    from comb_compiler.compiler.render import Rendered
    from comb_compiler.publish import Identity, Mirror, Publication, Trust, Wanted

__all__ = ["add_arguments", "from_source", "run", "wanted_of"]

_MOST_NAMED = 3


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("paths", metavar="COMB", nargs="+", help="a comb.yaml, or a directory with one or with many")
    add_writing_arguments(parser)
    add_image_arguments(parser)
    parser.add_argument("--evidence", metavar="FILE", help="signed evidence of the gates, where it is asked for")
    add_emergency_argument(parser)
    parser.add_argument(
        "--take-over",
        metavar="REASON",
        type=in_one_line,
        help="replace what was published from another directory or repository",
    )
    parser.add_argument("--no-cache", action="store_true", help="work everything out anew")


def run(arguments: argparse.Namespace, console: Console) -> int:
    from comb_compiler.compiler.carrying import carry
    from comb_compiler.publish import Terms, publish

    images = read_images(arguments)
    clean = render_clean(arguments, images, console)
    if clean is None:
        return Exit.FINDINGS
    checkout, combs = clean
    target = target_for(combs, arguments)
    evidence = read_evidence(arguments.evidence) if arguments.evidence is not None else None
    unbuilt = images is None or images.unbuilt
    now = datetime.now(UTC)
    emergency = declared(arguments, target.platform, now)
    source = source_of(checkout.root)
    with refusals():
        given = Given(evidence, source, now, unbuilt)
        proof = proven(combs, target.environment, given) if emergency is None else Proof()
    if proof.diagnostics:
        console.note(report(proof.diagnostics, "text", checkout, console).rstrip("\n"))
        return Exit.FINDINGS
    names = [one.checked.name for one in combs]
    title = f"Publish {_named(names)} to {target.environment}{' in an emergency' if emergency is not None else ''}"
    rendered = from_source(combs if emergency is None else in_emergency(combs, emergency), source)
    facts = proof.facts if emergency is None else (("Comb-Emergency", emergency.said),)

    def act(mirror: "Mirror", trust: "Trust", identity: "Identity") -> "Publication":
        may = trust if emergency is None else who_may(trust, target.platform)
        said = (*facts_of(checkout.root), *facts)
        terms = Terms(may, identity, arguments.allow_prune, title, said, True, arguments.take_over or "")
        follow = judged_beside(
            mirror, Judging(checkout, combs, arguments), follower(mirror, rendered, proof.new), console
        )
        return publish(mirror, wanted_of(rendered), terms, carry, follow=follow)

    if emergency is not None:
        console.note(f"comb: nothing proves this release; that is to be made good {emergency.said.partition(': ')[0]}")

    return committed(target, arguments, console, act)


def _named(names: list[str]) -> str:
    shown = ", ".join(names[:_MOST_NAMED])
    return f"{shown} and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else shown


def from_source(rendered: "list[Rendered]", repository: str) -> "list[Rendered]":
    """The same combs, in whose releases it is said from what directory of the repository they are published."""
    return [_from_source(one, directory_name(repository, posixpath.dirname(one.checked.main))) for one in rendered]


def _from_source(rendered: "Rendered", source: str) -> "Rendered":
    from comb_compiler.compiler.render import owned_by

    return rendered._replace(clusters=tuple(owned_by(cluster, source) for cluster in rendered.clusters))


def wanted_of(rendered: "list[Rendered]") -> "list[Wanted]":
    """What the environment repository is to hold of what was rendered."""
    from comb_compiler.publish import Wanted

    return [Wanted(one.place, one.files, one.flux_bytes) for rendering in rendered for one in rendering.clusters]
