"""Prove a change: run it beside what is there now, on samples with known answers and on recorded requests.

The gates that comb.yaml asks for are run, the cheapest first, and end in a verdict: passed, blocked, or undecided,
which blocks as well. What is asked, and by which rules, is what the baseline says: a change cannot weaken its exam.
The baseline is the comb at the default branch, if nothing else is named.

example:
  comb gate examples/frame-moderation                     what comb.yaml asks, against the default branch
  comb gate replay . --arm rotate --baseline .            an arm of the experiment against the comb as written
  comb gate availability . --baseline none                the standard samples alone
  comb gate . --report out                                with a report for people and one for programs
  comb gate . --sample frame-7                            one sample once more, and where along the graph it parts
  comb gate . --sample 0197c3a2b5e87d0c9f1e2d3c4b5a6978 --as-recorded    an incident, by what answered then
"""

import argparse
import asyncio
import getpass
import os
import signal
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from comb_compiler.cli.addresses import add_certificates
from comb_compiler.cli.console import Console
from comb_compiler.cli.exits import Exit, UsageError
from comb_compiler.cli.gate.addressed import at_address
from comb_compiler.cli.gate.baseline import Baseline, open_baseline
from comb_compiler.cli.gate.contained import CONTAINER, containers_for
from comb_compiler.cli.gate.exam import RECORDED, Exam, exam_of
from comb_compiler.cli.gate.orphans import ended_with_it
from comb_compiler.cli.gate.past import add_history_argument
from comb_compiler.cli.gate.subjects import must_have_its_code, subjects_of
from comb_compiler.cli.gate.terms import terms_of
from comb_compiler.cli.opening import Clean, comb_file, open_clean
from comb_compiler.cli.provenance import source_of
from comb_compiler.cli.samples.stores import add_store_argument

if TYPE_CHECKING:
    from comb_compiler.gates import GateReport

__all__ = ["add_arguments", "judged", "run"]

_GATES = ("availability", "replay", "load", "all")
_BUSY = (
    "steps ran into their timeouts: where this machine is slower or busier than those the comb is for, --patient gives "
    "each a minute"
)
_WHERE = (
    "from which step on answers part is not looked for in containers; `comb gate . --sample NAME` does so in processes "
    "of this machine"
)
_PATIENT = "; each step was given a minute (--patient), so that its own timeout is not proven"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("words", metavar="[GATE] COMB", nargs="+", help=f"one of {', '.join(_GATES)} (default: all), and a comb")
    add("--baseline", metavar="DIR|REV|recorded|none", help="what it is held against (default: the default branch)")
    add("--target", metavar="local|container|HOST:PORT", default="local", help="where it runs (default: local)")
    add_certificates(parser)
    add("--platform", metavar="FILE", help="the platform.yaml that has floors of gates, and waivers")
    add("--arm", metavar="NAME", default="", help="the candidate is this arm of the experiment")
    add("--images", metavar="DIR|FILE", type=Path, help="what runs in containers: a layout of images, or images.json")
    add("--baseline-images", metavar="DIR|FILE", type=Path, help="the baseline's (default: it runs as `local`)")
    add("--environment", metavar="NAME", default="", help="whose groups of operators the images are made for")
    add("--sample", metavar="NAME|ID", action="append", default=[], help="ask this sample alone, and look at each step")
    add("--as-recorded", action="store_true", help="ask what answered the --sample when it was recorded")
    add("--report", metavar="DIR", help="write report.html, .json and .md, junit.xml and statement.json there")
    add("--builder", metavar="TEXT", help="what runs the gates, as the address of a job (default: user and machine)")
    add("--at-once", metavar="N", type=int, default=os.cpu_count() or 1, help="samples under way (default: a CPU each)")
    add("--fresh", action="store_true", help="ask all again, also what an earlier run of the same gates has answers to")
    add("--patient", action="store_true", help="let steps take a minute each: this machine is slow")
    add_store_argument(parser)
    add_history_argument(parser)
    add("--saturation", action="store_true", help="look for the highest rate that keeps the promise, after all steps")
    add("--flame", action="store_true", help="have py-spy look at the candidate under load, for a flame graph")
    add("--prometheus", metavar="URL", help="what measures the comb online: the load gate asks it for latencies")
    add("--prometheus-token", metavar="FILE", help="a file with the token that is sent to it")
    add("--prometheus-ca", metavar="FILE", help="the certificates by which it is known")


