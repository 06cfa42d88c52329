"""The load gate of a run: what it is about, and its result."""

import argparse
import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, NamedTuple

from comb_compiler.cli.console import Console
from comb_compiler.cli.exits import UsageError
from comb_compiler.cli.gate.exam import Exam
from comb_compiler.cli.gate.guiding import guiding
from comb_compiler.cli.gate.loading import ROOM, Loading, loaded
from comb_compiler.cli.gate.machines import machine_class
from comb_compiler.cli.gate.online import online
from comb_compiler.cli.gate.past import append, load_past
from comb_compiler.cli.gate.subjects import resources_of
from comb_compiler.cli.gate.targets import Service, as_written
from comb_compiler.cli.opening import Clean
from comb_compiler.cli.verdicts import default_directory
from comb_compiler.gates import Case, GateResult, Gone, Ruling, Set, Unreadable, Verdict
from comb_compiler.gates.load.judging import Finding
from comb_compiler.gates.load.operators import slowest
from comb_compiler.gates.load.results import LoadFound, StepFound, figures_of
from comb_compiler.gates.load.saturation import SATURATION
from comb_compiler.gates.load.seen import Promise
from comb_compiler.gates.verdicts import of_all
from comb_compiler.gates.wording import told_once

if TYPE_CHECKING:
    from comb_compiler.load import Input
    from comb_compiler.spec.comb.gates import LoadGate
    from comb_compiler.spec.comb.serving import Sla

__all__ = ["Against", "load_gate", "ruled"]

GATE = "load"
_TIMEOUT = 10.0
_MOST_INPUTS = 1000
_MEMORY = "memory"
_KEPT = {"promise": "what is promised", "baseline": "what is there now", "history": "what is usual"}
_SAME = "baseline and candidate are the same"
_NEW = "there is no baseline"
_NOTHING = (
    "nothing could be told here: neither a promise nor a baseline; write in `sla` what is promised, or name with "
    "--baseline what runs now"
)
_LATE = (
    "this machine was too busy to send requests when they were due, or can never send so many: run it again with less "
    "beside it, or write lower `gates.load.steps`"
)
_OTHER = "nothing is proven of the candidate by that: name with --baseline what bears the load"
_TO_DO = {
    "did not keep its schedule": _LATE,
    "nothing was scheduled": "hold it for longer: `gates.load.hold`",
}
_HOW_MANY = "mend what they say, or promise in `sla.errorRate` and `sla.timeoutRate` how many may"


class Against(NamedTuple):
    """What a candidate is held against: a baseline, which is there in most runs, with its subject; and the SLA.

    `comb` is what the baseline is made of.
    """

    baseline: Service | None
    subject: str
    sla: "Sla"
    comb: Clean | None = None


async def load_gate(
    clean: Clean, candidate: Service, against: Against, exam: Exam, arguments: argparse.Namespace, console: Console
) -> GateResult:
    """Of a candidate, which is `clean`. Raises UsageError and OutsideFailure."""
    asked = exam.gates.load
    assert asked is not None
    samples = exam.sets.get("load") or exam.sets.get("replay.regular") or exam.sets.get("availability")
    if samples is None or all(case.error is not None for case in samples.cases):
        return _undecided(samples, "there are no samples to load with: name some in `gates.load.samples`")
    try:
        from comb_compiler.load import GeneratorFailed

        inputs = _inputs(candidate, samples.cases)
    except ImportError as problem:
        raise UsageError(f"loads need locust: pip install 'comb-compiler[load]' ({problem})") from problem
    except Unreadable as problem:
        return _undecided(samples, str(problem))
    history = arguments.history or Path(default_directory()) / "loads"
    passed = await _passed(clean, samples.cases, arguments)
    loading = _loading(clean, candidate, against, asked, inputs, passed, history, arguments, console)
    began = monotonic()
    try:
        found = await asyncio.to_thread(loaded, loading)
    except Gone as gone:
        baseline = against.baseline
        side = candidate if baseline is None or gone.target == candidate.name else baseline
        hint = [_OTHER] if side is baseline else []
        ruling = Ruling(gone.verdict, (f"{gone}; {await side.why_gone()}", *hint))
        return GateResult(GATE, ruling, samples.name, samples.digest, 0, 0, 0, monotonic() - began)
    except GeneratorFailed as problem:
        return _undecided(samples, str(problem))
    append(history, clean.plan.comb, _lines(found))
    alone = "" if against.baseline is not None else _NEW if against.comb is None else _SAME
    return _result(samples, found, float(asked.slower), monotonic() - began, alone)


