"""From `comb gate load` to `comb fix --from`: what a load advises is written, to the file that was loaded."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Ran
from tests.cli.test_gate import gate
from tests.cli.test_gate_load import loaded, slow

GUIDE = {
    "rate": 10.0,
    "advice": [
        {
            "fix": {
                "title": "write `operators.greet.workers: 2`",
                "applicability": "unsafe",
                "edits": [
                    {
                        "file": "comb.yaml",
                        "range": {"start": {"line": 1, "column": 1}, "end": {"line": 1, "column": 1}},
                        "text": "# told\n",
                    }
                ],
            }
        },
        {"fix": None},
    ],
}


def fix(directory: Path, *arguments: str) -> Ran:
    command = [sys.executable, "-m", "comb_compiler", "fix", "comb.yaml", *arguments]
    ran = subprocess.run(command, cwd=directory, capture_output=True, text=True, timeout=600)
    assert "Traceback" not in ran.stderr
    return Ran(ran.returncode, ran.stdout, ran.stderr)


def report(directory: Path, guide: Any, digest: str = "") -> Path:
    """A report that has a guide and nothing else."""
    from hashlib import sha256

    found = digest or sha256((directory / "comb.yaml").read_bytes()).hexdigest()
    whole = {**guide, "files": {"comb.yaml": found}} if isinstance(guide, dict) else guide
    file = directory / "report.json"
    file.write_text(json.dumps({"gates": [{"load": None}, {"load": {"steps": [{"guide": whole}]}}]}), encoding="utf-8")
    return file


def advised(comb: Path, history: Path, attempts: int = 8) -> tuple[Ran, list[str]]:
    """A load, and the rules of what it advises; once more where what else this machine does hides what it waits for."""
    ran, found = gate(comb, "load", "--baseline", "none", "--history", str(history))
    guide = found["gates"][0]["load"]["steps"][0]["guide"]
    rules = [one["rule"] for one in guide["advice"]] if guide and guide["bound"] else []
    if attempts > 1 and (rules[:1] != ["too-few-workers"] or guide["bound"]["by"] != "queue"):
        return advised(comb, history, attempts - 1)
    return ran, rules


def test_what_a_load_advises_is_written(tmp_path: Path) -> None:
    """That it helps as much as is said is tried in tests/gates/load/guide/test_gains.py."""
    comb = loaded(tmp_path / "few", slow(0.08), hold=6)
    text = (comb / "comb.yaml").read_text("utf-8").replace("steps: [10, 20]", "steps: [10]")
    (comb / "comb.yaml").write_text(text, encoding="utf-8")
    ran, rules = advised(comb, tmp_path / "history")
    assert rules[:1] == ["too-few-workers"], ran.out
    assert "1. calls of `greet` wait" in ran.out
    assert "write `operators.greet.workers: 2`: it saves" in ran.out
    markdown = (tmp_path / "report/report.md").read_text("utf-8")
    assert "operators.greet.workers: 2" in markdown
    page = (tmp_path / "report/report.html").read_text("utf-8")
    assert "<code>operators.greet.workers: 2</code>" in page

    shown = fix(comb, "--from", "../report", "--diff")
    assert ", workers: 2}" in shown.out
    assert (comb / "comb.yaml").read_text("utf-8") == text, "it is shown, and not written"
    done = fix(comb, "--from", "../report")
    assert done.code == 0, done.err
    assert "write `operators.greet.workers: 2`: done" in done.err
    assert ", workers: 2}" in (comb / "comb.yaml").read_text("utf-8")
    again = fix(comb, "--from", "../report")
    assert again.code == 2
    assert "comb.yaml is another than the load gate ran" in again.err


@pytest.mark.parametrize(
    ("guide", "arguments", "said"),
    [
        (GUIDE, ("--advice", "3"), "there is no advice 3: there are 2"),
        (GUIDE, ("--advice", "0"), "there is no advice 0"),
        (GUIDE, ("--advice", "2"), "it has no edit"),
        (None, (), "it has no guide"),
        ({"advice": []}, (), "there is no advice 1"),
        ({"advice": 7}, (), "no report of gates"),
        ({"advice": [{"fix": {"title": "x"}}]}, (), "no report of gates"),
        ([], (), "no report of gates"),
    ],
)
def test_reports_that_advise_nothing_are_told(
    checkout: Path, guide: Any, arguments: tuple[str, ...], said: str
) -> None:
    ran = fix(checkout, "--from", str(report(checkout, guide)), *arguments)
    assert ran.code == 2, ran.err
    assert said in ran.err


def test_files_that_are_no_report_are_told(checkout: Path) -> None:
    for content in (b"", b"[]", b"\xff", b'{"gates": [{}]}', b'{"gates": 3}', b"[" * 100_000):
        (checkout / "report.json").write_bytes(content)
        ran = fix(checkout, "--from", ".")
        assert ran.code == 2, (content, ran.err)
        assert "it is no report of gates" in ran.err
    assert "cannot be read" in fix(checkout, "--from", "nowhere").err


def test_a_comb_that_was_loaded_otherwise_is_left_alone(checkout: Path) -> None:
    before = (checkout / "comb.yaml").read_bytes()
    ran = fix(checkout, "--from", str(report(checkout, GUIDE, "0" * 64)))
    assert ran.code == 2
    assert "run it again" in ran.err
    edits = GUIDE["advice"][0]["fix"]["edits"][0] | {"file": "other.yaml"}  # type: ignore[index]
    elsewhere = {"advice": [{"fix": {"title": "x", "applicability": "unsafe", "edits": [edits]}}]}
    assert "files that it does not name" in fix(checkout, "--from", str(report(checkout, elsewhere))).err
    far = edits | {
        "file": "comb.yaml",
        "range": {"start": {"line": 999, "column": 1}, "end": {"line": 999, "column": 1}},
    }
    beyond = {"advice": [{"fix": {"title": "x", "applicability": "unsafe", "edits": [far]}}]}
    assert "does not fit" in fix(checkout, "--from", str(report(checkout, beyond))).err
    assert (checkout / "comb.yaml").read_bytes() == before


def test_advice_that_would_be_a_mistake_is_not_written(checkout: Path) -> None:
    before = (checkout / "comb.yaml").read_bytes()
    edits = GUIDE["advice"][0]["fix"]["edits"][0] | {"text": "nonsense: [\n"}  # type: ignore[index]
    ran = fix(
        checkout, "--from",
        str(report(checkout, {"advice": [{"fix": {"title": "x", "applicability": "unsafe", "edits": [edits]}}]})),
    )  # fmt: skip
    assert ran.code == 1
    assert "error[" in ran.err
    assert (checkout / "comb.yaml").read_bytes() == before
