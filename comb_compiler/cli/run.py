"""Serve a comb on this machine, with its real operators and models.

The comb is checked first. Its method is served over gRPC with reflection and health, and as JSON over HTTP.

example:
  comb run examples/frame-moderation               the example, on ports of its own
  comb run . --grpc-port 50051 --http-port 8080    this directory's comb, on ports that one remembers
"""

import argparse
import asyncio
import os
import signal
from pathlib import Path
from typing import NamedTuple

from comb_compiler.cli.checking import Checking, common_root
from comb_compiler.cli.console import Console
from comb_compiler.cli.exits import Exit, UsageError
from comb_compiler.cli.models import model_locator
from comb_compiler.cli.reporting import report
from comb_compiler.cli.verdicts import VerdictCache, default_directory
from comb_compiler.compiler import compile_comb
from comb_compiler.diagnostics import has_errors
from comb_compiler.release import ExecutionPlan
from comb_compiler.workspace.checkout import Checkout
from comb_compiler.workspace.sources import load_sources

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from comb_compiler.runtime.service import SETTINGS

    parser.add_argument("path", metavar="PATH", nargs="?", default=".", help="a comb.yaml, or its directory")
    for setting in SETTINGS:
        parser.add_argument(setting.flag, metavar="VALUE", help=f"{setting.meaning} (default: {setting.default!r})")


class _Comb(NamedTuple):
    checkout: Checkout
    main: str
    plan: ExecutionPlan

    @property
    def directory(self) -> Path:
        return Path(self.checkout.root, self.main).parent


def run(arguments: argparse.Namespace, console: Console) -> int:
    path = Path(arguments.path)
    main = path / "comb.yaml" if path.is_dir() else path
    if not main.is_file():
        raise UsageError(f"{main}: there is no such file; name a comb.yaml, or a directory with one")
    comb = _open(str(main), console)
    if comb is None:
        return Exit.FINDINGS
    from comb_compiler.runtime.engine import run as run_loop

    return run_loop(_serve(comb, arguments, console))


def _open(path: str, console: Console) -> _Comb | None:
    """The comb, checked; None where it has mistakes, which are then shown."""
    checkout = Checkout(common_root([path]))
    cache = VerdictCache(default_directory())
    result = Checking(checkout, cache).run([path])
    console.result(report(result.diagnostics, "text", checkout, console))
    if has_errors(result.diagnostics):
        return None
    compiled = compile_comb(load_sources(checkout, result.verdicts[0].main, cache.memo), memo=cache.memo)
    if compiled.plan is None:
        raise UsageError(f"{path}: this is a {compiled.checked.kind}, and only a Comb can run")
    return _Comb(checkout, result.verdicts[0].main, compiled.plan)


async def _serve(comb: _Comb, arguments: argparse.Namespace, console: Console) -> int:
    from comb_compiler.runtime.engine import Engine, Limits
    from comb_compiler.runtime.service import Served, Service, Settings, read_settings

    settings = read_settings(vars(arguments), os.environ, Settings(grpc_port=0, http_port=0, settle=0.0))
    going = asyncio.Event()
    for one in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(one, going.set)
    async with Service(settings) as service:
        locate, limits = model_locator(comb.checkout, comb.main), Limits(requests=settings.requests)
        async with Engine(comb.plan, locate=locate, code=comb.directory, limits=limits) as engine:
            service.show(Served(comb.plan, engine, engine.meters))
            console.result(f"gRPC  {service.addresses.grpc}\nHTTP  http://{service.addresses.http}")
            await going.wait()
            await service.drain()
    return Exit.CLEAN
