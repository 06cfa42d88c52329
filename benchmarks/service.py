"""The service beside a bare gRPC server, Ray Serve and BentoML: one gRPC hop to an operator that does nothing.

In one run, interleaved, in a closed loop at equal concurrency, all callers in this process on one core, each server on
the other. Comb's is the whole process that a pod starts: router with two arms, meters, the model's health, the log of
failures. The peers come from PyPI into an environment of their own, anywhere:

    python3 -m venv PEERS && PEERS/bin/pip install 'ray[serve,serve-grpc]' bentoml
    .venv/bin/python benchmarks/service.py --peers PEERS/bin/python [--record]

Where others use the machine too, a bare server's cost is mostly theirs, which flatters whatever is put beside it:
`chrt -f 10`, as root, has the command go before others.

Bars (issue "A real service"): ≥ 80% of the bare server's rate; ≥ 5 × Ray Serve's, at ≤ a third of its p99.
"""

import argparse
import os
import platform
import statistics
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack, ExitStack
from datetime import UTC, datetime
from pathlib import Path

import uvloop
from service_load import Block, Callers, Target, keep_to, open_callers, waited_for
from service_servers import BARE, COMB, PEERS, start_comb, start_peer

ROOT = Path(__file__).resolve().parent.parent
RESULT = ROOT / "benchmarks" / "results" / "service.md"
ALONE = RESULT.with_name("service-alone.md")
"""Beside the bare server only."""
CALLERS = (1, 8, 32)
SERVERS_CORE, CALLERS_CORE = 0, 1

Blocks = dict[str, list[Block]]
"""By server."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers", metavar="PYTHON", help="the Python of an environment with ray[serve] and bentoml")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=0.7, help="how long a block of load is")
    parser.add_argument("--record", action="store_true", help=f"write {RESULT.relative_to(ROOT)}")
    arguments = parser.parse_args()
    text = report(arguments)
    print(text)
    if arguments.record:
        (RESULT if arguments.peers else ALONE).write_text(text, encoding="utf-8")


def report(arguments: argparse.Namespace) -> str:
    rows: list[str] = []
    for peer in PEERS if arguments.peers else ("",):
        with tempfile.TemporaryDirectory() as directory, ExitStack() as stack:
            targets = start_comb(stack, Path(directory))
            if peer:
                targets |= start_peer(stack, Path(directory), arguments.peers, peer)
            measured = uvloop.run(_measured(targets, arguments.rounds, arguments.seconds))
        rows += [row for callers, blocks in measured.items() for row in _rows(callers, blocks)]
    return _page(rows, arguments)


async def _measured(targets: Mapping[str, Target], rounds: int, seconds: float) -> dict[int, Blocks]:
    for target in targets.values():
        await waited_for(target)
        keep_to(target.mark, SERVERS_CORE)
    free = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {CALLERS_CORE})
    try:
        async with AsyncExitStack() as stack:
            callers = {name: await open_callers(one, stack, max(CALLERS)) for name, one in targets.items()}
            return {number: await _blocks(callers, number, rounds, seconds) for number in CALLERS}
    finally:
        os.sched_setaffinity(0, free)


async def _blocks(callers: Mapping[str, Callers], number: int, rounds: int, seconds: float) -> Blocks:
    blocks: Blocks = {name: [] for name in callers}
    for one in callers.values():
        await one.load(number, 0.3)
    for _ in range(rounds):
        for name, one in callers.items():
            blocks[name].append(await one.load(number, seconds))
    return blocks


def _rows(callers: int, blocks: Blocks) -> list[str]:
    ours = blocks[COMB]
    return [_row(callers, name, its, ours) for name, its in blocks.items()]


def _row(callers: int, name: str, its: Sequence[Block], ours: Sequence[Block]) -> str:
    rate, spent = _median(its, "rate"), _median(its, "cost")
    p50, p99 = (_quantile(its, share) for share in (0.5, 0.99))
    told = [str(callers), name, f"{rate:.0f}", f"{p50 * 1e3:.2f} ms", f"{p99 * 1e3:.2f} ms", f"{spent * 1e6:.0f} µs"]
    if name == COMB:
        return f"| {' | '.join([*told, '', '', ''])} |"
    cheaper = statistics.median(one.cost / our.cost for our, one in zip(ours, its, strict=True))
    ratio = statistics.median(our.rate / one.rate for our, one in zip(ours, its, strict=True))
    shown, cost = (f"{100 * one:.0f}%" if name == BARE else f"{one:.1f} ×" for one in (ratio, cheaper))
    less = f"{p99 / _quantile(ours, 0.99):.1f} ×"
    return f"| {' | '.join([*told, shown, cost, less])} |"


def _median(blocks: Sequence[Block], figure: str) -> float:
    return statistics.median(getattr(one, figure) for one in blocks)


def _quantile(blocks: Sequence[Block], share: float) -> float:
    """The median, over the blocks, of a quantile of the times in each."""
    return statistics.median(sorted(one.times)[int(len(one.times) * share)] for one in blocks)


def _page(rows: Sequence[str], arguments: argparse.Namespace) -> str:
    machine = f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}"
    today = datetime.now(tz=UTC).date()
    head = f"# The service\n\n{today} · {machine} · medians of {arguments.rounds} interleaved rounds of"
    head += f" {arguments.seconds:g} s · load {os.getloadavg()[1]:.1f}\n\n"
    columns = (
        "callers",
        "server",
        "requests/s",
        "p50",
        "p99",
        "CPU a request",
        "Comb's rate to it",
        "its CPU to Comb's",
        "its p99 to Comb's",
    )
    table = [f"| {' | '.join(columns)} |", f"|{'---|' * len(columns)}", *rows]
    return head + "\n".join(table) + _NOTES


_NOTES = """

Bars: ≥ 80% of the bare server's rate; ≥ 5 × Ray Serve's, at ≤ a third of its p99. A table's part is one run: Comb and
the bare server are measured anew beside each peer. CPU is of all processes of a server, and says what it costs even
where the machine is busy. All callers are one process on one core, each server has the other core. Comb: the process
that a pod starts, with a router, two arms, meters, health of the model and the log of failures. The bare server: the
same interpreter, grpc.aio and loop, a unary method of ten lines. BentoML speaks HTTP only, here without access log.
Ray Serve, tuned: `RAY_SERVE_THROUGHPUT_OPTIMIZED=1`, by its proxy, and at the one replica itself, past the proxy. The
replica is a grpc.aio server in Python, too: against it the bar of 5 × would be out of reach of a bare one.

Requests that come at nearly the same time are answered one right after another. Why: all that Comb does takes 9 µs of
CPU a request in a loop of its own, and 61 µs where 1 MiB is copied before each, since the CPU's caches have lost it (a
message that is but parsed and serialised: 1 and 13 µs). gRPC does no less between two requests: inside the server it
took 80 µs, and asked for twice in each request 7 to 12 µs more. In a row, beside the same process without that,
interleaved on a busy machine, server on one core: 249 instead of 329 µs at 8 callers (bare: 230), 250 instead of 323
at 32 (bare: 224); on both cores 315 instead of 334 at 8 (bare: 312). One caller alone gains nothing by it.

Repeat: see the head of `benchmarks/service.py`.
"""


if __name__ == "__main__":
    sys.exit(main())
