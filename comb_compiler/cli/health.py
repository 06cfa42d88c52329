"""Say how well the models of a comb are: each version with its parameters, in every arm, with reasons.

Of a running service it asks `/v1/status`. Of a comb.yaml it starts the operators here, asks all golden samples once
(those of `gates.availability`, or `--samples`) and ends. The exit code is 1 when something is unhealthy.

example:
  comb health 127.0.0.1:8080                     a running service, by its HTTP port
  comb health examples/frame-moderation          the golden samples, here and now
  comb health . --save-reference reference.json  and keep the answers, to tell later which step has changed
  comb health . --reference reference.json       compared with those
  comb health . --patient                        on a machine that is slower than the comb's own
"""

import argparse
import json
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from comb_compiler.cli.addresses import add_certificates
from comb_compiler.cli.console import Console
from comb_compiler.cli.exits import Exit, UsageError
from comb_compiler.cli.models import model_locator
from comb_compiler.cli.opening import Clean, comb_file, open_clean
from comb_compiler.cli.patience import patient
from comb_compiler.diagnostics.render.printable import printable
from comb_compiler.workspace.errors import OutsideFailure

if TYPE_CHECKING:
    from comb_compiler.release import ExecutionPlan
    from comb_compiler.runtime.engine.hosts import Elsewhere
    from comb_compiler.runtime.health import Report, Saved
    from comb_compiler.samples import SampleSet

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "target",
        metavar="ADDRESS|COMB",
        nargs="?",
        default=".",
        help="HOST:PORT or a URL; else a comb.yaml or its directory",
    )
    parser.add_argument("--format", choices=("text", "json"), default="text", help="what is written (default: text)")
    parser.add_argument("--patient", action="store_true", help="let steps take a minute each: this machine is slow")
    parser.add_argument("--samples", metavar="DIR", help="golden samples (default: those of gates.availability)")
    parser.add_argument("--reference", metavar="FILE", help="what is compared with, as --save-reference wrote it")
    parser.add_argument("--save-reference", metavar="FILE", help="write what later runs are compared with")
    add_certificates(parser)


def run(arguments: argparse.Namespace, console: Console) -> int:
    if Path(arguments.target).exists():
        found = _of_comb(arguments.target, arguments, console)
        if found is None:
            return Exit.FINDINGS
        name, report = found
    else:
        from comb_compiler.cli.service_health import of_service

        name, report = of_service(arguments)
    from comb_compiler.runtime.health import Level, report_json

    if arguments.format == "json":
        console.result(json.dumps(report_json(report), indent=2, ensure_ascii=False))
    else:
        from comb_compiler.cli.health_table import health_table

        console.result(health_table(name, report, console))
    return Exit.FINDINGS if report.level == Level.UNHEALTHY else Exit.CLEAN


class _Comb(NamedTuple):
    clean: Clean
    plan: "ExecutionPlan"
    samples: "SampleSet"
    saved: "Saved"


def _of_comb(path: str, arguments: argparse.Namespace, console: Console) -> "tuple[str, Report] | None":
    """What the comb's golden samples tell; None where it cannot be run, and why is then shown."""
    comb = _open(path, arguments, console)
    if comb is None:
        return None
    from comb_compiler.runtime.engine import run as run_loop

    report = run_loop(_ask(comb, arguments.save_reference, console))
    return None if report is None else (comb.plan.comb, report)


def _open(path: str, arguments: argparse.Namespace, console: Console) -> _Comb | None:
    from comb_compiler.runtime.health import NOTHING

    main = comb_file(path)
    if not Path(main).is_file():
        raise UsageError(f"{main}: there is no such file")
    clean = open_clean(main, console, "has health")
    if clean is None:
        return None
    samples = _samples(clean, arguments.samples, console)
    if samples is None:
        return None
    saved = _reference(arguments.reference, clean.plan.comb) if arguments.reference else NOTHING
    plan = patient(clean.plan) if arguments.patient else clean.plan
    return _Comb(clean, plan, samples, saved)


def _samples(clean: Clean, given: str | None, console: Console) -> "SampleSet | None":
    from comb_compiler.samples import load_sample_set

    where = clean.golden if given is None else Path(given)
    if where is None:
        raise UsageError("this comb names no directory of golden samples in gates.availability: name one by --samples")
    samples, flaws = load_sample_set(where)
    for flaw in flaws:
        place = str(where / flaw.file) + (f":{flaw.line}" if flaw.line else "")
        console.note(f"{place}: {flaw.message}")
    if flaws:
        return None
    in_files = samples.in_files
    if not in_files.samples:
        raise UsageError(f"{where}: all of its requests are in a sample store, and golden samples have theirs in files")
    if left := len(samples.samples) - len(in_files.samples):
        console.note(f"{where}: {left:,} whose requests are in a sample store are not asked")
    return in_files


def _reference(file: str, comb: str) -> "Saved":
    from comb_compiler.runtime.health import BadReference, read_saved

    try:
        saved = read_saved(Path(file).read_bytes())
    except OSError as problem:
        raise UsageError(f"--reference {file}: it cannot be read: {problem.strerror}") from problem
    except BadReference as bad:
        raise UsageError(f"--reference {file}: {bad}") from bad
    if saved.comb != comb:
        raise UsageError(f"--reference {file}: it is of the comb `{saved.comb}`, not of `{comb}`")
    return saved


async def _ask(comb: _Comb, save: str | None, console: Console) -> "Report | None":
    async with AsyncExitStack() as servers:
        return await _asked(comb, save, console, servers)


async def _asked(comb: _Comb, save: str | None, console: Console, servers: AsyncExitStack) -> "Report | None":
    from comb_compiler.runtime.engine import Engine
    from comb_compiler.runtime.health import Health, saved_bytes

    health = Health(comb.plan, comb.samples, saved=comb.saved)
    locate = model_locator(comb.clean.checkout, comb.clean.main)
    console.progress("starting the operators")
    try:
        elsewhere = await _model_servers(comb.plan, servers)
        code, observers = comb.clean.directory, [health.observer]
        engine = Engine(comb.plan, locate=locate, code=code, observers=observers, elsewhere=elsewhere)
        await engine.start()
    except OutsideFailure:
        raise
    except Exception as problem:  # whatever an operator's own code raises
        console.note(printable(f"{comb.plan.comb}: unhealthy: it cannot start: {type(problem).__name__}: {problem}"))
        return None
    asked = 0

    def told(outcome: object) -> None:
        nonlocal asked
        asked += 1
        console.progress(f"{asked} of {len(comb.samples.samples) * len(engine.arms)} golden samples")

    try:
        report = await health.once(engine, told)
        if save is not None:
            _write(Path(save), saved_bytes(health.save()))
    finally:
        console.progress("")
        await engine.close()
        await health.close()
    return report


async def _model_servers(plan: "ExecutionPlan", stack: AsyncExitStack) -> "Mapping[int, Elsewhere]":
    """Who hosts the operators that are models on servers, until the stack is closed."""
    if not any(binding.oip for binding in plan.bindings):
        return {}
    from comb_compiler.runtime.oip import ModelServers

    return (await stack.enter_async_context(ModelServers(plan))).hosts


def _write(path: Path, content: bytes) -> None:
    try:
        path.write_bytes(content)
    except OSError as problem:
        raise OutsideFailure(f"`{path}` cannot be written: {problem.strerror}") from problem
