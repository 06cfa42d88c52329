"""What a terminal is shown, and what a file is given."""

from collections.abc import Callable
from io import StringIO

import pytest

from comb_compiler.cli.console import Console
from comb_compiler.diagnostics.patch import unified_diff
from tests.support.terminal import shown_on, terminal_of

TABS = unified_diff("a comb.yaml", "a:\n\tb: 1\n", "a:\n  b: 1\n")


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


def shown(patch: str) -> list[str]:
    out = Terminal()
    Console(out).patch(patch)
    return out.getvalue().splitlines()


def test_a_patch_of_tabs_can_be_seen_on_a_terminal() -> None:
    assert [line for line in shown(TABS) if "b: 1" in line] == ["-→   b: 1", "+  b: 1"]
    assert "tabs are shown as →" in shown(TABS)[0]


def test_the_tab_behind_a_name_with_blanks_is_none_of_the_text() -> None:
    assert "--- a/a comb.yaml\t" in TABS
    without = unified_diff("a comb.yaml", "a: 1\n", "a: 2\n")
    assert not [line for line in shown(without) if "→" in line]


def test_a_patch_in_a_file_is_exact() -> None:
    out = StringIO()
    Console(out).patch(TABS)
    assert out.getvalue() == TABS


@pytest.mark.parametrize("say", [Console.note, Console.result])
def test_what_is_said_after_progress_has_its_own_line(say: Callable[[Console, str], None]) -> None:
    terminal = Terminal()
    console = Console(terminal, terminal)
    console.progress("3 of 70")
    say(console, "interrupted")
    assert terminal.getvalue() == "\r\x1b[K3 of 70\r\x1b[Kinterrupted\n"


def test_a_terminal_that_can_replace_nothing_is_shown_no_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    terminal = Terminal()
    Console(terminal, terminal).progress("3 of 70")
    assert terminal.getvalue() == ""


def test_progress_takes_one_line_however_narrow_the_terminal_and_shows_its_end() -> None:
    controller, terminal = terminal_of(40)
    with open(terminal, "w", encoding="utf-8") as stream:
        console = Console(stream, stream)
        console.progress(f"https://models.example/{'a' * 60}: 3 of 70 MB")
        console.progress("3 of 70")
    _, long, short = shown_on(controller).split("\r\x1b[K")
    assert (len(long) < 40, long[:8], long[-12:], short) == (True, "https://", ": 3 of 70 MB", "3 of 70")


def test_a_line_that_is_too_long_for_a_terminal_goes_on_below_it() -> None:
    controller, terminal = terminal_of(60)
    with open(terminal, "w", encoding="utf-8") as stream:
        Console(stream, stream).line(f"  {'pod ' * 14}sick--nvidia-t4")
        Console(stream, stream).line(f"{'pod ' * 15}", indent=7)
    seen = shown_on(controller).split("\n")
    assert seen == ["  " + " ".join(["pod"] * 14), "    sick--nvidia-t4", " ".join(["pod"] * 15), ""]
    out = StringIO()
    Console(out).line("pod " * 40)
    assert out.getvalue() == f"{'pod ' * 40}\n"
