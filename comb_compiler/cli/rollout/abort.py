"""Take a comb's candidate back: users return to the stable release, then the candidate's objects go.

That is two commits. The first sends nobody to the candidate any more; the second removes it, once every pod of the
stable release says (to Prometheus) that this has reached it. Run it again, or with --follow, for the second. It needs
no comb.yaml and no images: what the stable release was is in the environment repository.

example:
  comb rollout abort ocr --platform platform.yaml --environment production --sign ~/.ssh/publisher --follow
  comb rollout abort ocr --platform platform.yaml --environment production --now       without asking Prometheus
"""

import argparse
import time

from comb_compiler.cli.committing import add_writing_arguments, identity_of
from comb_compiler.cli.console import Console
from comb_compiler.cli.exits import Exit
from comb_compiler.cli.repositories import add_comb_name, target_of, told, trust_of
from comb_compiler.cli.rollout.asking import add_arguments as add_prometheus_arguments

__all__ = ["add_arguments", "run"]

_PERIOD = 2.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_comb_name(parser)
    add_writing_arguments(parser)
    add_prometheus_arguments(parser)
    parser.add_argument("--follow", action="store_true", help="go on until the candidate has gone")
    parser.add_argument("--now", action="store_true", help="remove it without asking whether it still has users")


def run(arguments: argparse.Namespace, console: Console) -> int:
    from comb_compiler.cli.rollout.asking import sources_of
    from comb_compiler.cli.rollout.going_back import remove, still_used, take_back
    from comb_compiler.cli.rollout.state import read_state
    from comb_compiler.publish import Refused, Terms

    target, name = target_of(arguments, console), arguments.name
    if target is None:
        return Exit.FINDINGS
    trust = trust_of(target, arguments)
    terms = Terms(trust, identity_of(target, arguments), 0, "")
    sources = {} if arguments.now else sources_of(target, arguments)
    try:
        while True:
            state = read_state(target, name, trust)
            if not state.under_way:
                raise Refused(f"no candidate of `{name}` is on its way in `{target.environment}`")
            if not all(one.aborted for one in state.under_way.values()):
                done = take_back(target, name, state, terms, ("by hand",))
                console.result(f"no users are sent to the candidate any more: {done.commit[:12]}")
                state = read_state(target, name, trust)
            why = still_used(sources, name, state.under_way)
            if not why:
                done = remove(target, name, state, terms)
                console.result(f"the candidate has gone, and the stable release is alone: {done.commit[:12]}")
                return Exit.CLEAN
            console.note("\n".join(f"it is not removed yet: {one}" for one in why))
            if not arguments.follow:
                return Exit.CLEAN
            time.sleep(_PERIOD)
    except Refused as refused:
        return told(refused, console)
