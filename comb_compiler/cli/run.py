"""Serve a comb on this machine, with its real operators and models.

The comb is checked first. Its method is served over gRPC, with reflection and health, and as JSON over HTTP. Settings
that are no options here come from the environment: see `python -m comb_compiler.runtime.service --help`.

example:
  comb run examples/frame-moderation    the example; what is printed can be pasted into another terminal
  comb run . --reload                   a change of any file is checked, and served when it is clean
  comb run . --weights weights.json     arms and a candidate get the users that the file says, also while it runs
  comb run . --goldens samples/standard whether its models are well is asked at the start and again and again
  comb run . --processes                each group of operators in a process of its own, as in a cluster
  comb run . --environment production   with what comb.yaml says of an environment
  comb run . --container images         in containers, with the limits of comb.yaml and without any network
  comb run . --samples embedded:.comb/samples    requests are recorded, as comb.yaml's `recording` says
  comb run . --samples platform:platform.yaml    where the platform keeps them; they wait in .comb/spool
"""

import argparse
import asyncio
import os
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from comb_compiler.cli.console import Console
from comb_compiler.cli.exits import Exit, UsageError
from comb_compiler.cli.looking import changed_since, looks_of
from comb_compiler.cli.opening import comb_file
from comb_compiler.cli.processes import Hosting, other_processes
from comb_compiler.cli.running import Opened, Opening, greeting, told_of
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
    "release",
    "samples",
    "samples_spool",
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
    add = parser.add_argument
    add("--processes", action="store_true", help="a process for each group of operators, as each has pods in a cluster")
    add("--environment", metavar="NAME", default="", help="the comb as this environment makes it (default: as written)")
    add("--container", metavar="DIR|FILE", type=Path, help="in containers: a layout of images, or an images.json")
    add("--weights", metavar="FILE", type=Path, help="weights of arms and releases; it is watched")
    add("--goldens", metavar="DIR", type=Path, help="a sample set that says whether models are well")
    add("--reference", metavar="FILE", type=Path, help="what health is compared with: see `comb health`")
    add("--workspace", metavar="DIR", type=Path, help="where operators may leave files")
    for setting in SETTINGS:
        if setting.name in _SHOWN:
            default = f" (default: {setting.default})" if setting.default != "" else ""
            meaning = setting.meaning.replace(" or servers:FILE", ", servers:FILE or platform:FILE")
            parser.add_argument(setting.flag, metavar=setting.placeholder, help=f"{meaning}{default}")


def _not_installed(error: ModuleNotFoundError) -> str:
    """What to install. Raises the error where it is one of our own modules that is missing."""
    package = (error.name or "").partition(".")[0]
    if package == "comb_compiler":
        raise error
    return f"serving needs the Python package `{package}`; install the extra: pip install 'comb-compiler[runtime]'"


def run(arguments: argparse.Namespace, console: Console) -> int:
    from comb_compiler.cli.samples.stores import told_to_a_service

    with told_to_a_service(arguments.samples, arguments.samples_spool) as store:
        return _run(arguments, {name: getattr(arguments, name) for name in _SHOWN} | store, console)


def _run(arguments: argparse.Namespace, given: dict[str, str | None], console: Console) -> int:
    main = comb_file(arguments.path)
    if not Path(main).is_file():
        raise UsageError(f"{main}: there is no such file; name a comb.yaml, or a directory with one")
    from comb_compiler.runtime.engine import run as run_loop
    from comb_compiler.runtime.service import BadSettings, CannotServe, Settings, Stop, read_settings, until_stopped
    from comb_compiler.runtime.service.descriptors import with_room
    from comb_compiler.runtime.telemetry.logs import write_logs

    base = Settings(settle=0.0, drain=10.0, connection_age=0.0, forced_arms=True)
    try:
        settings = read_settings(given, os.environ, base)
    except BadSettings as error:
        raise UsageError("\n".join(error.reasons)) from error
    if arguments.container is not None:
        from comb_compiler.cli.containers import run_contained

        return run_contained(main, arguments, settings, console)
    if arguments.processes and settings.tls_certificate:
        raise UsageError("--processes is for a look at this machine, and without TLS: leave the certificate out")
    settings = settings._replace(environment=arguments.environment)
    opening = Opening(main, arguments, console)
    opened = opening.open()
    if opened is None:
        return Exit.FINDINGS
    os.environ["COMB_LOG_FORMAT"] = settings.log_format  # worker processes log alike
    logs, stop = write_logs(format=settings.log_format), Stop()
    try:
        run_loop(until_stopped(_serve(opened, with_room(settings), stop, opening), stop))
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


