"""Sign what gates found, so that it counts: a step of its own, after the merge, where the key is.

What the statements are about is worked out anew from the combs in the checkout; where these are not what the gates
asked, nothing is signed. A comb's arms have to be proven as the comb itself: give a statement of each.

Where the key is kept elsewhere, as in a KMS, --signer is a program that has it sign: what is to be signed is its
standard input, and its output the signature, as bytes or in base64. --key is the public key then, in SSH's form.

example:
  comb evidence sign out/statement.json --comb combs/ocr --key ci_ed25519 --as ci -o evidence.json
  comb evidence sign out/statement.json out-b/statement.json --comb combs/ocr --key ci_ed25519 --as ci --days 7
  comb evidence sign out/statement.json --comb combs/ocr --key ci.pub --as ci --signer "sign-by-kms alias/ci"
"""

import argparse
import json
import os
import shlex
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from comb_compiler.cli.console import Console
from comb_compiler.cli.exits import Exit, UsageError
from comb_compiler.cli.opening import open_clean
from comb_compiler.cli.provenance import source_of
from comb_compiler.workspace.errors import OutsideFailure

__all__ = ["add_arguments", "add_signing_arguments", "run", "subjects_in"]

_MOST_BYTES = 4 << 20
_MOST_DAYS = 90


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("statements", metavar="STATEMENT", nargs="+", help="statement.json of `comb gate --report`")
    add("--comb", metavar="COMB", action="append", required=True, help="a comb that it is about; may be repeated")
    add_signing_arguments(parser)
    add("-o", "--output", metavar="FILE", default="evidence.json", help="where it is written (default: evidence.json)")


def add_signing_arguments(parser: argparse.ArgumentParser, *, must: bool = True) -> None:
    """What says by whom, and for how long; whether it `must` be said."""
    add = parser.add_argument
    add("--key", metavar="FILE", required=must, help="the private SSH key to sign with; the public one with --signer")
    add("--signer", metavar="COMMAND", help="a program that signs, and its arguments; no shell looks at them")
    add("--as", dest="name", metavar="NAME", required=must, help="whose it is, as platform.yaml names the publisher")
    add("--days", metavar="N", type=int, default=14, help=f"for how long it counts, at most {_MOST_DAYS} (default: 14)")


def run(arguments: argparse.Namespace, console: Console) -> int:
    if not 1 <= arguments.days <= _MOST_DAYS:
        raise UsageError(f"--days: a number from 1 to {_MOST_DAYS}")
    from comb_compiler.gates.statements import BadStatement, merged
    from comb_compiler.publish import PublishError, Refused

    statements = [_read(one) for one in arguments.statements]
    found = subjects_in(arguments.comb, console)
    if found is None:
        return Exit.FINDINGS
    subjects, gates_of, resources, root = found
    here = source_of(root)
    if not here:
        raise UsageError(
            "the checkout has no remote `origin`, which says what repository it is about: `git remote add origin URL`"
        )
    try:
        statement = merged(
            statements, subjects, gates_of, datetime.now(UTC) + timedelta(days=arguments.days), resources
        )
        asked = statement["predicate"]["repository"]
        if asked != here:
            where = f"in `{asked}`" if asked else "in a checkout without a remote `origin`"
            raise BadStatement(f"the gates asked what is {where}, and this is `{here}`")
        content = _sealed(statement, arguments)
    except (BadStatement, Refused) as reason:
        console.note(f"comb: {reason}; nothing was signed")
        return Exit.FINDINGS
    except PublishError as problem:
        raise OutsideFailure(f"{problem}; nothing was signed") from problem
    try:
        Path(arguments.output).write_bytes(content)
    except OSError as problem:
        raise OutsideFailure(f"`{arguments.output}` cannot be written: {problem.strerror}") from problem
    console.result(f"{arguments.output}: signed by {arguments.name} for {', '.join(subjects)}")
    return Exit.CLEAN


def _sealed(statement: dict[str, Any], arguments: argparse.Namespace) -> bytes:
    from comb_compiler.publish.evidence import sealed, sealed_by
    from comb_compiler.publish.external import Signer

    path = os.environ.get("PATH", "")
    if arguments.signer is None:
        return sealed(statement, arguments.name, Path(arguments.key), path)
    command = _words(arguments.signer)
    return sealed_by(
        statement, arguments.name, Signer(command, _public(arguments.key), dict(os.environ), os.getcwd()), path
    )


def _words(command: str) -> list[str]:
    try:
        words = shlex.split(command)
    except ValueError as problem:
        raise UsageError(f"--signer: {problem}") from problem
    if not words:
        raise UsageError("--signer: no program is named")
    return words


def _public(file: str) -> str:
    try:
        return Path(file).read_text("utf-8").strip().partition("\n")[0]
    except (OSError, UnicodeDecodeError) as problem:
        raise UsageError(f"--key {file}: with --signer it is the public key, which cannot be read") from problem


def subjects_in(
    paths: list[str], console: Console
) -> tuple[dict[str, str], dict[str, list[str]], dict[str, str], str] | None:
    """The digests of combs and their arms, their gates, what their operators have, and the root of the checkout.

    None where one has mistakes.
    """
    from comb_compiler.cli.gate.exam import gate_names
    from comb_compiler.cli.gate.subjects import must_have_its_code, resources_of, subjects_of

    subjects: dict[str, str] = {}
    resources: dict[str, str] = {}
    gates_of: dict[str, list[str]] = {}
    root = ""
    for path in paths:
        clean = open_clean(path, console, "has evidence")
        if clean is None:
            return None
        must_have_its_code(clean)
        named = subjects_of(clean)
        subjects |= named
        gates_of |= dict.fromkeys(named, gate_names(clean))
        resources |= dict.fromkeys(named, resources_of(clean))
        root = clean.checkout.root
    return subjects, gates_of, resources, root


def _read(file: str) -> dict[str, Any]:
    try:
        with Path(file).open("rb") as opened:
            content = opened.read(_MOST_BYTES + 1)
    except OSError as problem:
        raise UsageError(f"{file}: it cannot be read: {problem.strerror}") from problem
    try:
        found = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{file}: this is no JSON; `comb gate --report` writes statement.json") from error
    if not isinstance(found, dict):
        raise UsageError(f"{file}: this is no statement; `comb gate --report` writes statement.json")
    return found
