"""Set up the servers that samples are kept on: an index template and an index of Elasticsearch's, a table of HBase's.

It says what it will do, and does it with --yes. What is right already is left alone, so that it may be run again at any
time, as after an update of Comb. The exit code is 1 where something is left to do: without --yes, or by hand.

Credentials come from the environment: platform.yaml names the prefix of NAME_USER and NAME_PASSWORD, or NAME_API_KEY.

example:
  comb platform apply-store --platform platform.yaml          what would be done
  comb platform apply-store --platform platform.yaml --yes
"""

import argparse
import json
from typing import TYPE_CHECKING

from comb_compiler.cli.console import Console
from comb_compiler.cli.exits import Exit, UsageError
from comb_compiler.cli.platform.reading import add_platform_arguments, read_platform
from comb_compiler.diagnostics.render.printable import printable
from comb_compiler.workspace.errors import OutsideFailure

if TYPE_CHECKING:
    from comb_compiler.samples.elasticsearch_hbase import Settings
    from comb_compiler.samples.elasticsearch_hbase.setup import Setup, Step

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_platform_arguments(parser)
    parser.add_argument("--yes", action="store_true", help="do it; without this it is only said")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="how it is printed (default: text)")


def run(arguments: argparse.Namespace, console: Console) -> int:
    from comb_compiler.cli.samples.stores import settings_of_spec, settings_or_usage
    from comb_compiler.samples.store import StoreError

    platform = read_platform(arguments, console)
    if platform is None:
        return Exit.FINDINGS
    spec = platform.sample_store
    if spec.embedded is not None:
        raise UsageError("sampleStore is a directory, which needs no set-up")
    settings = settings_or_usage(lambda: settings_of_spec(spec), "sampleStore")
    try:
        return _apply(settings, arguments, console)
    except StoreError as problem:
        raise OutsideFailure(str(problem)) from problem


def _apply(settings: "Settings", arguments: argparse.Namespace, console: Console) -> int:
    from comb_compiler.samples.elasticsearch_hbase.setup import setup

    found = setup(settings)
    done: list[Step] = []
    if arguments.yes:
        for step in found.steps:
            if step.act is not None:
                step.act()
                done.append(step)
    left = [step for step in found.steps if step not in done]
    _show(found, done, left, arguments.format, console)
    return Exit.FINDINGS if left else Exit.CLEAN


def _show(found: "Setup", done: "list[Step]", left: "list[Step]", form: str, console: Console) -> None:
    by_hand = [step.says for step in left if step.act is None]
    to_do = [step.says for step in left if step.act is not None]
    lists = {"right": list(found.right), "done": [step.says for step in done], "toDo": to_do, "byHand": by_hand}
    if form == "json":
        console.result(json.dumps({"version": 1, **lists}, indent=2, ensure_ascii=False))
        return
    words = {"right": "right", "done": "done", "toDo": "to do", "byHand": "by hand"}
    for name, lines in lists.items():
        for line in lines:
            console.line(printable(f"{words[name]:8}{line}"), 8)
    if to_do:
        console.note("nothing has been changed: --yes does it")