async def _passed(clean: Clean, cases: Sequence[Case], arguments: argparse.Namespace) -> Mapping[tuple[str, str], str]:
    """What steps only pass on, where the candidate can be started once more, and asked for all that it does."""
    from comb_compiler.cli.gate.passing import passed_on
    from comb_compiler.cli.gate.session import source_of

    if arguments.target != "local":
        return {}
    source = source_of(clean, arguments.arm, is_patient=arguments.patient)
    return await passed_on(source, [case.request for case in cases if case.error is None])


def _loading(
    clean: Clean,
    candidate: Service,
    against: Against,
    asked: "LoadGate",
    inputs: "tuple[Input, ...]",
    passed: Mapping[tuple[str, str], str],
    history: Path,
    arguments: argparse.Namespace,
    console: Console,
) -> Loading:
    comb, machine, promise, deadline = clean.plan.comb, machine_class(), promise_of(against.sla), against.sla.deadline
    past = load_past(history, comb, machine)
    if past.flaws:
        console.note(f"{history / comb}.jsonl: {len(past.flaws):,} lines cannot be read, and do not count")
    shares = [share for share, _ in promise.latencies]
    return Loading(
        candidate=candidate,
        baseline=against.baseline,
        inputs=inputs,
        rates=asked.steps,
        hold=asked.hold.total_seconds(),
        slower=float(asked.slower),
        promise=promise,
        timeout=deadline.total_seconds() if deadline is not None else _TIMEOUT,
        memory=memory_of(clean),
        machine=machine,
        resources=resources_of(clean),
        past=past.figures,
        online=online(arguments, comb, against.subject, shares) if against.baseline is not None and shares else (),
        room=asked.saturation,
        saturates=arguments.saturation,
        profiles=arguments.flame,
        graph=as_written(clean.plan, arguments.arm).graphs[0],
        guide=guiding(clean, arguments.arm, passed, against.comb),
        progress=console.progress,
    )


def promise_of(sla: "Sla") -> Promise:
    """What an SLA promises, in seconds and shares."""
    named = ((0.5, sla.p50), (0.9, sla.p90), (0.95, sla.p95), (0.99, sla.p99))
    latencies = tuple((share, bound.total_seconds()) for share, bound in named if bound is not None)
    rates = (None if one is None else float(one) for one in (sla.timeout_rate, sla.error_rate))
    return Promise(sla.qps, latencies, *rates)


def memory_of(clean: Clean) -> float | None:
    """Bytes that all operators together may use; None where one of them does not say."""
    comb = clean.compiled.checked.comb
    assert comb is not None
    assert comb.base.value is not None
    asked = [one.resources.memory for one in comb.base.value.operators.values()]
    known = [one for one in asked if one is not None]
    return float(sum(known)) if known and len(known) == len(asked) else None


def _inputs(service: Service, cases: Sequence[Case]) -> "tuple[Input, ...]":
    """Requests that are right: what is asked for an error says nothing of how fast an answer is."""
    from comb_compiler.load import Input

    right = [case for case in cases if case.error is None]
    return tuple(Input(service.encoded(case.request)) for case in right[:_MOST_INPUTS])


def _result(samples: Set, found: LoadFound, slower: float, seconds: float, alone: str) -> GateResult:
    sides = [step.candidate for step in found.steps]
    asked, answered = sum(one.requests for one in sides), sum(one.codes.get("OK", 0) for one in sides)
    ruling = ruled(found, slower, alone)
    return GateResult(
        GATE, ruling, samples.name, samples.digest, asked, answered, asked - answered, seconds, load=found
    )


