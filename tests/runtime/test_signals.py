"""Signals to a process with an engine: it ends in order, or at once, and takes its workers along."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.architecture.imports import ROOT

_ENGINE = """
import asyncio, signal, sys
from comb_compiler.runtime.engine import Engine, drain_on, run
from tests.runtime.leftovers import children
from tests.runtime.plans import plan
from tests.runtime.post.post_pb2 import Letter, Request

async def main():
    nodes = {"a": ("misbehaves", {"letter": "request.letter"}), "b": ("hangs", {"letter": "request.letter"}),
             "c": ("join", {"first": "a", "second": "b"})}
    async with Engine(plan(nodes, "c")) as engine:
        drained = drain_on(engine, signal.SIGTERM, grace=600.0) if sys.argv[1] == "drain" else None
        call = asyncio.create_task(engine.run(Request(letter=Letter(text="pid")), within=500.0))
        await asyncio.sleep(0.05)
        print(*children(), flush=True)
        done = await call
        print(done.error, await drained, flush=True)

signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores it
try:
    run(main())
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""


def started(how: str) -> tuple["subprocess.Popen[str]", list[int]]:
    """The process, with a request that hangs, and its workers."""
    engine = subprocess.Popen([sys.executable, "-c", _ENGINE, how], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert engine.stdout is not None
    return engine, [int(one) for one in engine.stdout.readline().split()]


def must_be_gone(workers: list[int]) -> None:
    bound = time.monotonic() + 120
    while any(Path(f"/proc/{worker}").exists() for worker in workers):
        assert time.monotonic() < bound
        time.sleep(0.01)


@pytest.mark.slow
def test_a_second_signal_ends_the_patience_of_the_first() -> None:
    engine, workers = started("drain")
    with engine:
        assert engine.stdout is not None
        engine.send_signal(signal.SIGTERM)
        time.sleep(0.5)
        assert engine.poll() is None  # it waits for what is under way
        began = time.monotonic()
        engine.send_signal(signal.SIGTERM)
        assert engine.stdout.read() == "UNAVAILABLE: the engine is shutting down False\n"
        assert engine.wait(120) == 0
        assert time.monotonic() - began < 120
    must_be_gone(workers)


@pytest.mark.slow
def test_an_interrupt_closes_the_engine() -> None:
    engine, workers = started("interrupt")
    with engine:
        assert engine.stdout is not None
        engine.send_signal(signal.SIGINT)
        assert engine.stdout.read() == "interrupted\n"
        assert engine.wait(120) == 0
    must_be_gone(workers)
