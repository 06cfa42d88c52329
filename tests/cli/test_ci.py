"""`comb ci` on pull requests of all kinds: a real repository of git, with branches that are proposed to be merged."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple
from xml.etree import ElementTree as ET

import jsonschema
import pytest

from comb_compiler.cli.ci.report import report_schema
from tests.architecture.imports import ROOT
from tests.cli.conftest import COMB as SIMPLE, PROTO
from tests.cli.test_gate import CODE, RIGHT, sample
from tests.cli.test_plan import PLATFORM

SCHEMA = json.loads((ROOT / "schemas" / "ci-report.v1.schema.json").read_text("utf-8"))
MODELS = 'models: {tone: {versions: {"1": {artifact: models/one.bin}, "2": {artifact: models/two.bin}}}}\n'
COMB = (
    SIMPLE.replace("timeout: 80ms", "timeout: 30s, model: tone@1")
    + MODELS
    + "sla: {deadline: 60s}\n"
    + "gates: {availability: {samples: samples/standard}, replay: {error: {samples: samples/error}}}\n"
)


def git(repository: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=Ada", "-c", "user.email=ada@example.com")
    done = subprocess.run(["git", *identity, *arguments], cwd=repository, check=True, capture_output=True)
    return done.stdout.decode()


class Answer(NamedTuple):
    """What `comb ci` left: its exit code, its report, and the first comment."""

    code: int
    report: dict[str, Any]
    comment: str
    out: str
    err: str

    @property
    def combs(self) -> dict[str, dict[str, Any]]:
        return {one["name"]: one for one in self.report["combs"]}


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with two combs, one of which has gates, on a platform of their own."""
    root = tmp_path_factory.mktemp("origin")
    hello, other = root / "hello", root / "other"
    for home in (hello, other):
        home.mkdir()
        (home / "greeting.proto").write_text(PROTO, "utf-8")
    (hello / "comb.yaml").write_text(COMB, "utf-8")
    (hello / "operators.py").write_text(CODE.replace("BODY", RIGHT), "utf-8")
    (hello / "models").mkdir()
    (hello / "models/one.bin").write_bytes(b"one")
    (hello / "models/two.bin").write_bytes(b"two")
    for name in ("Ada", "Grace"):
        sample(hello / "samples/standard" / name.lower(), name, f"Hello {name}")
    sample(hello / "samples/error/ken", "Ken", "Hello Ken")
    (other / "comb.yaml").write_text(SIMPLE.replace("name: greeting,", "name: farewell,"), "utf-8")
    (other / "operators.py").write_text("class Greet: ...\n", "utf-8")
    (root / "platform.yaml").write_text(PLATFORM, "utf-8")
    (root / "README.md").write_text("# Combs\n", "utf-8")
    (root / ".gitignore").write_text("__pycache__\n.comb\n", "utf-8")
    git(root, "init", "-q", "-b", "main")
    run(root, "lock", "hello")
    git(root, "add", ".")
    git(root, "commit", "-q", "-m", "first")
    return root


@pytest.fixture
def repository(origin: Path, tmp_path: Path) -> Path:
    """A clone of it, on a branch of its own."""
    git(tmp_path, "clone", "-q", str(origin), "clone")
    git(tmp_path / "clone", "checkout", "-q", "-b", "change")
    return tmp_path / "clone"


def run(root: Path, *arguments: str, code: int | None = 0) -> subprocess.CompletedProcess[bytes]:
    environment = {**os.environ, "PYTHONPATH": os.getcwd(), "NO_COLOR": "1"}
    command = [sys.executable, "-m", "comb_compiler", *arguments]
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, timeout=600)
    assert b"Traceback" not in done.stdout + done.stderr, done.stderr.decode()
    assert code is None or done.returncode == code, done.stdout.decode() + done.stderr.decode()
    return done


def ci(repository: Path, *more: str) -> Answer:
    """`comb ci` with everything that it writes, which has to be of its form."""
    out = repository.parent / "out"
    shutil.rmtree(out, ignore_errors=True)
    git(repository, "add", "-A")
    git(repository, "commit", "-q", "--allow-empty", "-m", "a change")
    done = run(repository, "ci", "--platform", "platform.yaml", "--out", str(out), *more, code=None)
    said = done.stdout.decode(), done.stderr.decode()
    assert (out / "report.json").exists(), said
    report = json.loads((out / "report.json").read_bytes())
    jsonschema.validate(report, SCHEMA)
    assert report["exit"] == done.returncode
    texts = [one.read_text("utf-8") for one in sorted(out.glob("report-*.md"))]
    assert all(len(text) < 65_536 for text in texts)
    return Answer(done.returncode, report, texts[0], *said)


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new), "utf-8")


