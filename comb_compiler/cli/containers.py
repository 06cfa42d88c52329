"""`comb run --container`: the comb's images in containers, with the limits of comb.yaml."""

import argparse
import signal
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import contextmanager
from typing import TYPE_CHECKING

from comb_compiler.cli.console import Console
from comb_compiler.cli.exits import Exit, UsageError
from comb_compiler.cli.opening import open_clean
from comb_compiler.cli.running import greeting, opened_of
from comb_compiler.cli.shipping import engine_for, must_need_no_network, shipped
from comb_compiler.release import plan_bytes
from comb_compiler.workspace.errors import OutsideFailure

if TYPE_CHECKING:
    from collections.abc import Iterator

    from comb_compiler.images.containers import Contained
    from comb_compiler.runtime.service import Settings

__all__ = ["run_contained"]

_NOT_THERE = ("reload", "processes", "weights", "goldens", "reference", "workspace", "samples", "samples_spool")
_NOT_THERE_TLS = ("tls_certificate", "tls_key", "tls_client_ca")
_PATIENCE = 300.0
"""Seconds that operators and models may take to start."""
_LOOK_EVERY = 0.3


def run_contained(path: str, arguments: argparse.Namespace, settings: "Settings", console: Console) -> int:
    """Run the images until a signal comes, or a process ends. Raises UsageError and OutsideFailure."""
    from comb_compiler.compiler import parted_by_groups
    from comb_compiler.images.containers import contained
    from comb_compiler.runtime.service.service import Addresses

    given = [name for name in (*_NOT_THERE, *_NOT_THERE_TLS) if getattr(arguments, name, None)]
    if given:
        raise UsageError(f"--container runs images as they are, and has no --{given[0].replace('_', '-')}")
    clean = open_clean(path, console, "can run", arguments.environment)
    if clean is None:
        return Exit.FINDINGS
    must_need_no_network(clean)
    doors = f"{settings.host}:{settings.grpc_port}", f"{settings.host}:{settings.http_port}"
    with engine_for("--container") as engine, _interrupted() as is_over:
        ships = shipped(engine, arguments.container, clean, parted_by_groups(clean.compiled), "--container")
        with contained(
            engine, plan_bytes(ships.plan), ships.asked, (), doors, ships.files, console.progress
        ) as running:
            if _is_up(running, console, is_over):
                opened = opened_of(clean._replace(plan=ships.plan), path)
                console.result(greeting(opened, Addresses(running.grpc, running.http), secure=False))
            return _watched(running, console, is_over)


@contextmanager
def _interrupted() -> "Iterator[Callable[[], bool]]":
    """Whether a signal asked to end, which then ends nothing by itself."""
    asked: list[int] = []
    ends = (signal.SIGINT, signal.SIGTERM)
    before = {one: signal.signal(one, lambda number, _: asked.append(number)) for one in ends}
    try:
        yield lambda: bool(asked)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _is_up(running: "Contained", console: Console, is_over: Callable[[], bool]) -> bool:
    """Wait until requests are answered; False where it is over before."""
    deadline = time.monotonic() + _PATIENCE
    console.progress("loading operators and models …")
    while not is_over() and not running.endings():
        try:
            with urllib.request.urlopen(f"http://{running.http}/readyz", timeout=5):
                console.progress("")
                return True
        except (OSError, urllib.error.URLError):
            if time.monotonic() > deadline:
                raise OutsideFailure(f"nothing is served after {_PATIENCE:.0f} seconds") from None
            time.sleep(_LOOK_EVERY)
    return False


def _watched(running: "Contained", console: Console, is_over: Callable[[], bool]) -> int:
    """Wait until a signal comes, or a process ends by itself, which is then said."""
    console.progress("")
    while not is_over():
        endings = running.endings()
        if endings:
            for ending in endings:
                console.note(f"comb: {ending.words}")
                said = running.said(ending.process).strip()
                if said:
                    console.note(said)
            return Exit.FINDINGS
        time.sleep(_LOOK_EVERY)
    return Exit.CLEAN
