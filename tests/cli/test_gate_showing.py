"""What a terminal shows of gates."""

import io

from comb_compiler.cli.console import Console
from comb_compiler.cli.gate.showing import shown
from comb_compiler.cli.gate.showing_load import load_lines
from comb_compiler.gates import GateReport, GateResult, Ruling, Verdict
from comb_compiler.gates.load.results import LoadFound
from comb_compiler.gates.regular import FieldFinding
from comb_compiler.gates.wording import told_once
from tests.gates.load.test_load_reports import step

WHY = "baseline and candidate are the same, so that nothing is compared: name what was there before with --baseline"


class Terminal(io.StringIO):
    """A terminal as far as a console asks: of no known width, which is then 100."""

    def isatty(self) -> bool:
        """It is one."""
        return True


def report(*fields: FieldFinding, seconds: float = 0.3) -> GateReport:
    ruling = Ruling(Verdict.UNDECIDED, (WHY, "`a` " + "b" * 200))
    gate = GateResult("replay regular", ruling, "recorded", "0" * 64, 400, 400, 0, seconds, fields)
    return GateReport(
        "greeting", "a" * 64, {}, "local", "local", "", "`main`", (gate,), (), "2026-11-27T20:52:00+00:00"
    )


def test_lines_are_broken_between_words_for_a_terminal_alone() -> None:
    console = Console(out=Terminal())
    lines = shown(report(), console).split("\n")
    assert all(len(line) <= console.width for line in lines if "b" * 200 not in line)
    assert "    --baseline" in lines
    assert f"  {WHY}" in shown(report(), Console(out=io.StringIO())).split("\n")


def test_a_field_in_which_no_break_could_be_seen_is_told_as_one() -> None:
    always = FieldFinding("score", 400, 398, 400, 1.0, 0.001, is_broken=False)
    seldom = FieldFinding("score", 4, 3, 400, 1.0, 0.001, is_broken=False)
    console = Console(out=io.StringIO())
    assert "no break in it could have been seen: say in gates.compare how it is to be" in shown(report(always), console)
    assert "% would have been seen" in shown(report(seldom), console)


def test_times_are_told_as_people_read_them() -> None:
    console = Console(out=io.StringIO())
    assert "400 asked in 0.3 s" in shown(report(), console)
    assert "400 asked in 24 s" in shown(report(seconds=24.1), console)
    assert "those of a run of 2026-11-27 20:52:00Z of" in shown(report()._replace(gates=()), console)


def test_a_load_is_a_table_of_80_columns() -> None:
    lines = list(load_lines(LoadFound("a machine", (step(10.0), step(20.0, held=True)), {})))
    assert lines[0].split()[:2] == ["rate", "asked"]
    assert all(len(line) <= 80 for line in lines if "/s" in line or "turns" in line)


def test_what_differs_in_its_figures_alone_is_told_once() -> None:
    assert told_once(["it was late: 33 ms", "nothing was sent", "it was late: 51 ms"]) == [
        "it was late: 33 ms; the same 2 times",
        "nothing was sent",
    ]
