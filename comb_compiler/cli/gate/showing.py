"""A report → what a terminal shows of it."""

import re
from collections.abc import Iterator
from typing import Any

from comb_compiler.cli.console import Console
from comb_compiler.cli.gate.showing_guide import guide_lines
from comb_compiler.cli.gate.showing_load import load_lines
from comb_compiler.cli.wrapping import filled
from comb_compiler.diagnostics.render.printable import show
from comb_compiler.gates import GateReport, GateResult, Place, SampleFinding, Verdict
from comb_compiler.gates.results import Kind
from comb_compiler.gates.wording import MEANING, hidden, moment, short, took

__all__ = ["sample_lines", "short_value", "shown"]

_MOST_SHOWN = 8
_MOST_PLACES = 4
_LONGEST = 60
_ESCAPES = re.compile("\x1b\\[[0-9;]*m")
_COLOURS = {Verdict.PASSED: "32", Verdict.BLOCKED: "31", Verdict.UNDECIDED: "33", Verdict.NOT_APPLICABLE: "2"}


def shown(report: GateReport, console: Console, *, is_written: bool = False) -> str:
    """The verdict of each gate with its reasons, and the samples that tell most.

    What is left out is in the report, which `is_written` or can be asked for.
    """
    where = "in the report" if is_written else "in the report (--report DIR)"
    return "\n".join(_fitted(line, console) for line in _lines(report, console, where))


def _fitted(line: str, console: Console) -> str:
    """On a terminal, a line that is too long for it as several, none of which breaks a word."""
    indent = " " * (len(line) - len(line.lstrip()) + 2)
    width = console.width + sum(map(len, _ESCAPES.findall(line)))
    if not console.is_terminal or len(line) <= width:
        return line
    return "\n".join(filled(line, width, others=indent))


def _lines(report: GateReport, console: Console, where: str) -> Iterator[str]:
    named = report.baseline.get("name")
    yield f"{report.comb} {report.subject[:12]} against " + (
        f"{_line(named)} {report.baseline['subject'][:12]}" if named else "nothing: it is new"
    )
    yield f"asked by {report.exam}"
    if report.earlier:
        is_all = all(gate.kept == gate.asked for gate in report.gates)
        what = "all answers are those of" if is_all else "goes on with"
        yield f"{what} a run of {moment(report.earlier)} of the same, with the same exam (--fresh asks again)"
    for gate in report.gates:
        yield ""
        yield from _gate(gate, console, where)
    for weaker in report.weakened:
        yield f"{_painted('weakened', '31', console)}   {_line(weaker.place)}: {_line(weaker.said)}"
        yield f"           {_painted(_line(weaker.passes), '31', console)}; what the baseline asks was asked"
    yield ""
    yield f"{_painted(report.verdict.value, _COLOURS[report.verdict], console)}: {MEANING[report.verdict]}"


def _gate(gate: GateResult, console: Console, where: str) -> Iterator[str]:
    verdict = gate.ruling.verdict
    asked = f"  {_line(gate.samples)}: {gate.asked:,} asked in {took(gate.seconds)}" if gate.asked else ""
    asked += f", {gate.kept:,} of them then" if gate.kept else ""
    yield f"{_painted(f'{verdict.value:<10}', _COLOURS[verdict], console)} {gate.gate}{asked}"
    for why in gate.ruling.why:
        yield from (f"  {_line(line)}" for line in why.split("\n"))
    if gate.ruling.missing:
        yield f"  {gate.ruling.missing:,} samples more would decide it, if they are like these"
    for field in gate.fields:
        if field.is_noisy and not field.is_broken:
            yield (
                f"  `{field.field}` is noisy: the baseline differs from itself in {field.noise:,}, the candidate in "
                f"{field.changed:,} of {field.of:,}; {hidden(field.smallest)}"
            )
    if gate.load is not None:
        yield from load_lines(gate.load)
        if gate.load.guide is not None:
            yield from (_line(line) for line in guide_lines(gate.load.guide, where))
    for one in gate.findings[:_MOST_SHOWN]:
        yield from sample_lines(one, console)
    if len(gate.findings) > _MOST_SHOWN:
        yield f"  … and {len(gate.findings) - _MOST_SHOWN:,} more {where}"


def sample_lines(one: SampleFinding, console: Console) -> Iterator[str]:
    """What a sample was found to be, and where it differs."""
    colour = {"fixed": "32", "changed": "33"}.get(one.kind, "31")
    where = f", from `{one.node}` on" if one.node else ""
    yield f"  {_painted(f'{one.kind:<7}', colour, console)} {_line(one.name)}{where}"
    for place in one.places[:_MOST_PLACES]:
        yield f"          {_line(place.place)}: {_turned(one, place)}"
    if len(one.places) > _MOST_PLACES:
        yield f"          … and {len(one.places) - _MOST_PLACES} places more"
    if one.message:
        yield f"          {short_value(one.message)}"


def _turned(one: SampleFinding, place: Place) -> str:
    """What an answer became at a place: from what is right to what is not, or the other way where it is fixed."""
    first, last = (place.after, place.before) if one.kind == Kind.FIXED else (place.before, place.after)
    return f"{short_value(first)} → {short_value(last)}"


def short_value(value: Any) -> str:
    """A value of Protobuf's JSON form in a line."""
    return _line(short(value, _LONGEST))


def _line(text: str) -> str:
    """What a terminal may be given, in one line: samples, answers and what a process says may hold what it obeys."""
    return show(text).text


def _painted(text: str, colour: str, console: Console) -> str:
    return f"\x1b[{colour}m{text}\x1b[0m" if console.colour else text
