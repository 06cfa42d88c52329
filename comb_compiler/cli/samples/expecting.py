"""Options → what is expected of an answer."""

import argparse
import json
from pathlib import Path
from typing import Any

from comb_compiler.cli.exits import UsageError
from comb_compiler.cli.samples.recorded import Wanted

__all__ = ["add_expecting_arguments", "author", "checked", "expecting"]


def add_expecting_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--expect", metavar="JSON|FILE", help="what of the answer counts, in Protobuf's JSON form; {} for any answer"
    )
    parser.add_argument("--error", metavar="CODE", help="it must fail so, as INVALID_ARGUMENT")
    parser.add_argument("--why", metavar="TEXT", default="", help="why, for who reads it later")
    parser.add_argument("--by", metavar="NAME", help="who says so (default: you, as git or the machine knows you)")


def expecting(arguments: argparse.Namespace) -> Wanted | None:
    """What is expected, or None where nothing is said of it. Raises UsageError."""
    from comb_compiler.samples.model import ERRORS
    from comb_compiler.spec.suggest import did_you_mean

    if arguments.expect is not None and arguments.error is not None:
        raise UsageError("an answer is expected, or an error: give one of --expect and --error")
    if arguments.error is not None:
        if arguments.error.upper() not in ERRORS:
            (hint,) = did_you_mean(arguments.error.upper(), ERRORS, "code")
            raise UsageError(f"--error {arguments.error}: this is no code of gRPC's for what failed; {hint}")
        return Wanted(None, arguments.error.upper())
    return None if arguments.expect is None else Wanted(_json(arguments.expect))


def _json(given: str) -> dict[str, Any]:
    name = "--expect"
    content = given
    if not given.lstrip().startswith("{"):
        name = given
        try:
            content = Path(given).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError, ValueError) as problem:
            raise UsageError(f"--expect {given}: write a JSON object, or the name of a file with one") from problem
    try:
        value = json.loads(content, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{name}: this is no JSON: {error}") from error
    if not isinstance(value, dict):
        raise UsageError(f"{name}: this is no JSON object, and an answer is one")
    return value


def _no_constant(name: str) -> Any:
    raise ValueError(f'{name} is no JSON; Protobuf writes it as "{name}"')


def checked(wanted: Wanted, kind: Any) -> Wanted:
    """The same, when the comb's answers have such fields. Raises UsageError: no answer could be as expected."""
    from comb_compiler.runtime import OperatorError
    from comb_compiler.runtime.service.web.codec import from_dict

    if wanted.expected is not None:
        try:
            from_dict(wanted.expected, kind)
        except OperatorError as error:
            reason = error.message.partition(": ")[2] or error.message
            raise UsageError(f"--expect: no {kind.DESCRIPTOR.full_name} can be so: {reason}") from error
    return wanted


def author(arguments: argparse.Namespace) -> str:
    """Who says it: who is named, else whom git would name, else whom this machine knows."""
    import getpass

    from comb_compiler.cli.provenance import author_of

    if arguments.by is not None:
        if not arguments.by.strip():
            raise UsageError("--by: say who, a name is enough")
        return str(arguments.by)
    try:
        return author_of(".")[1] or getpass.getuser()
    except (OSError, KeyError) as problem:
        raise UsageError("--by NAME: say who; neither git nor this machine knows you") from problem
