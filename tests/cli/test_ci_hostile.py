"""What `comb ci` makes of files that code of a change could have written: it never passes for that, and never fails."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from comb_compiler.cli.ci.markdown import as_comments
from comb_compiler.cli.ci.processes import said_by, verdict_by
from comb_compiler.cli.ci.proving import found_in
from comb_compiler.cli.ci.reading import read_json, read_written
from comb_compiler.cli.ci.report import BadReport, Usage
from tests.cli.test_ci import ci, edit, origin, repository
from tests.cli.test_ci_comment import COMB, PLACE, REPORT
from tests.cli.test_gate import RIGHT

__all__ = ["origin", "repository"]

GATE = {"gate": "availability", "ruling": {"verdict": "passed", "why": ["so"]}, "asked": 3}
WEAKENED = {"place": "comb.yaml:9", "said": "fewer", "waiver": {"by": "Ann", "why": "so", "until": "2030-01-01"}}
PASSED: dict[str, Any] = {"verdict": "passed", "gates": [GATE], "weakened": [WEAKENED]}
FORGED = json.dumps(PASSED)
KILLS = f"""(__import__("pathlib").Path(PLACE).mkdir(parents=True, exist_ok=True),
            __import__("pathlib").Path(PLACE, "report.json").write_text({FORGED!r}),
            __import__("pathlib").Path(PLACE, "statement.json").write_text("{{}}"),
            [os.kill(int(one), 9) for one in os.listdir("/proc") if one.isdigit() and asks(one)])"""
ASKS = """

def asks(number):
    try:
        with open(f"/proc/{number}/cmdline") as file:
            words = file.read().split("\\0")
    except OSError:
        return False
    return "gate" in words and PLACE in words
