"""Serve a comb on this machine, with its real operators and models.

The comb is checked first. Its method is served over gRPC, with reflection and health, and as JSON over HTTP. Settings
that are no options here come from the environment: see `python -m comb_compiler.runtime.service --help`.

example:
  comb run examples/frame-moderation    the example; what is printed can be pasted into another terminal
  comb run . --reload                   a change of any file is checked, and served when it is clean
"""

import argparse
import asyncio
import os
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from comb_compiler.cli.console import Console
from comb_compiler.cli.exits import Exit, UsageError
from comb_compiler.cli.running import Opened, changed_since, greeting, looks_of, open_comb
from comb_compiler.workspace.errors import OutsideFailure

if TYPE_CHECKING:
    from comb_compiler.runtime.service import Service, Settings, Stop

__all__ = ["add_arguments", "run"]

_SHOWN = (
    "host",
    "grpc_port",
    "http_port",
    "requests",
    "message_bytes",
    "tls_certificate",
    "tls_key",
    "tls_client_ca",
    "log_format",
    "trace_share",
)
_LOOK_EVERY = 0.5


def add_arguments(parser: argparse.ArgumentParser) -> None:
    try:
        from comb_compiler.runtime.service import SETTINGS
    except ModuleNotFoundError as error:
        raise UsageError(_not_installed(error)) from error

    parser.add_argument(
        "path", metavar="PATH", nargs="?", default=".", help="a comb.yaml, or its directory (default: .)"
    )
    parser.add_argument("--reload", action="store_true", help="serve what changes, once it is clean")
    for setting in SETTINGS:
        if setting.name in _SHOWN:
            default = f" (default: {setting.default})" if setting.default != "" else ""
            parser.add_argument(setting.flag, metavar=setting.placeholder, help=f"{setting.meaning}{default}")


def _not_installed(error: ModuleNotFoundError) -> str:
    """What to install. Raises the error where it is one of our own modules that is missing."""
    package = (error.name or "").partition(".")[0]
    if package == "comb_compiler":
        raise error
    return f"serving needs the Python package `{package}`; install the extra: pip install 'comb-compiler[runtime]'"


def run(arguments: argparse.Namespace, console: Console) -> int:
    path = Path(arguments.path)
    main = path / "comb.yaml" if path.is_dir() else path
    if not main.is_file():
        raise UsageError(f"{main}: there is no such file; name a comb.yaml, or a directory with one")
    from comb_compiler.runtime.engine import run as run_loop
    from comb_compiler.runtime.service import BadSettings, CannotServe, Settings, Stop, read_settings, until_stopped
    from comb_compiler.runtime.telemetry.logs import write_logs

    base = Settings(settle=0.0, drain=10.0, connection_age=0.0, forced_arms=True)
    try:
        settings = read_settings({name: getattr(arguments, name) for name in _SHOWN}, os.environ, base)
    except BadSettings as error:
        raise UsageError("\n".join(error.reasons)) from error
    opened = open_comb(str(main), console)
    if opened is None:
        return Exit.FINDINGS
    os.environ["COMB_LOG_FORMAT"] = settings.log_format  # worker processes log alike
    logs, stop = write_logs(format=settings.log_format), Stop()
    try:
        run_loop(until_stopped(_serve(opened, settings, stop, console, reload=arguments.reload), stop))
    except CannotServe as error:
        raise OutsideFailure(str(error)) from error
    except _CannotStart as error:
        console.note(f"comb: {error}")
        return Exit.FINDINGS
    finally:
        logs.close()
    return Exit.CLEAN


class _CannotStart(Exception):
    """The comb's own code or models keep it from running; the message says how."""


async def _serve(opened: Opened, settings: "Settings", stop: "Stop", console: Console, *, reload: bool) -> bool:
    from comb_compiler.runtime.service import Service

    async with Service(settings) as service, AsyncExitStack() as stack:
        console.progress("loading operators and models …")
        await _show(service, opened, settings, stack)
        console.progress("")
        stop.can_be_in_order = True
        console.result(greeting(opened, service.addresses, secure=bool(settings.tls_certificate)))
        if reload:
            await _reload(service, opened, settings, stop, console, stack)
        await stop.in_order.wait()
        return await service.drain()


async def _show(service: "Service", opened: Opened, settings: "Settings", stack: AsyncExitStack) -> None:
    """Start what answers, and show it; the stack then ends it. Raises _CannotStart."""
    from comb_compiler.runtime import BadOperator, OperatorError
    from comb_compiler.runtime.engine import CannotRun
    from comb_compiler.runtime.service import CannotServe, answering, starting
    from comb_compiler.runtime.telemetry.watching import observers_of

    plan = opened.source.plan
    watching = observers_of(plan, os.environ, release=settings.release, share=settings.trace_share)
    source = opened.source._replace(observers=watching)
    try:
        with starting():
            service.show(await stack.enter_async_context(answering(source, settings)))
    except (BadOperator, CannotRun, CannotServe, OperatorError) as error:
        raise _CannotStart(f"{plan.comb} cannot run: {error}") from error


async def _reload(
    service: "Service", opened: Opened, settings: "Settings", stop: "Stop", console: Console, stack: AsyncExitStack
) -> None:
    """Until a signal comes: when files have changed, check; when they are clean, let a new engine take over."""
    seen = looks_of(opened.directory)
    console.note(f"looking for changes below {opened.directory}")
    while not stop.in_order.is_set():
        await asyncio.sleep(_LOOK_EVERY)
        looks = await asyncio.to_thread(looks_of, opened.directory)
        if looks == seen:
            continue
        what, seen = changed_since(seen, looks), looks
        console.note(f"{what}: checking")
        again = await asyncio.to_thread(open_comb, opened.path, console)
        if again is None:
            console.note("it has mistakes, so what was served before goes on")
            continue
        fresh = AsyncExitStack()
        try:
            await _show(service, again, settings, fresh)
        except (_CannotStart, OutsideFailure) as failure:
            await fresh.aclose()
            console.note(f"comb: {failure}\nwhat was served before goes on")
            continue
        before = stack.pop_all()
        stack.push_async_callback(fresh.aclose)
        await before.aclose()
        console.note("the change is served")