def run(arguments: argparse.Namespace, console: Console) -> int:
    which, path = _words(arguments.words)
    if arguments.at_once < 1:
        raise UsageError("--at-once: at least one sample has to be under way")
    if arguments.target not in ("local", CONTAINER):
        at_address(arguments)
    elif any((arguments.tls_ca, arguments.tls_certificate, arguments.tls_key)):
        raise UsageError(f"--tls-… are for what runs at an address, and --target is {arguments.target}")
    if arguments.as_recorded and not arguments.sample:
        raise UsageError("--as-recorded: name the record, with --sample ID")
    if arguments.prometheus is not None:
        from comb_compiler.cli.gate.online import prometheus_of

        prometheus_of(arguments)
    main = comb_file(path)
    if arguments.report is not None:
        from comb_compiler.cli.gate.writing import cleared

        cleared(Path(arguments.report))
    with _ended_as_by_ctrl_c():
        return _run(which, main, arguments, console)


def _run(which: str, main: str, arguments: argparse.Namespace, console: Console) -> int:
    candidate = open_clean(main, console, "has gates")
    if candidate is None:
        return Exit.FINDINGS
    subjects = subjects_of(candidate)
    if arguments.sample:
        from comb_compiler.cli.gate.single import run_samples

        _must_have_arm(candidate, arguments.arm)
        with ended_with_it():
            return run_samples(candidate, subjects, arguments, console)
    report, exam = judged(which, candidate, subjects, arguments, console)
    from comb_compiler.cli.gate.showing import shown
    from comb_compiler.cli.reporting import report as told

    console.note(told((*exam.terms.floors, *exam.findings), "text", candidate.checkout, console))
    console.result(shown(report, console, is_written=arguments.report is not None))
    if not arguments.patient and _ran_out_of_time(report):
        console.note(_BUSY)
    if arguments.target == CONTAINER and any(one.codes[0] for gate in report.gates for one in gate.findings):
        console.note(_WHERE)
    if arguments.report is not None:
        from comb_compiler.cli.gate.writing import written

        builder = arguments.builder or f"{_user()}@{socket.gethostname()}"
        statement = _statement(report, candidate, subjects, builder)
        console.note(written(report, Path(arguments.report), exam.cases, statement))
    if exam.terms.floors:
        return Exit.FINDINGS
    return Exit.CLEAN if report.verdict.lets_through else Exit.GATE_BLOCKS


def _ran_out_of_time(report: "GateReport") -> bool:
    codes = (one.codes[1] for gate in report.gates for one in gate.findings)
    whys = (why for gate in report.gates for why in gate.ruling.why)
    return any("DEADLINE_EXCEEDED" in said for said in (*codes, *whys))


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user has a number alone
        return f"{os.getuid()}"


