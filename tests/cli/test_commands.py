"""fix, fmt, lock, explain, schema and demo from the command line."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from comb_compiler.cli.commands import COMMANDS
from comb_compiler.diagnostics import CODES
from tests.cli.conftest import COMB, Comb

WRONG = COMB.replace("timeout", "tiemout").replace("team: welcome", 'description: "x", labels: {a: 010}')


def test_fix_applies_what_is_safe_and_reports_the_rest(comb: Comb, checkout: Path) -> None:
    (checkout / "comb.yaml").write_text(WRONG, encoding="utf-8")
    ran = comb("fix", ".")
    assert ran.code == 1
    assert 'labels: {a: "010"}' in (checkout / "comb.yaml").read_text(encoding="utf-8")
    assert "COMB2001" in ran.out + ran.err


def test_fix_unsafe_clears_the_finding(comb: Comb, checkout: Path) -> None:
    (checkout / "comb.yaml").write_text(WRONG, encoding="utf-8")
    assert comb("fix", ".", "--unsafe").code == 0
    assert comb("check", ".").code == 0


def test_fix_diff_writes_nothing_and_is_a_patch(comb: Comb, checkout: Path) -> None:
    (checkout / "comb.yaml").write_text(WRONG, encoding="utf-8")
    ran = comb("fix", ".", "--unsafe", "--diff")
    assert (checkout / "comb.yaml").read_text(encoding="utf-8") == WRONG
    subprocess.run(["git", "apply", "--unsafe-paths", "-"], input=ran.out.encode(), cwd=checkout, check=True)
    assert comb("check", ".").code == 0


def test_fix_keeps_line_ends_byte_order_mark_and_mode(comb: Comb, checkout: Path) -> None:
    path = checkout / "comb.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + WRONG.replace("\n", "\r\n").encode())
    path.chmod(0o640)
    comb("fix", ".", "--unsafe")
    content = path.read_bytes()
    assert content.startswith(b"\xef\xbb\xbf")
    assert content.count(b"\r\n") == content.count(b"\n")
    assert path.stat().st_mode & 0o777 == 0o640


def test_fmt_checks_then_writes_then_is_content(comb: Comb, checkout: Path) -> None:
    ugly = COMB.replace(
        "metadata: {name: greeting, team: welcome}", "metadata:   {name:   greeting ,team: welcome}  # x"
    )
    (checkout / "comb.yaml").write_text(ugly, encoding="utf-8")
    assert comb("fmt", ".", "--check").code == 1
    assert (checkout / "comb.yaml").read_text(encoding="utf-8") == ugly
    assert comb("fmt", ".").code == 0
    assert "# x" in (checkout / "comb.yaml").read_text(encoding="utf-8")
    assert comb("fmt", ".", "--check").code == 0
    assert comb("check", ".").code == 0


def test_fmt_leaves_what_is_not_yaml_and_says_so(comb: Comb, checkout: Path) -> None:
    (checkout / "comb.yaml").write_text("a: [", encoding="utf-8")
    ran = comb("fmt", ".")
    assert ran.code == 1
    assert "COMB1003" in ran.out + ran.err
    assert (checkout / "comb.yaml").read_text(encoding="utf-8") == "a: ["


@pytest.mark.parametrize("text", ['syntax = "proto3";\npackage a.v1;\n', "pydantic>=2\nPyYAML\n", "- a\n-   b\n"])
def test_fmt_leaves_what_is_yaml_by_chance(comb: Comb, checkout: Path, text: str) -> None:
    (checkout / "other.txt").write_text(text, encoding="utf-8")
    ran = comb("fmt", "other.txt")
    assert ran.code == 1
    assert "COMB2020" in ran.out + ran.err
    assert (checkout / "other.txt").read_text(encoding="utf-8") == text


def test_fmt_gives_no_advice_where_it_has_none(comb: Comb, checkout: Path) -> None:
    (checkout / "comb.yaml").unlink()
    os.mkfifo(checkout / "comb.yaml")
    ran = comb("fmt", "comb.yaml")
    assert ran.code == 1
    assert "COMB0003" in ran.err
    assert not re.search(r"= help:\s*$", ran.err, re.MULTILINE)


@pytest.mark.parametrize("patience", ["-1", "0", "nan", "inf", "soon"])
def test_lock_waits_for_a_time_that_is_one(comb: Comb, checkout: Path, patience: str) -> None:
    ran = comb("lock", ".", f"--patience={patience}")
    assert ran.code == 2
    assert "--patience: a number of seconds above 0 is wanted" in ran.err
    assert not (checkout / "comb.lock").exists()


def test_lock_says_that_it_pins_the_interface(comb: Comb, checkout: Path) -> None:
    assert "comb.lock: the interface pinned" in comb("lock", ".").err
    assert "comb.lock: the interface as pinned" in comb("lock", ".", "--check").err


def test_lock_pins_and_check_notices_other_bytes(comb: Comb, checkout: Path) -> None:
    text = COMB + 'models: {m: {versions: {"1": {artifact: model.bin}}}}\n'
    (checkout / "comb.yaml").write_text(text, encoding="utf-8")
    (checkout / "model.bin").write_bytes(b"one")
    assert comb("check", ".").code == 1
    assert comb("lock", ".", "--check").code == 1
    assert comb("lock", ".").code == 0
    assert (comb("check", ".").code, comb("lock", ".", "--check").code) == (0, 0)
    (checkout / "model.bin").write_bytes(b"two")
    ran = comb("lock", ".", "--check")
    assert (ran.code, "COMB2035" in ran.out) == (1, True)


def test_lock_says_that_a_server_is_gone_and_writes_nothing(comb: Comb, checkout: Path) -> None:
    text = COMB + 'models: {m: {versions: {"1": {artifact: "http://127.0.0.1:9/model.bin"}}}}\n'
    (checkout / "comb.yaml").write_text(text, encoding="utf-8")
    ran = comb("lock", ".")
    assert ran.code == 4
    assert not (checkout / "comb.lock").exists()


def test_a_lock_whose_server_is_gone_is_not_said_to_be_wrong(comb: Comb, checkout: Path) -> None:
    text = COMB + 'models: {m: {versions: {"1": {artifact: "./model.bin"}}}}\n'
    (checkout / "comb.yaml").write_text(text, encoding="utf-8")
    (checkout / "model.bin").write_bytes(b"one")
    assert comb("lock", ".").code == 0
    for file in (checkout / "comb.yaml", checkout / "comb.lock"):
        moved = file.read_text(encoding="utf-8").replace("./model.bin", "http://127.0.0.1:9/model.bin")
        file.write_text(moved, encoding="utf-8")
    ran = comb("lock", ".", "--check")
    assert (ran.code, "comb.lock: not checked" in ran.err) == (4, True)


@pytest.mark.parametrize("code", CODES, ids=[code.id for code in CODES])
def test_explain_knows_every_code_by_number_and_by_name(code: object, capsys: pytest.CaptureFixture[str]) -> None:
    from comb_compiler.cli import main

    assert main(["explain", getattr(code, "id")]) == 0  # noqa: B009
    by_number = capsys.readouterr().out
    assert main(["explain", getattr(code, "name")]) == 0  # noqa: B009
    assert by_number == capsys.readouterr().out
    assert by_number.startswith("# COMB")


@pytest.mark.parametrize(
    "written", ["1004", "comb1004", "COMB-1004", "error[COMB1004]", "Duplicate_Key", "duplicate key"]
)
def test_explain_takes_a_code_as_people_write_it(comb: Comb, written: str) -> None:
    assert comb("explain", written).out.startswith("# COMB1004: duplicate-key\n")


def test_explain_takes_several(comb: Comb) -> None:
    pages = comb("explain", "1004", "bad-size", "COMB1004").out
    assert [line for line in pages.splitlines() if line.startswith("# COMB")] == [
        "# COMB1004: duplicate-key",
        "# COMB2010: bad-size",
    ]
    ran = comb("explain", "1004", "nothing-like-it", "1999")
    assert (ran.code, ran.out) == (2, "")
    assert "nothing-like-it" in ran.err
    assert "1999" in ran.err


def test_explain_suggests(comb: Comb) -> None:
    ran = comb("explain", "duplicate-kye")
    assert (ran.code, "did you mean `duplicate-key`?" in ran.err) == (2, True)


@pytest.mark.parametrize("name", ["comb", "platform", "diagnostics", "lock"])
def test_schema_prints_json(comb: Comb, name: str) -> None:
    assert "$schema" in json.loads(comb("schema", name).out)


def test_help_is_as_wide_as_the_terminal_but_for_examples(comb: Comb, monkeypatch: pytest.MonkeyPatch) -> None:
    assert [line for line in comb("--help").out.split("\n") if len(line) > 80] == []
    monkeypatch.setenv("COLUMNS", "60")
    before, _, rest = comb("publish", "--help").out.partition("\nexample:\n")
    assert [line for line in (before + rest.partition("\n\n")[2]).split("\n") if len(line) > 60] == []
    assert "\n  comb publish combs/ocr --platform" in f"\n{rest}"


@pytest.mark.parametrize("command", [command.name for command in COMMANDS])
def test_every_command_helps_with_an_example(comb: Comb, command: str) -> None:
    ran = comb(command, "--help")
    assert ran.code == 0
    assert f"comb {command}" in ran.out.partition("example:")[2]


def test_a_command_is_listed_as_what_it_does_beside_those_that_begin_with_its_name(comb: Comb) -> None:
    summaries = {one.name: one.summary for one in COMMANDS if " " not in one.name}
    listed = dict(line.strip().split("  ", 1) for line in comb("--help").out.split("\n") if line.startswith("  "))
    assert {name: listed[name].strip() for name in summaries} == summaries


def test_the_demo_walks_the_road_into_a_repository(comb: Comb, tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    target = tmp_path / "environment.git"
    command = [sys.executable, "-m", "comb_compiler", "demo", "--into", str(target)]
    first = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=3600, check=False)
    assert first.returncode == 0, first.stderr
    told = ("passed    replay error: 5 of", "passed    replay optimised: 11 of", "blocked   availability: 13 of")
    for said in (*told, "the next thing to try is"):
        assert said in first.stdout
    listing = subprocess.run(
        ["git", "-C", str(target), "ls-tree", "-r", "--name-only", "main"], capture_output=True, text=True, check=True
    )
    written = listing.stdout.splitlines()
    directories = {name.rpartition("/")[0] for name in written}
    below = ("moderation/frame-moderation", "_flux", "_platform")
    assert directories == {f"clusters/{one}/{folder}" for one in ("east", "west") for folder in below}
    assert {name.rpartition("/")[2] for name in written} >= {"deployment-frame-moderation.yaml", "release.json"}
    again = tmp_path / "again"
    shutil.copytree(root / "examples/frame-moderation", again, ignore=shutil.ignore_patterns("samples"))
    second = comb("demo", str(again / "comb.yaml"), "--into", str(target), cwd=root)
    assert "so no commit" in second.out, "without a picture to show it leaves out what runs"
