"""Look at evidence: what gates found about combs, in an envelope that trusted publishers sign.

`show` says what is in it, and checks nothing. `verify` checks it for combs as they are in the checkout, as
`comb publish` does: signature, subjects, repository, expiry, isolation and verdict. Exit code 1: it does not count.

example:
  comb evidence show evidence.json
  comb evidence verify evidence.json combs/ocr --platform platform.yaml --environment production
"""

import argparse
import json
from datetime import UTC, datetime
from typing import Any

from comb_compiler.cli.console import Console
from comb_compiler.cli.exits import Exit, UsageError
from comb_compiler.cli.proofs import Given, proven, read_evidence
from comb_compiler.cli.provenance import origin_of
from comb_compiler.cli.render import render_clean
from comb_compiler.cli.reporting import report
from comb_compiler.cli.repositories import refusals, told
from comb_compiler.diagnostics.render.printable import printable

__all__ = ["add_arguments", "run"]

_SHOWN = ("repository", "builder", "expires", "isolation", "verdict")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", choices=("show", "verify"), help="what to do with it")
    parser.add_argument("file", metavar="FILE", help="the evidence")
    parser.add_argument("paths", metavar="COMB", nargs="*", help="verify: a comb.yaml, or a directory with some")
    parser.add_argument("--platform", metavar="FILE", help="verify: the platform.yaml that says whom to trust")
    parser.add_argument("--environment", metavar="NAME", help="verify: the environment that it is to count for")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="how it is shown (default: text)")
    parser.add_argument("--root", metavar="DIR", help="the root of the checkout (default: where .git is)")
    parser.add_argument("--no-cache", action="store_true", help="work everything out anew")


def run(arguments: argparse.Namespace, console: Console) -> int:
    content = read_evidence(arguments.file)
    return _show(content, arguments, console) if arguments.action == "show" else _verify(content, arguments, console)


def _show(content: bytes, arguments: argparse.Namespace, console: Console) -> int:
    from comb_compiler.publish import Refused
    from comb_compiler.publish.evidence import statement_of

    try:
        statement, signers = statement_of(content)
    except Refused as refused:
        return told(refused, console)
    if arguments.format == "json":
        shown = {"version": 1, "statement": statement, "signedBy": signers, "checked": False}
        console.result(json.dumps(shown, indent=2))
        return Exit.CLEAN
    for line in _lines(statement, signers):
        console.result(printable(line))
    return Exit.CLEAN


def _lines(statement: dict[str, Any], signers: list[str]) -> list[str]:
    predicate, subjects = statement.get("predicate"), statement.get("subject")
    lines = [f"{'type':<12}{statement.get('predicateType')}"]
    for one in subjects if isinstance(subjects, list) else ():
        digest = one.get("digest") if isinstance(one, dict) else None
        if isinstance(digest, dict):
            lines.append(f"{'subject':<12}{one.get('name')} {digest.get('sha256')}")
    if isinstance(predicate, dict):
        lines += [f"{name:<12}{predicate.get(name)}" for name in _SHOWN]
    return [*lines, f"{'signed by':<12}{', '.join(signers) or 'nobody'}: as it says, which is not checked"]


def _verify(content: bytes, arguments: argparse.Namespace, console: Console) -> int:
    if not arguments.paths or arguments.platform is None or arguments.environment is None:
        raise UsageError("verify: say of which combs and for whom it is to count: COMB… --platform --environment")
    clean = render_clean(arguments, None, console, warns=False)  # what is proven is the same with any images
    if clean is None:
        return Exit.FINDINGS
    checkout, combs = clean
    if not combs:
        raise UsageError("there is no comb there")
    with refusals():
        given = Given(content, origin_of(checkout.root), datetime.now(UTC))
        proof = proven(combs, arguments.environment, given)
    console.note(report(proof.diagnostics, "text", checkout, console).rstrip("\n"))
    if proof.diagnostics:
        return Exit.FINDINGS
    console.result(f"it counts: {proof.digest}")
    return Exit.CLEAN