def test_the_schema_is_that_of_the_types() -> None:
    assert report_schema() == SCHEMA


def test_a_change_of_words_touches_no_comb(repository: Path) -> None:
    (repository / "README.md").write_text("# Combs, and how they are reviewed\n", "utf-8")
    (repository / "hello/notes.md").write_text("None of this is read.\n", "utf-8")
    answer = ci(repository)
    assert (answer.code, answer.report["verdict"], answer.report["combs"]) == (0, "passed", [])
    assert "0 combs touched by 2 changed files since origin/HEAD" in answer.out


def test_a_comb_that_is_given_more_is_planned_and_its_standard_samples_are_asked(repository: Path) -> None:
    edit(repository / "hello/comb.yaml", "timeout: 30s", "timeout: 30s, scale: {min: 2}")
    answer = ci(repository, "--environment", "staging")
    assert answer.code == 0, answer
    assert list(answer.combs) == ["greeting"]
    comb = answer.combs["greeting"]
    assert comb["touched"] == ["hello/comb.yaml"]
    assert [(one["gate"], one["verdict"]) for one in comb["gates"]] == [("availability", "passed")]
    assert {"topic": "replicas", "text": "greeting 1 → 2", "grave": False} in comb["places"][0]["effects"]
    assert "| owners | welcome |" in answer.comment


def test_how_operators_are_called_is_proven_under_load(repository: Path) -> None:
    """No answer can differ by it; how long one takes can."""
    main = repository / "hello/comb.yaml"
    edit(main, "samples/error}}}", "samples/error}}, load: {steps: [4], hold: 1s}}")
    git(repository, "commit", "-q", "-a", "-m", "a load gate")
    git(repository, "update-ref", "refs/remotes/origin/main", "HEAD")
    edit(main, "timeout: 30s", "timeout: 30s, workers: 2")
    answer = ci(repository, "--environment", "staging")
    gates = {one["gate"]: one["verdict"] for one in answer.combs["greeting"]["gates"]}
    assert list(gates) == ["availability", "replay", "load"], answer
    assert (gates["availability"], gates["replay"]) == ("passed", "not applicable")
    report = json.loads((repository.parent / "out/gates/greeting/report.json").read_bytes())
    assert report["gates"][-1]["load"]["steps"][0]["baseline"] is not None, answer


def test_a_model_of_another_version_is_proven_by_all_gates(repository: Path) -> None:
    edit(repository / "hello/comb.yaml", "model: tone@1", "model: tone@2")
    answer = ci(repository, "--environment", "staging")
    assert answer.code == 0, answer
    gates = [(one["gate"], one["verdict"]) for one in answer.combs["greeting"]["gates"]]
    assert gates == [("availability", "passed"), ("replay error", "passed")]
    assert answer.comment.startswith("<!-- comb ci 1/1 -->\n## ✅ passed")
    assert "| models | greeting: " in answer.comment
    statement = json.loads((repository.parent / "out/gates/greeting/statement.json").read_bytes())
    assert statement["subject"]


def test_code_that_answers_wrong_is_blocked(repository: Path) -> None:
    edit(repository / "hello/operators.py", RIGHT, '"Good bye " + text')
    answer = ci(repository)
    assert (answer.code, answer.report["verdict"]) == (3, "blocked")
    assert answer.combs["greeting"]["touched"] == ["hello/operators.py"]
    suites = ET.parse(repository.parent / "out/junit.xml").getroot()
    assert [one.get("failures") for one in suites.iter("testsuite")] != ["0", "0"]


def test_a_revert_proves_what_there_was_before(repository: Path) -> None:
    edit(repository / "hello/operators.py", RIGHT, '"Good bye " + text')
    git(repository, "commit", "-q", "-a", "-m", "worse")
    git(repository, "branch", "-f", "worse")
    git(repository, "revert", "--no-edit", "HEAD")
    assert ci(repository).report["combs"] == []
    answer = ci(repository, "--base", "worse")
    assert answer.code == 0, answer
    assert [one["verdict"] for one in answer.combs["greeting"]["gates"]] == ["passed", "passed"]


def test_a_proto_that_breaks_clients_is_refused_before_any_gate(repository: Path) -> None:
    edit(repository / "hello/greeting.proto", "Greeting { string text = 1; }", "Greeting { string words = 2; }")
    answer = ci(repository)
    assert (answer.code, answer.report["verdict"]) == (1, "refused")
    comb = answer.combs["greeting"]
    assert (comb["touched"], comb["gates"]) == (["hello/greeting.proto"], [])
    assert any(one["severity"] == "error" for one in comb["findings"])
    assert json.loads((repository.parent / "out/comb.sarif").read_bytes())["runs"][0]["results"]


