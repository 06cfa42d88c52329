"""`comb gate --sample`: single samples once more, by baseline and candidate, or as they were answered when recorded."""

import argparse
import asyncio
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple

from comb_compiler.cli.console import Console
from comb_compiler.cli.exits import UsageError
from comb_compiler.cli.gate.journal import Absent
from comb_compiler.cli.gate.nodes import first_apart, node_table
from comb_compiler.cli.gate.session import source_of
from comb_compiler.cli.gate.showing import sample_lines
from comb_compiler.cli.gate.targets import Answers
from comb_compiler.cli.gate.tracing import Asked, asked_for_all
from comb_compiler.cli.opening import Clean
from comb_compiler.cli.tables import milliseconds
from comb_compiler.diagnostics.render.printable import printable
from comb_compiler.gates import (
    Answered,
    Case,
    GateResult,
    Gone,
    Ruling,
    SampleFinding,
    Set,
    Setting,
    Unreadable,
    Verdict,
    looked_at,
)
from comb_compiler.gates.reports.pictures import pictures_of
from comb_compiler.gates.results import Kind
from comb_compiler.gates.rules import Rules
from comb_compiler.gates.wording import listed
from comb_compiler.runtime.messages import open_messages
from comb_compiler.spec.suggest import did_you_mean

if TYPE_CHECKING:
    from comb_compiler.runtime.service import Source
    from comb_compiler.samples.record_pb2 import Record

__all__ = ["Looked", "Sample", "Side", "compared", "replayed", "samples_of", "sides_of", "summed"]


class Sample(NamedTuple):
    """A sample that is named, and the set or store that it is in."""

    case: Case
    place: str


class Side(NamedTuple):
    """One of the two that answer: what it is called, and what came of a sample; or why nothing did."""

    name: str
    asked: Asked | None
    why_not: str = ""

    @property
    def answered(self) -> Answered | None:
        return None if self.asked is None else self.asked.answered

    @property
    def record(self) -> "Record | None":
        return None if self.asked is None else self.asked.record


class Looked(NamedTuple):
    """What there is to see of a sample: lines for a terminal; and what is found of it, if anything is."""

    case: Case
    lines: tuple[str, ...]
    finding: SampleFinding | None
    is_answered: bool


def samples_of(names: Sequence[str], sets: Mapping[str, Set], store: str, comb: str) -> list[Sample]:
    """The samples of these names: of each set that has one, else a recorded request. Raises UsageError."""
    known: dict[str, list[Sample]] = {}
    for one in sets.values():
        for case in one.cases:
            known.setdefault(case.name, []).append(Sample(case, one.name))
    recorded = _recorded([name for name in names if name not in known], store)
    for name in names:
        if name not in known and name not in recorded:
            (hint,) = did_you_mean(name, list(known), "sample")
            raise UsageError(f"--sample {name}: neither `gates` of {comb} nor {store} has such a sample; {hint}")
    return [sample for name in names for sample in known.get(name) or [recorded[name]]]


def _recorded(ids: Sequence[str], store: str) -> dict[str, Sample]:
    from comb_compiler.cli.gate.cases import case_of
    from comb_compiler.cli.samples.decoding import Decoder
    from comb_compiler.cli.samples.stores import opened_at

    if not ids:
        return {}
    try:
        with opened_at(store) as found:
            decoder = Decoder(found)
            cases = {id: case_of(record, decoder) for id, record in found.get(ids).items()}
    except UsageError:  # there is no store, and it may be a misspelt sample of a set
        return {}
    for id, case in cases.items():
        if case is None:
            raise UsageError(f"--sample {id}: its request cannot be read here, and so not be asked again")
    return {id: Sample(case, store) for id, case in cases.items() if case is not None}


def replayed(
    samples: Sequence[Sample],
    candidate: Clean,
    baseline: Clean | None,
    rules: Rules,
    arguments: argparse.Namespace,
    console: Console,
) -> list[Looked]:
    """Ask baseline and candidate each of the samples."""
    answers = Answers((baseline or candidate).plan)
    before = None
    if baseline is not None:
        source = source_of(baseline, "", is_patient=arguments.patient)
        before = sides_of("baseline", source, samples, answers, console)
    source = source_of(candidate, arguments.arm, is_patient=arguments.patient)
    after = sides_of("candidate", source, samples, answers, console)
    befores: Sequence[Side | None] = before if before is not None else [None for _ in samples]
    pairs = zip(samples, befores, after, strict=True)
    return [compared(sample, one, other, candidate, rules, console) for sample, one, other in pairs]


