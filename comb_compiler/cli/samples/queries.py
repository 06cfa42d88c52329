"""Options → what recorded requests must be to be meant."""

import argparse
import os
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from comb_compiler.cli.exits import UsageError

if TYPE_CHECKING:
    from comb_compiler.samples.store import Query

__all__ = ["add_query_arguments", "asked", "code_named", "duration", "query_of"]

_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
_NAMES = (
    "comb", "environment", "release", "subject", "arm", "code", "reason", "operator", "operator-code", "model", "mark",
    "since", "until", "slower", "faster", "request", "user", "text",
)  # fmt: skip
_REASONS = ("sampled", "error", "timeout", "slow", "arm", "oom", "rule", "imported")


def add_query_arguments(parser: argparse.ArgumentParser) -> None:
    """The options that say which records are meant; those that are left out ask nothing."""
    group = parser.add_argument_group("which", "records that are all of what is given; several of one option: any")
    add: Callable[..., object] = group.add_argument
    add("--comb", metavar="NAME", help="of this comb")
    add("--environment", metavar="NAME", help="recorded there")
    add("--release", metavar="NAME", help="answered by this release")
    add("--subject", metavar="DIGEST", help="answered by this subject")
    add("--arm", metavar="NAME", help="answered by this arm")
    add("--code", metavar="CODE", action="append", default=[], help="ended so: OK, INTERNAL, DEADLINE_EXCEEDED …")
    add("--reason", choices=_REASONS, action="append", default=[], help="kept for this reason")
    add("--operator", metavar="NAME", help="in which this operator, or node, ran")
    add("--operator-code", metavar="CODE", help="in which a node ended so; with --operator, that one")
    add("--model", metavar="MODEL@VERSION", help="in which this model version ran")
    add("--mark", metavar="MARK", action="append", default=[], help="marked so: standard, error, optimised or a name")
    add("--since", metavar="TIME", help="from then on: 2026-01-31T08:00, or as long ago as 2h or 7d")
    add("--until", metavar="TIME", help="before then, in the same form")
    add("--slower", metavar="TIME", help="that took at least so long, as 200ms")
    add("--faster", metavar="TIME", help="that took less")
    add("--request", metavar="ID", help="with the caller's request id")
    add("--user", metavar="KEY", help="of this user, by the key that arms are chosen by")
    add("--text", metavar="WORDS", help="with these words in an error message, or in why it was marked")


def query_of(arguments: argparse.Namespace) -> "Query":
    """The query that the options ask. Raises UsageError."""
    from comb_compiler.samples.record_pb2 import Reason
    from comb_compiler.samples.store import Query
    from comb_compiler.samples.users import user_digest

    salt = os.environ.get("COMB_SAMPLES_SALT", "")  # as the service has it that records
    since, until = _moment("--since", arguments.since), _moment("--until", arguments.until)
    if since is not None and until is not None and since >= until:
        raise UsageError("--since is not before --until: nothing can be found")
    return Query(
        comb=arguments.comb,
        environment=arguments.environment,
        subject=arguments.subject,
        release=arguments.release,
        arm=arguments.arm,
        codes=tuple(code_named("--code", one) for one in arguments.code),
        reasons=tuple(Reason.Value(one.upper()) for one in arguments.reason),
        operator=arguments.operator,
        operator_code=code_named("--operator-code", arguments.operator_code) if arguments.operator_code else None,
        model=arguments.model,
        marks=tuple(arguments.mark),
        since=since,
        until=until,
        faster=duration("--faster", arguments.faster) if arguments.faster else None,
        slower=duration("--slower", arguments.slower) if arguments.slower else None,
        request_id=arguments.request,
        user=user_digest(arguments.user, salt) if arguments.user is not None else None,
        text=arguments.text,
    )


def code_named(option: str, name: str) -> int:
    """gRPC's number of a code. Raises UsageError for a name that is none."""
    from comb_compiler.runtime.codes import Code
    from comb_compiler.spec.suggest import did_you_mean

    if name.upper() in Code.__members__:
        return int(Code[name.upper()])
    if name.isdigit() and int(name) in set(Code):
        return int(name)
    (hint,) = did_you_mean(name.upper(), list(Code.__members__), "code")
    raise UsageError(f"{option} {name}: this is no code of gRPC's; {hint}")


def duration(option: str, text: str) -> float:
    """Seconds. Raises UsageError."""
    match = _DURATION.fullmatch(text)
    if match is None:
        raise UsageError(f"{option} {text}: write a number and ms, s, m, h or d, as 200ms or 7d")
    return float(match[1]) * _SECONDS[match[2]]


def _moment(option: str, text: str | None) -> float | None:
    """Unix time."""
    if text is None:
        return None
    if _DURATION.fullmatch(text):
        return time.time() - duration(option, text)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(
            f"{option} {text}: write a time as 2026-01-31 or 2026-01-31T08:00 (UTC unless it says), or 2h or 7d ago"
        ) from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def asked(arguments: argparse.Namespace) -> str:
    """The options that were given, as they were given: for people who see that nothing was found."""
    given = []
    for name in _NAMES:
        value = getattr(arguments, name.replace("-", "_"))
        given += [f"--{name} {one}" for one in (value if isinstance(value, list) else [value]) if one is not None]
    return " ".join(given)