def test_a_platform_touches_all_combs_and_no_gate(repository: Path) -> None:
    edit(repository / "platform.yaml", "nodes: 2", "nodes: 3")
    answer = ci(repository)
    assert answer.code == 0, answer
    assert sorted(answer.combs) == ["farewell", "greeting"]
    assert [one["gates"] for one in answer.combs.values()] == [[], []]


def test_a_platform_with_mistakes_is_said_once(repository: Path) -> None:
    edit(repository / "platform.yaml", "nodes: 2", "nodse: 2")
    answer = ci(repository)
    assert (answer.code, answer.report["combs"]) == (1, [])
    assert [one["file"] for one in answer.report["findings"]] == ["platform.yaml"] * len(answer.report["findings"])


def test_a_comb_that_is_removed_is_proposed_to_be_retired(repository: Path) -> None:
    shutil.rmtree(repository / "other")
    answer = ci(repository)
    assert (answer.code, answer.report["retire"]) == (0, ["farewell"])
    assert "comb retire farewell" in answer.comment


@pytest.mark.parametrize("content", [b"\0\x80\xff", b"<<<<<<< HEAD\nkind: Comb\n", b""])
def test_a_comb_that_cannot_be_read_is_not_said_to_be_gone(repository: Path, content: bytes) -> None:
    (repository / "other/comb.yaml").write_bytes(content)
    answer = ci(repository)
    assert (answer.code, answer.report["retire"]) == (1, [])
    assert "comb retire" not in answer.comment


def test_a_conflict_is_refused_and_its_files_are_named(repository: Path) -> None:
    git(repository, "branch", "trunk", "main")
    git(repository, "checkout", "-q", "trunk")
    edit(repository / "README.md", "# Combs", "# All combs")
    git(repository, "commit", "-q", "-a", "-m", "theirs")
    git(repository, "checkout", "-q", "change")
    edit(repository / "README.md", "# Combs", "# Our combs")
    answer = ci(repository, "--base", "trunk")
    assert (answer.code, answer.report["conflicts"], answer.report["behind"]) == (1, ["README.md"], 1)
    assert "cannot be merged: README.md" in answer.out


def test_who_asks_fewer_samples_is_blocked_with_the_reason(repository: Path) -> None:
    shutil.rmtree(repository / "hello/samples/standard/ada")
    edit(repository / "hello/operators.py", RIGHT, f"{RIGHT} + ''")
    answer = ci(repository)
    assert (answer.code, answer.report["verdict"]) == (3, "blocked")
    assert any("asks for less than before" in said for said in answer.combs["greeting"]["remarks"])


@pytest.mark.parametrize("code", [RIGHT, f"{RIGHT}.strip()"])
def test_who_takes_all_gates_out_is_asked_what_was_there_and_blocked(repository: Path, code: str) -> None:
    main = repository / "hello/comb.yaml"
    main.write_text(main.read_text("utf-8").partition("gates:")[0], "utf-8")
    (repository / "hello/operators.py").write_text(CODE.replace("BODY", code), "utf-8")
    answer = ci(repository, "--environment", "staging")
    comb = answer.combs["greeting"]
    assert (answer.code, comb["verdict"]) == (3, "blocked"), answer
    assert ("availability", "passed") in [(one["gate"], one["verdict"]) for one in comb["gates"]]
    assert any("gates.replay.error is taken out" in remark for remark in comb["remarks"])


def test_who_takes_samples_out_is_blocked_also_where_there_are_no_standard_ones(repository: Path) -> None:
    main = repository / "hello/comb.yaml"
    edit(main, "availability: {samples: samples/standard}, ", "")
    git(repository, "commit", "-q", "-a", "-m", "no standard samples")
    git(repository, "update-ref", "refs/remotes/origin/main", "HEAD")
    sample(repository / "hello/samples/error/ada", "Ada", "Hello Ada")
    answer = ci(repository, "--environment", "staging")
    gates = [(one["gate"], one["verdict"]) for one in answer.combs["greeting"]["gates"]]
    assert (answer.code, gates) == (0, [("availability", "not applicable")]), answer
    git(repository, "update-ref", "refs/remotes/origin/main", "HEAD")
    shutil.rmtree(repository / "hello/samples/error/ada")
    answer = ci(repository, "--environment", "staging")
    assert answer.code == 3, answer
    assert any("`ada` is taken out" in remark for remark in answer.combs["greeting"]["remarks"])