"""


def test_who_forges_a_report_and_kills_who_would_write_it_does_not_pass(repository: Path) -> None:
    place = str(repository.parent / "out/gates/greeting")
    edit(repository / "hello/operators.py", RIGHT, f"{RIGHT} + str({KILLS})")
    code = (repository / "hello/operators.py").read_text("utf-8") + ASKS
    (repository / "hello/operators.py").write_text(code.replace("import os\n", f"import os\nPLACE = {place!r}\n", 1))
    answer = ci(repository)
    assert (answer.code, answer.report["verdict"]) == (4, "failed"), answer
    assert "ended with -9, and its report does not count" in " ".join(answer.combs["greeting"]["remarks"])
    assert answer.combs["greeting"]["gates"] == []


def test_a_report_is_told_as_it_is() -> None:
    found = found_in(json.dumps(PASSED).encode(), 0, "rotate")
    assert (found.verdict, [one.gate for one in found.gates]) == ("passed", ["availability of rotate"])
    (said,) = found.remarks
    assert said.startswith("the change asks for less than before at comb.yaml:9: fewer; waived by Ann until 2030-01-01")
    assert found_in(json.dumps({**PASSED, "verdict": "not applicable"}).encode(), 0, "").verdict == "passed"
    assert found_in(json.dumps({**PASSED, "verdict": "undecided"}).encode(), 3, "").verdict == "undecided"
    assert found_in(json.dumps(PASSED).encode(), 1, "").verdict == "refused"


@pytest.mark.parametrize("code", [2, 3, 4, 70, -9, -15, 137])
def test_only_who_ends_with_0_passes(code: int) -> None:
    with pytest.raises(BadReport, match="its verdict is none"):
        found_in(json.dumps(PASSED).encode(), code, "")
    assert verdict_by(code) != "passed"
    assert verdict_by(0) == "undecided"


def _without(name: str) -> dict[str, Any]:
    return {key: value for key, value in PASSED.items() if key != name}


@pytest.mark.parametrize(
    ("report", "why"),
    [
        ({}, "`verdict` is missing"),
        ([], "`the whole` is no object"),
        (None, "`the whole` is no object"),
        (_without("verdict"), "`verdict` is missing"),
        (_without("gates"), "`gates` is missing"),
        (_without("weakened"), "`weakened` is missing"),
        ({**PASSED, "verdict": ["passed"]}, "`verdict` is no str"),
        ({**PASSED, "verdict": "fine"}, "its verdict is none"),
        ({**PASSED, "gates": {}}, "`gates` is no list"),
        ({**PASSED, "gates": [GATE] * 101}, "more than 100"),
        ({**PASSED, "gates": ["passed"]}, r"`gates\[\]` is no object"),
        *(({**PASSED, "gates": [{k: v for k, v in GATE.items() if k != name}]}, name) for name in GATE),
        ({**PASSED, "gates": [{**GATE, "asked": True}]}, "`asked` is no int"),
        ({**PASSED, "gates": [{**GATE, "asked": -1}]}, "no number of samples"),
        ({**PASSED, "gates": [{**GATE, "asked": 10**13}]}, "no number of samples"),
        ({**PASSED, "gates": [{**GATE, "ruling": {"verdict": "passed"}}]}, "`why` is no list of texts"),
        ({**PASSED, "gates": [{**GATE, "ruling": {"verdict": "passed", "why": [1]}}]}, "`why` is no list of texts"),
        ({**PASSED, "gates": [{**GATE, "ruling": {"verdict": "green", "why": []}}]}, "none that a gate has"),
        ({**PASSED, "gates": [{**GATE, "ruling": {"verdict": "blocked", "why": []}}]}, "does not let pass"),
        ({**PASSED, "weakened": [{}]}, "`place` is missing"),
        ({**PASSED, "weakened": [{**WEAKENED, "waiver": "yes"}]}, "`waiver` is no object"),
        ({**PASSED, "weakened": [{**WEAKENED, "waiver": {}}]}, "`by` is missing"),
    ],
)
def test_a_report_that_lacks_something_does_not_count(report: Any, why: str) -> None:
    with pytest.raises(BadReport, match=why):
        found_in(json.dumps(report).encode(), 0, "")


@pytest.mark.parametrize("size", [0, 1, 2, 40, len(FORGED) - 1])
def test_a_report_that_was_cut_off_does_not_count(size: int) -> None:
    with pytest.raises(BadReport, match="no JSON"):
        found_in(FORGED.encode()[:size], 0, "")


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"\xff", "no JSON"),
        (b"[" * 1_000_000, "no JSON"),
        (b"1" * 10_000, "no JSON"),
        (b"[" * 65 + b"]" * 65, "nested more than 64 deep"),
        (b'{"a":' * 65 + b"1" + b"}" * 65, "nested more than 64 deep"),
    ],
)
def test_json_that_nobody_of_ours_wrote_is_none(content: bytes, why: str) -> None:
    with pytest.raises(BadReport, match=why):
        read_json(content)
    assert read_json(b"[" * 60 + b"]" * 60)


def test_long_texts_and_many_reasons_are_cut() -> None:
    long = {**GATE, "gate": "g" * 5000, "ruling": {"verdict": "passed", "why": ["w" * 5000] * 5000}}
    (gate,) = found_in(json.dumps({**PASSED, "gates": [long]}).encode(), 0, "").gates
    assert (len(gate.gate), len(gate.why), len(gate.why[0])) == (2000, 51, 2000)
    assert gate.why[-1] == "and 4,950 reasons more"


def _place(directory: Path, kind: str) -> None:
    file = directory / "gates" / "greeting" / "report.json"
    secret = directory.parent / "secret"
    secret.mkdir()
    (secret / "report.json").write_text(FORGED, "utf-8")
    if kind == "linked directory":
        file.parent.parent.mkdir(parents=True)
        file.parent.symlink_to(secret)
        return
    file.parent.mkdir(parents=True)
    if kind == "link":
        file.symlink_to(secret / "report.json")
    elif kind == "pipe":
        os.mkfifo(file)
    elif kind == "directory":
        file.mkdir()
    elif kind == "large":
        file.write_bytes(b" " * 1001)


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        ("link", "a link leads there"),
        ("linked directory", "a link leads there"),
        ("pipe", "no regular file"),
        ("directory", "regular file|is a directory"),
        ("large", "more than 1,000 bytes"),
        ("nothing", "there is none"),
    ],
)
def test_what_is_no_file_in_its_place_is_not_read(tmp_path: Path, kind: str, why: str) -> None:
    _place(tmp_path / "out", kind)
    with pytest.raises(BadReport, match=why):
        read_written(tmp_path / "out", ["gates", "greeting", "report.json"], 1000)


def test_who_outlives_a_gate_is_not_waited_for(tmp_path: Path) -> None:
    """A process that holds standard error open, as code of a change may leave one."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    code, said = said_by(["sh", "-c", f"(read end < {pipe}) & echo started >&2; exit 3", "sh"], str(tmp_path))
    assert (code, said) == (3, "started")
    with pipe.open("w") as end:
        end.write("end\n")


def test_a_report_that_is_a_link_is_not_followed_when_it_is_written(repository: Path) -> None:
    out, precious = repository.parent / "out", repository.parent / "precious"
    precious.write_text("as it was", "utf-8")
    link = str(out / "report.json")
    makes = f"os.makedirs({str(out)!r}, exist_ok=True) or os.symlink({str(precious)!r}, {link!r})"
    once = f"(os.path.lexists({link!r}) or {makes})"
    edit(repository / "hello/operators.py", RIGHT, f'{RIGHT} + str({once} and "" or "")')
    assert ci(repository).code == 0
    assert precious.read_text("utf-8") == "as it was"
    assert not (out / "report.json").is_symlink()


def test_a_forged_report_makes_ten_comments_at_most() -> None:
    long = COMB._replace(remarks=tuple("r" * 390 for _ in range(60)))
    texts = as_comments(REPORT._replace(combs=(long,) * 500))
    assert len(texts) == 10
    assert "combs more: report.json has them all" in texts[-1]
    assert all(len(one.encode()) < 65_536 for one in texts)


def test_a_number_with_an_exponent_is_not_written_out() -> None:
    usage = (Usage("x/gpu", "1E+9999999", "9e99999999"), Usage("x/gpu", "1.5", "2"))
    (text,) = as_comments(REPORT._replace(combs=(COMB._replace(places=(PLACE._replace(usage=usage),)),)))
    assert "x/gpu 1.5 → 2" in text