def ruled(found: LoadFound, slower: float, alone: str = "") -> Ruling:
    """The verdict of all steps, and why: what nobody asked or could tell is no pass.

    `alone` is why the candidate was loaded without a baseline, where it was.
    """
    faults = [f"{step.rate:g} a second: {fault}" for step in found.steps for fault in told_once(step.faults)]
    told = [(step.rate, one) for step in found.steps for one in step.findings]
    verdict = of_all([one.verdict for _, one in told])
    if faults and verdict is not Verdict.BLOCKED:
        return Ruling(Verdict.UNDECIDED, (*faults, *_to_do(faults)))
    if verdict is Verdict.PASSED and (silent := _unanswered(found)):
        return Ruling(Verdict.UNDECIDED, tuple(silent))
    if verdict.lets_through and not any(one.verdict is Verdict.PASSED and one.aspect != _MEMORY for _, one in told):
        return Ruling(Verdict.UNDECIDED, (_NOTHING, *_said(told, Verdict.NOT_APPLICABLE)))
    if verdict is not Verdict.PASSED:
        return Ruling(verdict, (*_said(told, verdict), *_guilty(found.steps[-1], slower), *faults))
    return Ruling(verdict, (_kept(found, alone), *_room(found.steps[-1])))


def _to_do(faults: Sequence[str]) -> list[str]:
    """What to do about requests that were not sent in time, or not at all."""
    return [advice for words, advice in _TO_DO.items() if any(words in one for one in faults)]


def _unanswered(found: LoadFound) -> list[str]:
    """Steps in which most requests had no answer, and nothing says how many may."""
    told = []
    for step in found.steps:
        asked, codes = step.candidate.requests, step.candidate.codes
        if 2 * codes.get("OK", 0) < asked and not any(one.what == "errors" for one in step.findings):
            ends = ", ".join(f"{many:,} {code}" for code, many in codes.items() if code != "OK")
            told.append(f"{step.rate:g} a second: most of {asked:,} requests have no answer ({ends}): {_HOW_MANY}")
    return told


def _kept(found: LoadFound, alone: str) -> str:
    """What the steps keep, of which they were asked."""
    aspects = {one.aspect for step in found.steps for one in step.findings if one.verdict is Verdict.PASSED}
    kept = [words for aspect, words in _KEPT.items() if aspect in aspects]
    steps = "one step keeps" if len(found.steps) == 1 else f"{len(found.steps)} steps keep"
    return f"{steps} {', and '.join(kept)}" + (f"; {alone}, so that nothing was compared" if alone else "")


def _room(step: StepFound) -> list[str]:
    """What is said of the rate that there has to be room for, where nothing speaks against it."""
    told = [one for one in step.findings if one.aspect == ROOM]
    open_ = [one for one in told if one.verdict is Verdict.NOT_APPLICABLE]
    if open_:
        return [f"whether there is room for {step.rate:g} a second is not proven: {open_[0].what}: {open_[0].why}"]
    return [f"there is room for {step.rate:g} a second"] if told else []


def _guilty(step: StepFound, slower: float) -> list[str]:
    """Which operator it is that grew slower, where there is a baseline to know it by."""
    one = slowest(step.operators, slower)
    if one is None or one.slower is None:
        return []
    times = f"{one.slower:.3g} times as long as the baseline's"
    return [f"operator `{one.operator}` (step `{one.step}`) takes {one.seconds * 1000:,.3g} ms a call, {times}"]


def _said(told: Sequence[tuple[float, Finding]], verdict: Verdict) -> list[str]:
    return [
        f"{rate:g} a second, {one.aspect}, {one.what}: {one.why}"
        + (f" (hold for {one.missing:g} s more)" if one.missing else "")
        for rate, one in told
        if one.verdict is verdict
    ]


def _lines(found: LoadFound) -> list[dict[str, object]]:
    """What the history keeps: nothing of what blocks, or of a step in which the generator was at fault."""
    when = datetime.now(UTC).isoformat(timespec="seconds")
    point = found.saturation.each if found.saturation is not None else None
    last = {SATURATION: point} if point is not None else {}
    return [
        {
            "when": when,
            "machine": found.machine,
            "rate": step.rate,
            "figures": figures_of(step) | (last if step is found.steps[-1] else {}),
        }
        for step in found.steps
        if not step.faults and not step.is_blocked
    ]


def _undecided(samples: Set | None, why: str) -> GateResult:
    name, digest = (samples.name, samples.digest) if samples is not None else ("", "")
    return GateResult(GATE, Ruling(Verdict.UNDECIDED, (why,)), name, digest, 0, 0, 0, 0.0)
