"""`comb gate --sample`: one sample once more, and an incident as it was recorded."""

import asyncio
import subprocess
from pathlib import Path

import pytest

from comb_compiler.cli.console import Console
from comb_compiler.cli.gate.session import source_of
from comb_compiler.cli.gate.subjects import subjects_of
from comb_compiler.cli.gate.targets import Answers
from comb_compiler.cli.gate.tracing import asked_for_all
from comb_compiler.cli.opening import open_clean
from comb_compiler.samples.embedded import EmbeddedStore
from tests.cli.test_gate import CODE, RIGHT, committed, gate, greeting, joined, recorded, sample

ID = f"{7:032x}"


def rows(out: str) -> dict[str, str]:
    """The lines of a node table, by their first words."""
    return {line.split()[0]: " ".join(line.split()[1:]) for line in out.splitlines() if line.split()}


def online(directory: Path, name: str, store: Path, arm: str = "", environment: str = "") -> list[str]:
    """Have a comb answer, as it does where it serves; the options that name its record."""
    clean = open_clean(str(directory / "comb.yaml"), Console(), "is asked", environment)
    assert clean is not None
    source, answers = source_of(clean, arm, is_patient=False), Answers(clean.plan)
    requests = [{"name": {"text": name}}]
    (asked,) = asyncio.run(asked_for_all("candidate", source, requests, answers, store.parent / "spool"))
    record = asked.record
    assert record is not None
    record.id, record.arm, record.environment, record.release = ID, arm, environment, "41ac" * 16
    record.subject = subjects_of(clean)[f"greeting/{arm}" if arm else "greeting"]
    store.mkdir()
    kept = EmbeddedStore(store)
    kept.put_interface(clean.plan.descriptors)
    assert kept.put([record]).new == 1
    kept.close()
    return ["--sample", ID, "--as-recorded", "--store", f"embedded:{store}"]


def commit(directory: Path, message: str) -> str:
    git = ["git", "-C", str(directory), "-c", "user.name=Ada", "-c", "user.email=ada@example.com"]
    subprocess.run([*git, "commit", "-qam", message], check=True, capture_output=True)
    return subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout.strip()


def test_of_one_sample_each_step_is_shown_and_where_it_parts(tmp_path: Path) -> None:
    before, after = joined(tmp_path / "before", "Dear "), joined(tmp_path / "after", "Oh ")
    sample(after / "samples/error/ada2", "Ada", "Oh Hello Ada")
    ran, report = gate(after, "replay", "--baseline", str(before), "--sample", "ada", "--sample", "ada2")
    assert ran.code == 3, ran.err
    assert "wrong   ada, from `hello` on" in ran.out
    assert "broken  ada, from `hello` on" in ran.out
    assert "fixed   ada2, from `hello` on\n          text: Dear Hello Ada → Oh Hello Ada" in ran.out
    assert rows(ran.out)["first"].startswith("greet OK ")
    assert rows(ran.out)["hello"].endswith("text: Dear Hello Ada → Oh Hello Ada")
    assert [(one["kind"], one["node"]) for one in report["gates"][0]["findings"]] == [
        ("wrong", "hello"),
        ("broken", "hello"),
        ("fixed", "hello"),
    ]
    assert not (tmp_path / "report/statement.json").exists(), "samples that one chooses are no evidence"


def test_a_recorded_request_is_asked_of_both(tmp_path: Path) -> None:
    before, after = greeting(tmp_path / "before"), greeting(tmp_path / "after", f"{RIGHT} + '!'")
    store = recorded(tmp_path / "records", 8)
    ran, report = gate(after, "--baseline", str(before), "--sample", ID, *store)
    assert (ran.code, report["gates"][0]["findings"][0]["kind"]) == (3, "changed"), ran.err
    ran, _ = gate(before, "--baseline", "none", "--sample", ID, "--sample", "ada", *store)
    assert (ran.code, "nothing is expected of it" in ran.out, "it is right" in ran.out) == (0, True, True), ran.err