@contextmanager
def _ended_as_by_ctrl_c() -> Iterator[None]:
    """Signals that end a process end the block as Ctrl-C does: in order, with what it started and wrote aside."""

    def end(number: int, frame: FrameType | None) -> None:
        by_ctrl_c = signal.getsignal(signal.SIGINT)  # which asyncio has for its own, as long as it runs
        if callable(by_ctrl_c):
            by_ctrl_c(number, frame)
        else:
            raise KeyboardInterrupt

    before = {one: signal.signal(one, end) for one in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


def judged(
    which: str, candidate: Clean, subjects: Mapping[str, str], arguments: argparse.Namespace, console: Console
) -> "tuple[GateReport, Exam]":
    """What the gates say of a candidate, and what they asked; `arguments` as the command has them.

    `subjects` are the candidate's, by what they are called.
    """
    _must_have_arm(candidate, arguments.arm)
    must_have_its_code(candidate)
    is_recorded = arguments.baseline == RECORDED
    with open_baseline(None if is_recorded else arguments.baseline, candidate, console) as baseline:
        terms = terms_of(arguments.platform, candidate, baseline)
        before, name = (baseline.comb, baseline.name) if baseline else (None, "")
        exam = exam_of(candidate, before, name, terms, arguments.store)
        if exam.replays_records and which != "availability" and baseline is not None:
            arms = _arms_as_written(baseline) if is_recorded else None
            exam = exam.with_records(arguments.store, [candidate, baseline.comb], arms)
        subject = subjects[f"{candidate.plan.comb}/{arguments.arm}" if arguments.arm else candidate.plan.comb]
        with ended_with_it(), exam.comparators:
            report = _report(which, candidate, subject, baseline, exam, arguments, console)
    console.progress("")
    return report, exam


def _arms_as_written(baseline: Baseline) -> set[str]:
    """The arms that answer as the comb as written does; requests outside of an experiment have none."""
    subjects = subjects_of(baseline.comb)
    comb = baseline.comb.plan.comb
    return {"", *(name.removeprefix(f"{comb}/") for name, digest in subjects.items() if digest == subjects[comb])}


def _words(words: list[str]) -> tuple[str, str]:
    """Which gates, and the comb."""
    which = words[0] if words[0] in _GATES and len(words) > 1 else "all"
    rest = words[1:] if which == words[0] and len(words) > 1 else words
    if len(rest) != 1:
        raise UsageError(f"one comb at a time; the first word may be one of {', '.join(_GATES)}")
    return which, rest[0]


def _must_have_arm(candidate: Clean, arm: str) -> None:
    arms = [one.name for one in candidate.plan.experiment.arms] if candidate.plan.experiment else []
    if arm and arm not in arms:
        raise UsageError(f"--arm {arm}: there is no such arm; there are {', '.join(arms) or 'none'}")


def _report(
    which: str,
    candidate: Clean,
    subject: str,
    baseline: Baseline | None,
    exam: Exam,
    arguments: argparse.Namespace,
    console: Console,
) -> "GateReport":
    from comb_compiler.cli.gate.session import Session
    from comb_compiler.cli.gate.targets import promise_of
    from comb_compiler.gates import GateReport

    against = None if baseline is None else baseline.comb
    named: dict[str, str] = {}
    if baseline is not None:
        before = subjects_of(baseline.comb)[baseline.comb.plan.comb]
        named = {"name": baseline.name, "commit": baseline.commit, "subject": before}
    subjects = subject, named.get("subject", "")
    if arguments.baseline == RECORDED and named:
        named, subjects = {"name": "recorded answers", "subject": ""}, (subject, RECORDED)
    with containers_for(arguments, candidate, against, console) as containers:
        session = Session(which, candidate, against, subjects, exam, arguments, console, containers)
        results, earlier = asyncio.run(session.results())
    isolation, promise = promise_of(arguments.target) if containers is None else (CONTAINER, containers.promise)
    promise += _PATIENT if arguments.patient else ""
    return GateReport(
        candidate.plan.comb,
        subject,
        {name: value for name, value in named.items() if value or name == "subject"},
        arguments.target,
        isolation,
        exam.terms.promised(isolation, promise),
        exam.origin,
        tuple(results),
        exam.weakened,
        earlier,
        {} if containers is None else containers.images,
    )


def _statement(report: "GateReport", candidate: Clean, subjects: Mapping[str, str], builder: str) -> dict[str, Any]:
    from comb_compiler.gates.statements import statement_of

    names = [name for name, digest in subjects.items() if digest == report.subject]
    return statement_of(report, names, source_of(candidate.checkout.root), builder)
