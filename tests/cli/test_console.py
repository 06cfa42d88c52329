"""What a terminal is shown, and what a file is given."""

from io import StringIO

import pytest

from comb_compiler.cli.console import Console
from comb_compiler.diagnostics.patch import unified_diff

TABS = unified_diff("a comb.yaml", "a:\n\tb: 1\n", "a:\n  b: 1\n")


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")


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
