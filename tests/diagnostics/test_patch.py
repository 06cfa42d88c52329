"""Patches: git applies them, and what comes out is the new text."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from comb_compiler.diagnostics.patch import unified_diff

line = st.text(st.sampled_from("ab: 世\r\t\u2028"), max_size=3)
text = st.tuples(st.lists(line, max_size=15), st.booleans()).map(lambda drawn: "\n".join(drawn[0]) + "\n" * drawn[1])


def apply(git: Path, directory: Path, name: str, before: str, patch: str) -> str:
    """`before` after the patch."""
    target = directory / name
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(before.encode())
    command = [str(git), "apply", "--whitespace=nowarn", "-"]
    subprocess.run(command, cwd=directory, input=patch.encode(), check=True, capture_output=True)
    return target.read_bytes().decode() if target.exists() else ""


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(before=text, after=text)
def test_git_makes_the_new_text_of_the_old(
    before: str, after: str, tmp_path: Path, requires_tool: Callable[[str], Path]
) -> None:
    patch = unified_diff("comb.yaml", before, after)
    if before == after:
        assert patch == ""
    else:
        assert apply(requires_tool("git"), tmp_path, "comb.yaml", before, patch) == after


@pytest.mark.parametrize("name", ["a b/c d.yaml", 'qu"ote.yaml', "back\\slash.yaml", "tab\tname.yaml", "ü 世.yaml"])
def test_awkward_names_are_written_as_git_reads_them(
    name: str, tmp_path: Path, requires_tool: Callable[[str], Path]
) -> None:
    patch = unified_diff(name, "a\n", "b\n")
    assert apply(requires_tool("git"), tmp_path, name, "a\n", patch) == "b\n"


def test_it_looks_like_a_patch() -> None:
    before = "".join(f"{number}\n" for number in range(1, 10))
    assert unified_diff("comb.yaml", before, before.replace("5\n", "five\n")) == (
        "--- a/comb.yaml\n+++ b/comb.yaml\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n"
    )


def test_one_change_among_many_equal_lines_is_one_change() -> None:
    before = "- a\n" * 5000
    patch = unified_diff("f", before, before[:4000] + "# new\n" + before[4000:])
    assert patch == "--- a/f\n+++ b/f\n@@ -998,6 +998,7 @@\n - a\n - a\n - a\n+# new\n - a\n - a\n - a\n"


def test_an_end_without_a_line_break_is_said() -> None:
    assert unified_diff("f", "a", "b\n") == "--- a/f\n+++ b/f\n@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+b\n"
