"""`--emergency`: a release that is let past the gates, by those who may, and for so long."""

import argparse
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from comb_compiler.cli.exits import UsageError
from comb_compiler.release.release import Emergency, Release

if TYPE_CHECKING:
    from comb_compiler.compiler.render import Rendered
    from comb_compiler.publish import Trust
    from comb_compiler.spec.platform import Platform

__all__ = ["add_emergency_argument", "declared", "in_emergency", "in_one_line", "unproven", "who_may"]

_LASTS = timedelta(hours=24)
_LONGEST = 200
_FORM = "%Y-%m-%dT%H:%M:%SZ"


def add_emergency_argument(parser: argparse.ArgumentParser) -> None:
    """The option."""
    parser.add_argument(
        "--emergency", metavar="REASON", type=in_one_line, help="publish without evidence, for a day, as who may"
    )


def in_one_line(text: str) -> str:
    """A reason, as an option takes it."""
    reason = " ".join(text.split())
    if not reason or len(reason) > _LONGEST or not reason.isprintable():
        raise argparse.ArgumentTypeError(f"a reason is wanted, in one line of at most {_LONGEST} characters")
    return reason


def declared(arguments: argparse.Namespace, platform: "Platform", now: datetime) -> Emergency | None:
    """The emergency that is declared at a time in UTC, if one is. Raises UsageError where there is nothing to skip."""
    if arguments.emergency is None:
        return None
    if arguments.evidence is not None:
        raise UsageError("--emergency is for want of evidence: with --evidence there is nothing to skip")
    if not platform.environments[arguments.environment].evidence:
        raise UsageError(f"--emergency: `{arguments.environment}` asks for no evidence, so there is nothing to skip")
    return Emergency(arguments.emergency, (now + _LASTS).strftime(_FORM))


def in_emergency(rendered: "Sequence[Rendered]", emergency: Emergency) -> "list[Rendered]":
    """The same combs, in whose releases the emergency is said."""
    from comb_compiler.compiler.render import render_release

    return [
        one._replace(
            clusters=tuple(
                render_release(cluster.rendering._replace(emergency=emergency), cluster.code)
                for cluster in one.clusters
            )
        )
        for one in rendered
    ]


def who_may(trust: "Trust", platform: "Platform") -> "Trust":
    """The same trust, but that only those may sign the commit who may publish in an emergency. Raises Refused."""
    from comb_compiler.publish import Refused

    writers = _writers(platform)
    if not writers:
        raise Refused("nobody may publish in an emergency: platform.yaml names no publisher with `emergency: true`")
    return trust._replace(writers=writers)


def _writers(platform: "Platform") -> Mapping[str, str]:
    return {name: one.key for name, one in platform.environment_repository.publishers.items() if one.emergency}


def unproven(release: Release, signer: str | None, platform: "Platform", now: datetime) -> Iterator[str]:
    """What is wrong with a published release as far as it was let past the gates, by whom if that is known."""
    if release.emergency is None:
        return
    if signer is not None and signer not in _writers(platform):
        yield f"`{signer}` may not publish in an emergency"
    if release.emergency.until <= now.strftime(_FORM):
        yield f"it was let past the gates {release.emergency.said}; nothing has proven it since"
