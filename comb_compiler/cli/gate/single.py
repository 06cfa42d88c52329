"""`comb gate --sample`: what is asked, of whom, and what is shown and reported of it."""

import argparse
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

from comb_compiler.cli.console import Console
from comb_compiler.cli.exits import Exit, UsageError
from comb_compiler.cli.gate.baseline import open_baseline
from comb_compiler.cli.gate.exam import RECORDED, Exam, exam_of
from comb_compiler.cli.gate.incidents import Reproduced, comb_of
from comb_compiler.cli.gate.replaying import Looked, Side, compared, replayed, samples_of, sides_of, summed
from comb_compiler.cli.gate.session import source_of
from comb_compiler.cli.gate.subjects import subjects_of
from comb_compiler.cli.gate.targets import Answers, promise_of
from comb_compiler.cli.gate.tracing import Asked
from comb_compiler.cli.gate.writing import written
from comb_compiler.cli.opening import Clean
from comb_compiler.cli.tables import code_name, moment
from comb_compiler.diagnostics.render.printable import printable
from comb_compiler.gates import Answered, GateReport, GateResult

if TYPE_CHECKING:
    from comb_compiler.samples.record_pb2 import Record

__all__ = ["run_samples"]


def run_samples(candidate: Clean, subjects: Mapping[str, str], arguments: argparse.Namespace, console: Console) -> int:
    """Ask the samples that `--sample` names, show what came of them, and report it."""
    if arguments.target != "local":
        raise UsageError("--sample asks processes of this machine, which say what each step gives: leave out --target")
    began = monotonic()
    named: Mapping[str, str]
    subject = subjects[f"{candidate.plan.comb}/{arguments.arm}" if arguments.arm else candidate.plan.comb]
    if arguments.as_recorded:
        looked, of = _as_recorded(candidate, arguments, console)
        named, subject = {"name": "recorded", "subject": of}, of or subject
    else:
        looked, named = _beside_baseline(candidate, arguments, console)
    console.result("\n\n".join("\n".join(one.lines) for one in looked))
    result = summed(looked, round(monotonic() - began, 3), "as recorded" if arguments.as_recorded else "named samples")
    if arguments.report is not None:
        report = _report(candidate.plan.comb, subject, named, result)
        console.note(written(report, Path(arguments.report), {one.case.name: one.case for one in looked}))
    return Exit.CLEAN if result.ruling.verdict.lets_through else Exit.GATE_BLOCKS


def _report(comb: str, subject: str, named: Mapping[str, str], result: GateResult) -> GateReport:
    isolation, promise = promise_of("local")
    return GateReport(comb, subject, named, "local", isolation, promise, "--sample; it proves nothing", (result,))


@contextmanager
def _exam(
    candidate: Clean, named: str | None, console: Console, store: str | None = None
) -> Iterator[tuple[Exam, Clean | None, str]]:
    with open_baseline(None if named == RECORDED else named, candidate, console) as baseline:
        before, name = (None, "") if baseline is None else (baseline.comb, baseline.name)
        exam = exam_of(candidate, before, name, store=store)
        if exam.unfit:
            raise UsageError(exam.unfit)
        with exam.comparators:
            yield exam, before, name


def _beside_baseline(
    candidate: Clean, arguments: argparse.Namespace, console: Console
) -> tuple[Sequence[Looked], Mapping[str, str]]:
    names = list(dict.fromkeys(arguments.sample))
    with _exam(candidate, arguments.baseline, console, arguments.store) as (exam, before, name):
        samples = samples_of(names, exam.sets, arguments.store, candidate.plan.comb)
        rules = exam.rules(Answers((before or candidate).plan).kind.DESCRIPTOR)
        named = {} if before is None else {"name": name, "subject": subjects_of(before)[before.plan.comb]}
        return replayed(samples, candidate, before, rules, arguments, console), named


# --- as recorded ---


def _as_recorded(candidate: Clean, arguments: argparse.Namespace, console: Console) -> tuple[Sequence[Looked], str]:
    """What comes of each record now, and the subject of the last."""
    from comb_compiler.cli.samples.stores import opened_at

    names = list(dict.fromkeys(arguments.sample))
    with opened_at(arguments.store) as store:
        records = store.get(names)
    for name in names:
        if name not in records:
            raise UsageError(f"--sample {name}: {arguments.store} has no such record; `comb samples list` shows them")
    found = [_once_more(records[name], candidate, arguments, console) for name in names]
    return found, records[names[-1]].subject


def _once_more(record: "Record", checkout: Clean, arguments: argparse.Namespace, console: Console) -> Looked:
    with comb_of(record, checkout, arguments.baseline, console) as reproduced:
        comb = reproduced.comb
        answers = Answers(comb.plan)
        (sample,) = samples_of([record.id], {}, arguments.store, record.comb)
        sample = sample._replace(place=_facts(record))
        source = source_of(comb, record.arm, is_patient=arguments.patient)
        (again,) = sides_of("again", source, [sample], answers, console)
        with _exam(comb, "none", console) as (exam, _, _):
            rules = exam.rules(answers.kind.DESCRIPTOR)
            before = Side("recorded", Asked(_recorded_answer(record, answers), record))
            looked = compared(sample, before, again, comb, rules, console)
    head, *rest = looked.lines
    return looked._replace(lines=(head, *(f"  {line}" for line in _conditions(record, reproduced)), *rest))


def _recorded_answer(record: "Record", answers: Answers) -> Answered:
    from comb_compiler.runtime.messages import read_message

    seconds = record.duration / 1e9
    if record.code:
        return Answered(None, code_name(record.code), record.error, seconds)
    message = read_message(answers.kind, record.answer.message)
    if message is None:
        return Answered(None, "DATA_LOSS", "what is recorded cannot be read as an answer", seconds)
    return Answered(message, "OK", "", seconds)


def _facts(record: "Record") -> str:
    facts = [moment(record.time / 1e9)]
    facts += [f"arm {record.arm}"] if record.arm else []
    facts += [f"environment {record.environment}"] if record.environment else []
    facts += [f"release {record.release[:12]}"] if record.release else []
    return ", ".join(facts)


def _conditions(record: "Record", reproduced: Reproduced) -> Iterator[str]:
    """In what the run is like what was online, and in what it is not."""
    if reproduced.is_same:
        yield printable(f"answered by subject {record.subject[:12]}, which is {reproduced.where}")
    else:
        yield printable(
            f"answered by subject {record.subject[:12] or '(not recorded)'}; {reproduced.where} is another one"
        )
    environments = reproduced.comb.compiled.checked.comb.environments if reproduced.comb.compiled.checked.comb else {}
    if record.environment and record.environment not in environments:
        yield printable(f"the environment {record.environment} is not known there: it is as written")
    if record.redacted:
        yield printable(f"asked without what was never kept: {', '.join(record.redacted)}")
    for one in record.captures:
        if not one.missing and not Path(one.path).exists():
            yield printable(f"the file that `{one.field}` names is not here: {one.path}")
