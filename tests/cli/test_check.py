"""`comb check` as people and programs meet it: exit codes, bad input, formats."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import COMB, Comb


def test_a_right_comb_is_clean(comb: Comb) -> None:
    ran = comb("check", ".")
    assert (ran.code, ran.out) == (0, "")
    assert "1 file checked, nothing to say" in ran.err


def test_a_mistake_is_shown_where_it_stands_and_fails(comb: Comb, checkout: Path) -> None:
    (checkout / "comb.yaml").write_text(COMB.replace("timeout", "tiemout"), encoding="utf-8")
    ran = comb("check", ".")
    assert ran.code == 1
    assert "--> comb.yaml:6:92" in ran.out
    assert "did you mean `timeout`?" in ran.out


def test_paths_are_shown_from_where_one_stands(comb: Comb, checkout: Path) -> None:
    inner = checkout / "combs" / "a"
    inner.mkdir(parents=True)
    (inner / "comb.yaml").write_text(COMB, encoding="utf-8")
    assert "--> a/comb.yaml:4:20" in comb("check", "a", cwd=checkout / "combs").out
    found = json.loads(comb("check", "a", "--format", "json", cwd=checkout / "combs").out)
    assert found["diagnostics"][0]["file"] == "combs/a/comb.yaml"


def test_json_is_one_object_with_places_from_one(comb: Comb, checkout: Path) -> None:
    (checkout / "comb.yaml").write_text(COMB.replace("80ms", "80"), encoding="utf-8")
    found = json.loads(comb("check", ".", "--format", "json").out)
    [only] = found["diagnostics"]
    assert (found["version"], only["code"], only["name"]) == (1, "COMB2009", "bad-duration")
    assert only["range"] == {"start": {"line": 6, "column": 101}, "end": {"line": 6, "column": 103}}


def test_a_clean_run_is_an_empty_list_for_programs(comb: Comb) -> None:
    assert json.loads(comb("check", ".", "--format", "json").out) == {"version": 1, "diagnostics": []}


@pytest.mark.parametrize("form", ["sarif", "gitlab", "github"])
def test_every_format_names_the_place(comb: Comb, checkout: Path, form: str) -> None:
    (checkout / "comb.yaml").write_text(COMB.replace("timeout", "tiemout"), encoding="utf-8")
    ran = comb("check", ".", "--format", form)
    assert ran.code == 1
    assert "comb.yaml" in ran.out
    assert "COMB2001" in ran.out


def test_warnings_fail_only_where_they_are_denied(comb: Comb, checkout: Path) -> None:
    (checkout / "comb.yaml").write_text(COMB.replace("team: welcome", "description: yes"), encoding="utf-8")
    assert comb("check", ".").code == 0
    assert comb("check", ".", "--deny-warnings").code == 1


def _directory(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _link(path: Path, target: str) -> None:
    path.unlink()
    path.symlink_to(target)


def _fifo(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


BAD: dict[str, tuple[Callable[[Path], object], str]] = {
    "missing": (lambda path: path.unlink(), "COMB0001"),
    "empty": (lambda path: path.write_bytes(b""), "COMB0009"),
    "only comments": (lambda path: path.write_bytes(b"# nothing\n"), "COMB0009"),
    "binary": (lambda path: path.write_bytes(bytes(range(256)) * 4), "COMB0008"),
    "latin-1": (lambda path: path.write_bytes("name: café".encode("latin-1")), "COMB0007"),
    "utf-16": (lambda path: path.write_bytes(COMB.encode("utf-16")), "COMB0007"),
    "a directory": (_directory, "COMB0005"),
    "a fifo": (_fifo, "COMB0003"),
    "a link out": (lambda path: _link(path, "/etc/hostname"), "COMB0004"),
    "a link to itself": (lambda path: _link(path, str(path)), "COMB0002"),
    "too large": (lambda path: path.write_bytes(b"#" * 5_000_000), "COMB0006"),
    "a list": (lambda path: path.write_bytes(b"- a\n- b\n"), "COMB2020"),
    "brackets": (lambda path: path.write_bytes(b"[" * 100_000), "COMB1007"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_a_finding(comb: Comb, checkout: Path, name: str) -> None:
    spoil, code = BAD[name]
    spoil(checkout / "comb.yaml")
    ran = comb("check", "comb.yaml")
    assert ran.code == 1
    assert code in ran.out


def test_an_unreadable_file_is_a_finding(comb: Comb, checkout: Path) -> None:
    (checkout / "comb.yaml").chmod(0)
    if os.geteuid() == 0:
        pytest.skip("root reads everything")
    assert "COMB0002" in comb("check", "comb.yaml").out


def test_a_directory_without_combs_is_a_finding(comb: Comb, checkout: Path) -> None:
    (checkout / "empty").mkdir()
    ran = comb("check", "empty")
    assert (ran.code, "COMB0005" in ran.out) == (1, True)


def test_two_combs_of_one_name_are_a_finding_that_names_both(comb: Comb, checkout: Path) -> None:
    for name in ("a", "b"):
        (checkout / name).mkdir()
        (checkout / name / "comb.yaml").write_text(COMB, encoding="utf-8")
        (checkout / name / "greeting.proto").write_bytes((checkout / "greeting.proto").read_bytes())
    ran = comb("check", "a", "b")
    assert ran.code == 1
    assert "COMB0010" in ran.out
    assert "b/comb.yaml:3:18" in ran.out
    assert "a/comb.yaml:3:18" in ran.out


@pytest.mark.parametrize(
    "arguments",
    [["check"], ["chekc", "."], ["check", ".", "--formt", "json"], ["check", ".", "--format", "xml"], ["nonsense"]],
)
def test_a_wrong_command_line_is_a_usage_error(comb: Comb, arguments: list[str]) -> None:
    ran = comb(*arguments)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("comb: ")


def test_a_closed_pipe_is_no_error(checkout: Path) -> None:
    import subprocess
    import sys

    (checkout / "comb.yaml").write_text("a: [" + "x, " * 5000, encoding="utf-8")
    script = f"{sys.executable} -m comb_compiler check . --format json | head -c 1 >/dev/null; echo ${{PIPESTATUS[0]}}"
    environment = {**os.environ, "PYTHONPATH": os.getcwd()}
    done = subprocess.run(["bash", "-c", script], cwd=checkout, env=environment, capture_output=True, text=True)
    assert "Traceback" not in done.stderr
    assert done.stdout.strip() in ("0", "1")
