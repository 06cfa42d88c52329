"""Say what is in a file of evidence: what gates found about combs, and who is said to have signed it.

Nothing of it is checked: that is what `comb evidence verify` does.

example:
  comb evidence show evidence.json
  comb evidence show evidence.json --format json
"""

import argparse
import json
from typing import Any

from comb_compiler.cli.console import Console
from comb_compiler.cli.exits import Exit
from comb_compiler.cli.proofs import read_evidence
from comb_compiler.cli.repositories import told
from comb_compiler.diagnostics.render.printable import printable

__all__ = ["add_arguments", "run"]

_SHOWN = ("repository", "builder", "expires", "isolation", "verdict")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="the evidence")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="how it is shown (default: text)")


def run(arguments: argparse.Namespace, console: Console) -> int:
    from comb_compiler.publish import Refused
    from comb_compiler.publish.evidence import statement_of

    try:
        statement, signers = statement_of(read_evidence(arguments.file))
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
        images = predicate.get("images")
        named = images.items() if isinstance(images, dict) else ()
        lines += [f"{'image':<12}{process} {digest}" for process, digest in named]
    return [*lines, f"{'signed by':<12}{', '.join(signers) or 'nobody'}: as it says, which is not checked"]
