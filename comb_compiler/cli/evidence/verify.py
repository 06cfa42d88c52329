"""Check evidence for combs as they are in the checkout, as `comb publish` does.

That is its signature, its subjects, the repository, its expiry, how operators were kept apart, the images that they
ran in where that has to be containers, and the verdict. Exit code 1: it does not count.

example:
  comb evidence verify evidence.json combs/ocr --platform platform.yaml --environment production
  comb evidence verify evidence.json combs/ocr --platform platform.yaml --environment production --images images.json
"""

import argparse
from datetime import UTC, datetime

from comb_compiler.cli.console import Console
from comb_compiler.cli.exits import Exit, UsageError
from comb_compiler.cli.proofs import Given, proven, read_evidence
from comb_compiler.cli.provenance import source_of
from comb_compiler.cli.render import read_images, render_clean
from comb_compiler.cli.reporting import report
from comb_compiler.cli.repositories import refusals

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="the evidence")
    parser.add_argument("paths", metavar="COMB", nargs="+", help="a comb.yaml, or a directory with one or with many")
    parser.add_argument("--platform", metavar="FILE", required=True, help="the platform.yaml that says whom to trust")
    parser.add_argument("--environment", metavar="NAME", required=True, help="the environment that it is to count for")
    parser.add_argument("--images", metavar="FILE", help="the images that are to ship, by digest (default: any)")
    parser.set_defaults(unbuilt=False)
    parser.add_argument("--root", metavar="DIR", help="the root of the checkout (default: where .git is)")
    parser.add_argument("--no-cache", action="store_true", help="work everything out anew")


def run(arguments: argparse.Namespace, console: Console) -> int:
    content = read_evidence(arguments.file)
    images = None if arguments.images is None else read_images(arguments)
    clean = render_clean(arguments, images, console, warns=False)
    if clean is None:
        return Exit.FINDINGS
    checkout, combs = clean
    if not combs:
        raise UsageError("there is no comb there")
    with refusals():
        given = Given(content, source_of(checkout.root), datetime.now(UTC))
        proof = proven(combs, arguments.environment, given)
    console.note(report(proof.diagnostics, "text", checkout, console).rstrip("\n"))
    if proof.diagnostics:
        return Exit.FINDINGS
    if images is None:
        console.note("images are not compared: name those that are to ship with --images")
    console.result(f"it counts: {proof.digest}")
    return Exit.CLEAN