def sides_of(name: str, source: "Source", samples: Sequence[Sample], answers: Answers, console: Console) -> list[Side]:
    """What a comb makes of each sample, in a process of its own.

    A sample that ends its process is asked alone, so that the others are answered.
    """
    try:
        return [Side(name, one) for one in _asked(name, source, [one.case for one in samples], answers, console)]
    except (Gone, Unreadable) as problem:
        if len(samples) == 1:
            return [Side(name, None, str(problem))]
    return [side for sample in samples for side in sides_of(name, source, [sample], answers, console)]


def _asked(name: str, source: "Source", cases: Sequence[Case], answers: Answers, console: Console) -> list[Asked]:
    """Raises Gone and Unreadable."""
    console.progress(f"asking the {name} …")
    with TemporaryDirectory(prefix="comb-gate-") as directory:
        requests = [one.request for one in cases]
        found = asyncio.run(asked_for_all(name, source, requests, answers, Path(directory)))
    console.progress("")
    return found


def compared(sample: Sample, before: Side | None, after: Side, clean: Clean, rules: Rules, console: Console) -> Looked:
    """What is to be said of a sample that two answered; `clean` is the comb whose types are the newest."""
    finding = None
    if after.answered is not None:
        setting = Setting(Absent(after.name), None, rules, newer=Answers(clean.plan).kind)
        finding = looked_at(sample.case, before.answered if before is not None else None, after.answered, setting)
    nodes: tuple[str, ...] = ()
    if before is not None and before.record is not None and after.record is not None:
        messages = open_messages(clean.plan.descriptors)
        nodes = tuple(node_table((before.name, after.name), before.record, after.record, messages).split("\n"))
        if finding is not None:
            finding = finding._replace(node=first_apart(before.record, after.record))
    lines = (*_lines(sample, before, after, finding, console), *(f"  {line}" for line in nodes))
    return Looked(sample.case, lines, finding, after.asked is not None)


def _lines(
    sample: Sample, before: Side | None, after: Side, finding: SampleFinding | None, console: Console
) -> Iterator[str]:
    yield printable(f"{sample.case.name}  {sample.place}")
    if sample.case.about:
        yield printable(f"  {sample.case.about}")
    for side in (before, after):
        if side is not None:
            yield f"  {side.name:<10} {_came(side)}"
    if finding is not None:
        yield from sample_lines(finding, console)
    elif after.asked is not None:
        yield f"  {_good(sample.case, before)}"
    for picture in pictures_of(sample.case.request):
        yield f"  `{printable(picture.field)}` is a picture: --report DIR shows it"


def _good(case: Case, before: Side | None) -> str:
    if case.expected is not None or case.error is not None:
        return "it is right"
    return "nothing is expected of it" if before is None or before.asked is None else "the answers are the same"


def _came(side: Side) -> str:
    if side.answered is None:
        return printable(side.why_not)
    code, message = side.answered.code, side.answered.message
    return printable(f"{code} in {milliseconds(side.answered.seconds)}{f': {message}' if message else ''}")


def summed(looked: Sequence[Looked], seconds: float, gate: str) -> GateResult:
    """A result for reports. It proves nothing of what these samples stand for."""
    wrong = [one.case.name for one in looked if one.finding is not None and one.finding.kind != Kind.FIXED]
    silent = [one.case.name for one in looked if not one.is_answered]
    ruling = Ruling(Verdict.PASSED, (f"{listed([one.case.name for one in looked])}: as it should be",))
    if wrong or silent:
        why = [f"not as it should be: {listed(wrong)}"] if wrong else []
        why += [f"without an answer: {listed(silent)}"] if silent else []
        ruling = Ruling(Verdict.BLOCKED, tuple(why))
    findings = tuple(one.finding for one in looked if one.finding is not None)
    failed = len(silent)
    return GateResult(
        gate, ruling, "named samples", "", len(looked), len(looked) - failed, failed, seconds, (), findings
    )
