"""Say how far a comb's rollout is: its steps, when they were taken, by whom and on which figures.

All of it is what the environment repository says. Whether clusters have applied it, `comb status` tells.

example:
  comb rollout status ocr --platform platform.yaml --environment production
  comb rollout status ocr --platform platform.yaml --environment production --format json
"""

import argparse
import json
from collections.abc import Iterator
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from comb_compiler.cli.console import Console
from comb_compiler.cli.exits import Exit
from comb_compiler.cli.repositories import add_comb_name, add_reading_arguments, target_of, told, trust_of
from comb_compiler.diagnostics.render.printable import printable

if TYPE_CHECKING:
    from comb_compiler.cli.rollout.state import State
    from comb_compiler.publish.records import Record

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_comb_name(parser)
    add_reading_arguments(parser)
    parser.add_argument("--format", choices=("text", "json"), default="text", help="how it is printed (default: text)")


def run(arguments: argparse.Namespace, console: Console) -> int:
    from comb_compiler.cli.rollout.state import read_state, started_by
    from comb_compiler.publish import Refused

    target = target_of(arguments, console)
    if target is None:
        return Exit.FINDINGS
    try:
        state = read_state(target, arguments.name, trust_of(target, arguments))
    except Refused as refused:
        return told(refused, console)
    if arguments.format == "json":
        console.result(json.dumps({"version": 1, "clusters": _clusters(state), "commits": _commits(state)}, indent=2))
        return Exit.CLEAN
    where = f"{arguments.name} in {target.environment}"
    if not state.under_way:
        console.result(f"{where}: no candidate is on its way")
    else:
        gone = all(one.aborted for one in state.under_way.values())
        console.line(printable(f"{where}: {'taken back, begun' if gone else 'on its way'} {started_by(state)}"))
    for one in _rollout(state):
        console.line(printable(f"  {one.commit[:12]}  {one.moment}  {one.title}  by {one.by}"), indent=16)
        for figures in _figures(one):
            console.line(printable(f"    {figures}"))
    return Exit.CLEAN


def _rollout(state: "State") -> "list[Record]":
    """The commits of the newest rollout, the newest first."""
    own = list(takewhile(_is_of_rollout, state.records))
    for index, one in enumerate(own):
        if _done(one) == "started":
            return own[: index + 1]
    return own


def _is_of_rollout(record: "Record") -> bool:
    return bool(_done(record))


def _done(record: "Record") -> str:
    """What a commit of a rollout did; nothing for another."""
    from comb_compiler.cli.rollout.state import TRAILER

    words = next((value.split(" ") for name, value in record.facts if name == TRAILER), [])
    return words[1] if len(words) > 1 else ""


def _figures(record: "Record") -> Iterator[str]:
    from comb_compiler.cli.rollout.going_back import FIGURES

    return (value for name, value in record.facts if name == FIGURES)


def _clusters(state: "State") -> list[dict[str, Any]]:
    return [{"cluster": place.cluster, **one._asdict()} for place, one in state.under_way.items()]


def _commits(state: "State") -> list[dict[str, Any]]:
    return [
        {
            "commit": one.commit,
            "time": one.time,
            "by": one.by,
            "title": one.title,
            "did": _done(one),
            "figures": list(_figures(one)),
        }
        for one in _rollout(state)
    ]
