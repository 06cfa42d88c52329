"""Names of files may hold what a terminal obeys: whatever a command says, it shows them instead."""

from pathlib import Path

import pytest

from tests.cli.conftest import COMB, PROTO, Comb


@pytest.mark.parametrize(
    "arguments", [("check",), ("graph",), ("plan", "--platform", "p"), ("lock",), ("fmt", "--check")]
)
def test_escape_sequences_in_names_are_shown(comb: Comb, checkout: Path, arguments: tuple[str, ...]) -> None:
    directory = checkout / "a\x1b[31mred"
    directory.mkdir()
    (directory / "comb.yaml").write_text(COMB.replace("name: greeting,", "name:   other,"), encoding="utf-8")
    (directory / "greeting.proto").write_text(PROTO.replace("syntax", "\x1b syntax"), encoding="utf-8")
    ran = comb(arguments[0], ".", *arguments[1:])
    assert ran.code != 70
    assert "\x1b" not in ran.out + ran.err
    assert "a\u241b[31mred" in ran.out + ran.err
