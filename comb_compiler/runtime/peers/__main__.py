"""A process that hosts bindings: `python -m comb_compiler.runtime.peers PLAN --process NAME --listen ADDRESS:PORT`.

It prints its address when it takes calls. SIGTERM and SIGINT drain it; a second one ends it at once.
"""

import argparse
import logging
import sys
from collections.abc import Sequence
from pathlib import Path
from signal import Signals

from comb_compiler.release import BadPlan, ExecutionPlan, Model, parse_plan
from comb_compiler.runtime.codes import OperatorError
from comb_compiler.runtime.declaration import BadOperator
from comb_compiler.runtime.engine import drain_on, run
from comb_compiler.runtime.engine.program import CannotRun
from comb_compiler.runtime.peers.hosting import Peer

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """The command. Exit code 1 where it cannot start, with a sentence; 2 for wrong usage."""
    parser = argparse.ArgumentParser(prog="python -m comb_compiler.runtime.peers")
    parser.add_argument("plan", type=Path, metavar="PLAN", help="the file of the execution plan")
    parser.add_argument("--process", required=True, metavar="NAME", help="which of the plan's processes this is")
    parser.add_argument("--listen", default="127.0.0.1:0", metavar="ADDRESS:PORT", help="port 0 takes a free one")
    parser.add_argument("--code", type=Path, metavar="DIR", help="the directory of the operators")
    parser.add_argument("--artifacts", type=Path, default=Path(), metavar="DIR", help="the directory of models' files")
    parser.add_argument("--workspace", type=Path, metavar="DIR", help="the directory that operators may write to")
    parser.add_argument("--grace", type=float, default=30.0, metavar="SECONDS", help="for calls that are under way")
    options = parser.parse_args(arguments)
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(levelname)s %(message)s")
    try:
        plan = parse_plan(options.plan.read_bytes())
        return run(_serve(plan, options))
    except (BadPlan, BadOperator, CannotRun, OperatorError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201
        return 1


async def _serve(plan: ExecutionPlan, options: argparse.Namespace) -> int:
    def locate(model: Model) -> Path:
        return Path(options.artifacts, model.artifact)

    peer = Peer(
        plan,
        options.process,
        listen=options.listen,
        locate=locate,
        code=options.code,
        workspace=options.workspace,
    )
    async with peer:
        drained = drain_on(peer, Signals.SIGTERM, Signals.SIGINT, grace=options.grace)
        print(peer.address, flush=True)  # noqa: T201
        await drained
    return 0


if __name__ == "__main__":
    sys.exit(main())