async def _serve(opened: Opened, settings: "Settings", stop: "Stop", opening: Opening) -> bool:
    from comb_compiler.runtime.service import Service

    console = opening.console
    async with Service(settings) as service, AsyncExitStack() as stack:
        console.progress("loading operators and models …")
        others = await _show(service, opened, settings, console, stack)
        console.progress("")
        stop.hear(in_order=True)
        secure = bool(settings.tls_certificate)
        console.result(greeting(opened, service.addresses, others, secure=secure, samples=settings.samples))
        if opening.arguments.processes and not others:
            console.note("its operators are all of one group: one process runs them, here and in a cluster")
        if opening.arguments.reload:
            await _reload(service, opened, settings, stop, opening, stack)
        await stop.in_order.wait()
        return await service.drain()


async def _show(
    service: "Service", opened: Opened, settings: "Settings", console: Console, stack: AsyncExitStack
) -> tuple[Hosting, ...]:
    """Start what answers, and show it; the stack then ends it. The processes beside this one. Raises _CannotStart."""
    from comb_compiler.runtime import BadOperator, OperatorError
    from comb_compiler.runtime.engine import CannotRun
    from comb_compiler.runtime.service import CannotServe, answering, starting
    from comb_compiler.runtime.telemetry.logs import name_lines, names_of
    from comb_compiler.runtime.telemetry.watching import observers_of

    plan = opened.source.plan
    name_lines(names_of(plan))
    watching = observers_of(plan, os.environ, release=settings.release, share=settings.trace_share)
    source = opened.source._replace(observers=watching)
    others: tuple[Hosting, ...] = ()
    try:
        with starting():
            if len(plan.processes) > 1:
                beside = other_processes(source, settings, console.note)
                source, others = await stack.enter_async_context(beside)
            known = settings._replace(code_digest=opened.code_digest)
            service.show(await stack.enter_async_context(answering(source, known)))
    except (BadOperator, CannotRun, CannotServe, OperatorError) as error:
        raise _CannotStart(f"{plan.comb} cannot run: {error}") from error
    return others


async def _reload(
    service: "Service", opened: Opened, settings: "Settings", stop: "Stop", opening: Opening, stack: AsyncExitStack
) -> None:
    """Until a signal comes: when files have changed, check; when they are clean, let a new engine take over."""
    console, weights = opening.console, opened.source.weights
    seen = looks_of(opened.directory, weights)
    console.note(f"looking for changes below {opened.directory}")
    while not stop.in_order.is_set():
        await asyncio.sleep(_LOOK_EVERY)
        looks = await asyncio.to_thread(looks_of, opened.directory, weights)
        if looks == seen:
            continue
        what, seen = changed_since(seen, looks), looks
        console.note(f"{what}: checking")
        try:
            again = await asyncio.to_thread(opening.open)
        except UsageError as wrong:
            console.note(f"comb: {wrong}")
            again = None
        if again is None:
            console.note("it cannot be served, so what was served before goes on")
            continue
        fresh = AsyncExitStack()
        try:
            others = await _show(service, again, settings, console, fresh)
            stop.hear(in_order=True)
        except (_CannotStart, OutsideFailure) as failure:
            await fresh.aclose()
            console.note(f"comb: {failure}\nwhat was served before goes on")
            continue
        before = stack.pop_all()
        stack.push_async_callback(fresh.aclose)
        await before.aclose()
        console.note("\n".join(["the change is served", *map(told_of, others)]))