def test_a_sample_that_kills_is_told_apart_from_the_others(tmp_path: Path) -> None:
    after = greeting(tmp_path / "after", f'{RIGHT} if text != "Grace" else os.kill(os.getpid(), signal.SIGKILL)')
    ran, report = gate(after, "--baseline", "none", "--sample", "ada", "--sample", "grace")
    assert ran.code == 3, ran.err
    assert "ended by signal 9" in rows(ran.out)["candidate"]
    assert "it is right" in ran.out
    (result,) = report["gates"]
    assert (result["asked"], result["answered"], result["failed"]) == (2, 1, 1)
    assert result["ruling"]["why"] == ["without an answer: grace"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--sample", "adda"], "did you mean `ada`?"),
        (["--as-recorded"], "name the record, with --sample ID"),
        (["--sample", "ada", "--target", "127.0.0.1:9"], "leave out --target"),
        (["--sample", "ada", "--as-recorded", "--store", "embedded:nothing"], "there is no such directory"),
    ],
)
def test_what_names_no_sample_is_said(tmp_path: Path, arguments: list[str], said: str) -> None:
    ran, _ = gate(greeting(tmp_path / "after"), "--baseline", "none", *arguments)
    assert (ran.code, said in ran.err) == (2, True), ran.err


ARMS = """\
experiment:
  key: header/x-user
  arms: {control: {weight: 90}, loud: {weight: 10, set: {operators: {greet: {run: "operators:Loud"}}}}}
environments: {production: {operators: {greet: {timeout: 20s}}}}
sla:"""
LOUD = """

class Loud(Greet):
    def __call__(self, name: "greeting.v1.Name") -> "greeting.v1.Greeting":
        return self._answer(text="HELO " + name.text)
"""


def test_an_incident_is_reproduced_by_what_answered_then_in_its_environment(tmp_path: Path) -> None:
    directory = greeting(tmp_path / "combs", '"Helo " + text')
    text = (directory / "comb.yaml").read_text("utf-8").replace("sla:", ARMS)
    (directory / "comb.yaml").write_text(text, encoding="utf-8")
    (directory / "operators.py").write_text(CODE.replace("BODY", '"Helo " + text') + LOUD, encoding="utf-8")
    committed(directory)
    first = commit_of(directory)
    options = online(directory, "Ada", tmp_path / "records", "loud", "production")
    (directory / "operators.py").write_text(CODE.replace("BODY", RIGHT) + LOUD.replace("HELO", "HELLO"), "utf-8")
    commit(directory, "mended")
    ran, report = gate(directory, "replay", *options)
    assert ran.code == 0, ran.out + ran.err
    assert f"which is commit {first[:12]}" in ran.out
    assert "the answers are the same" in ran.out
    assert f"arm loud, environment production, release {'41ac' * 3}" in ran.out
    assert rows(ran.out)["hello"].startswith("greet OK ")
    assert report["baseline"]["name"] == "recorded"
    ran, report = gate(directory, "replay", *options, "--baseline", "HEAD")
    assert ran.code == 3, ran.out + ran.err
    assert "HEAD is another one" in ran.out
    assert report["gates"][0]["findings"][0]["places"] == [
        {"place": "text", "before": "HELO Ada", "after": "HELLO Ada"}
    ]


def test_of_what_is_nowhere_it_is_said_what_is_missing(tmp_path: Path) -> None:
    directory = greeting(tmp_path / "combs", '"Helo " + text')
    options = online(directory, "Ada", tmp_path / "records")
    (directory / "operators.py").write_text(CODE.replace("BODY", RIGHT), encoding="utf-8")
    committed(directory)
    ran, _ = gate(directory, *options)
    assert ran.code == 2
    assert f"of release {'41ac' * 3}" in ran.err
    assert "neither what is in this checkout nor in the last 1 commits" in ran.err


def commit_of(directory: Path) -> str:
    done = subprocess.run(
        ["git", "-C", str(directory), "rev-parse", "HEAD"], check=True, capture_output=True, text=True
    )
    return done.stdout.strip()