def test_what_a_stranger_writes_is_no_markup_and_no_mention(repository: Path) -> None:
    name = "@everyone <img src=x> [a](www.evil.example) #1"
    sample(repository / "hello/samples/standard" / name, "Ada", "Hello Ada")
    edit(repository / "other/comb.yaml", "graph:", '"https://evil.example @everyone <b>": 1\ngraph:')
    answer = ci(repository, "--no-gates")
    assert (answer.code, sorted(answer.combs)) == (1, ["farewell", "greeting"])
    for bad in ("@everyone", "<img", "<b>", "](", "https://evil", "www.evil", "#1"):
        assert bad not in answer.comment
    assert json.dumps(answer.report).count("evil.example") > 1


def test_a_fork_has_no_recorded_requests_and_so_is_undecided(repository: Path) -> None:
    edit(repository / "hello/comb.yaml", "replay: {", "replay: {regular: {samples: recorded}, ")
    edit(repository / "hello/comb.yaml", "model: tone@1", "model: tone@2")
    answer = ci(repository)
    assert (answer.code, answer.report["verdict"]) == (3, "undecided")
    verdicts = {one["gate"]: one["verdict"] for one in answer.combs["greeting"]["gates"]}
    assert verdicts["replay regular"] == "undecided"


def test_rules_that_are_loosened_beside_the_comb_that_they_refuse_do_not_count(repository: Path) -> None:
    edit(repository / "platform.yaml", "memory: 16Gi", "memory: 64Gi")
    edit(repository / "other/comb.yaml", "timeout: 80ms", "timeout: 80ms, resources: {cpu: 1, memory: 40Gi}")
    answer = ci(repository)
    assert (answer.code, answer.combs["farewell"]["verdict"]) == (1, "refused")
    assert any("rules are changed first" in said for said in answer.combs["farewell"]["remarks"])
    assert answer.combs["greeting"]["verdict"] == "passed"


def test_findings_are_annotations_where_a_workflow_asks_for_them(repository: Path) -> None:
    edit(repository / "other/comb.yaml", "greet(name", "great(name")
    done = run(repository, "ci", "--platform", "platform.yaml", "--format", "github", code=1)
    assert done.stdout.decode().startswith("::error file=other/comb.yaml,")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--base", "nowhere"], "no revision of this repository"),
        (["--base", ""], "--base is empty"),
        (["--environment", "staging"], "name it with --platform"),
        (["--at-once", "0"], "at least one comb"),
        (["--platform", "platform.yaml", "--environment", "stagign"], "did you mean"),
    ],
)
def test_what_makes_no_sense_is_told(repository: Path, options: list[str], said: str) -> None:
    done = run(repository, "ci", *options, code=2)
    assert said in done.stderr.decode()


def test_without_a_repository_or_a_commit_it_is_told_what_is_missing(tmp_path: Path) -> None:
    assert "no repository that git reads" in run(tmp_path, "ci", code=2).stderr.decode()
    git(tmp_path, "init", "-q")
    assert "nothing is committed yet" in run(tmp_path, "ci", code=2).stderr.decode()


def test_histories_without_a_common_commit_are_told(repository: Path) -> None:
    git(repository, "checkout", "-q", "--orphan", "alone")
    git(repository, "commit", "-q", "-m", "alone")
    assert "no commit in common" in run(repository, "ci", "--base", "main", code=2).stderr.decode()


@pytest.mark.parametrize(
    ("default", "asked"),
    [("change", ["--depth=1"]), ("main", ["--depth=1", "-b", "change"]), ("main", ["--single-branch", "-b", "change"])],
)
def test_a_clone_without_the_branch_that_was_left_does_not_pass(
    repository: Path, default: str, asked: list[str]
) -> None:
    """Whether the default branch of where it is from is its only one, or not known."""
    edit(repository / "hello/operators.py", RIGHT, '"Good bye " + text')
    git(repository, "commit", "-q", "-a", "-m", "worse")
    git(repository, "checkout", "-q", default)
    git(repository.parent, "clone", "-q", *asked, repository.as_uri(), "cut")
    cut = repository.parent / "cut"
    said = run(cut, "ci", code=2).stderr.decode()
    assert "no branch that a change could have left" in said
    assert "--baseline" in run(cut, "gate", "hello", code=2).stderr.decode()
    fetch = said.partition("`")[2].partition("`")[0]
    subprocess.run(fetch, shell=True, cwd=cut, check=True, capture_output=True)
    assert "1 comb touched" in run(cut, "ci", "--base", "origin/main", "--no-gates").stdout.decode()
