"""Render combs and commit them to the environment repository, which Flux watches: all of them in one commit.

The commit is built on the newest state of the repository and pushed if nobody else was faster; else it is built anew.
Whenever it is stopped, the repository holds the old state or the new. Where nothing differs there is no commit. Each
comb's directory is replaced as a whole, and nothing else is touched; what others put there stops it.

example:
  comb publish combs/ocr --platform platform.yaml --environment production --images images.json --sign ~/.ssh/publisher
  comb publish combs --platform platform.yaml --environment staging --unbuilt          all combs, in one commit
  comb publish combs/ocr --platform platform.yaml --environment staging --unbuilt --repository /tmp/environment.git
"""

import argparse
import subprocess
from typing import TYPE_CHECKING

import comb_compiler
from comb_compiler.cli.checking import open_root
from comb_compiler.cli.console import Console
from comb_compiler.cli.exits import Exit, UsageError
from comb_compiler.cli.proofs import proven
from comb_compiler.cli.render import add_image_arguments, read_images, render_all
from comb_compiler.cli.reporting import report
from comb_compiler.cli.repositories import (
    add_writing_arguments,
    identity_of,
    open_target,
    opened,
    refusals,
    told,
    trust_of,
)
from comb_compiler.cli.verdicts import VerdictCache, default_directory
from comb_compiler.diagnostics import has_errors
from comb_compiler.workspace.checkout import Checkout

if TYPE_CHECKING:
    from comb_compiler.compiler.render import Rendered
    from comb_compiler.publish import Publication, Wanted

__all__ = ["add_arguments", "facts_of", "run", "said", "wanted_of"]

_MOST_NAMED = 3


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("paths", metavar="COMB", nargs="+", help="a comb.yaml, or a directory with one or with many")
    add_writing_arguments(parser)
    add_image_arguments(parser)
    parser.add_argument("--evidence", metavar="FILE", help="signed evidence of the gates, where it is asked for")
    parser.add_argument("--no-cache", action="store_true", help="work everything out anew")
    parser.set_defaults(candidate=None, onto=None)


def run(arguments: argparse.Namespace, console: Console) -> int:
    from comb_compiler.compiler.carrying import carry
    from comb_compiler.publish import Refused, Terms, publish

    images = read_images(arguments)
    checkout = Checkout(open_root(arguments))
    memo = VerdictCache(None if arguments.no_cache else default_directory()).memo
    done = render_all(checkout, arguments, images, memo)
    console.note(report(done.diagnostics, "text", checkout, console).rstrip("\n"))
    if has_errors(done.diagnostics):
        return Exit.FINDINGS
    if not done.rendered:
        raise UsageError("there is no comb there")
    platform = done.rendered[0].platform
    assert platform is not None
    assert platform.value is not None
    target = open_target(platform.value, arguments)
    trust, identity = trust_of(target, arguments), identity_of(target, arguments)
    try:
        with refusals():
            origin = _asked(checkout.root, "config", "--get", "remote.origin.url")
            facts = (*facts_of(checkout.root), *proven(target, done.rendered, arguments.evidence, origin))
        names = [one.checked.name for one in done.rendered]
        terms = Terms(trust, identity, arguments.allow_prune, f"Publish {_named(names)} to {target.environment}", facts)
        with opened(target) as mirror:
            publication = publish(mirror, wanted_of(done.rendered), terms, carry)
    except Refused as refused:
        return told(refused, console)
    console.result(said(publication))
    return Exit.CLEAN


def _named(names: list[str]) -> str:
    shown = ", ".join(names[:_MOST_NAMED])
    return f"{shown} and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else shown


def wanted_of(rendered: "list[Rendered]") -> "list[Wanted]":
    """What the environment repository is to hold of what was rendered."""
    from comb_compiler.publish import Wanted

    return [
        Wanted(one.place, one.files, one.flux_bytes)
        for rendering in rendered
        for one in rendering.clusters
    ]


def said(publication: "Publication") -> str:
    """What became of it, in one line."""
    commit = publication.commit[:12]
    return f"published as {commit}" if publication.changed else f"nothing has changed since {commit}, so no commit"


def facts_of(root: str) -> tuple[tuple[str, str], ...]:
    """What a commit says of where it comes from."""
    facts = [("Comb-Compiler", comb_compiler.__version__)]
    commit = _asked(root, "rev-parse", "--verify", "--quiet", "HEAD")
    if commit:
        facts.append(("Comb-Source-Commit", commit))
        if _asked(root, "status", "--porcelain", "--untracked-files=no"):
            facts.append(("Comb-Source-Modified", "true"))
    return tuple(facts)


def _asked(root: str, *question: str) -> str:
    """What git says of the checkout; nothing where it is none."""
    command = ["git", "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-C", root, *question]
    try:
        done = subprocess.run(command, capture_output=True, check=False, timeout=60)  # noqa: S603  all ours
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.decode("utf-8", "replace").strip() if done.returncode == 0 else ""
