"""`comb gate` on small combs whose behaviour is known, as processes of their own."""

import asyncio
import json
import os
import resource
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import grpc_tools
import pytest
from grpc_tools import protoc

from tests.cli.conftest import PROTO, Ran
from tests.cli.test_samples import descriptors, record

COMB = """\
apiVersion: comb.dev/v1
kind: Comb
metadata: {name: greeting, team: welcome}
interface: {proto: greeting.proto, method: greeting.v1.GreetingService/Greet}
operators:
  greet: {run: "operators:Greet", in: {name: greeting.v1.Name}, out: greeting.v1.Greeting, timeout: 30s}
graph:
  hello: greet(name=$request.name)
  return: hello
sla: {deadline: 60s}
gates:
  availability: {samples: samples/standard}
  replay:
    regular: {samples: recorded, count: 70, same: 95%}
    error: {samples: samples/error}
"""
CODE = """\
import os
import random
import signal

from comb_compiler.runtime import Messages


class Greet:
    def __init__(self, messages: Messages) -> None:
        self._answer = messages["greeting.v1.Greeting"]

    def __call__(self, name: "greeting.v1.Name") -> "greeting.v1.Greeting":
        text = name.text
        return self._answer(text=BODY)
"""
PROTOS = Path(grpc_tools.__file__).parent / "_proto"
RIGHT = '"Hello " + text'


def greeting(directory: Path, body: str = RIGHT) -> Path:
    """A comb that answers with what `body`, an expression over `text`, is."""
    directory.mkdir(exist_ok=True)
    (directory / ".git").mkdir(exist_ok=True)
    (directory / "comb.yaml").write_text(COMB, encoding="utf-8")
    (directory / "greeting.proto").write_text(PROTO, encoding="utf-8")
    (directory / "operators.py").write_text(CODE.replace("BODY", body) + f"# {directory.name}\n", encoding="utf-8")
    for name in ("Ada", "Grace", "Alan"):
        sample(directory / "samples/standard" / name.lower(), name, f"Hello {name}")
    for name in ("barbara", "ken"):
        sample(directory / "samples/error" / name, name, f"Hello {name.title()}")
    return directory


def sample(directory: Path, name: str, expected: str) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "request.json").write_text(json.dumps({"name": {"text": name}}), encoding="utf-8")
    (directory / "expected.json").write_text(json.dumps({"text": expected}), encoding="utf-8")


@pytest.fixture
def before(tmp_path: Path) -> Path:
    return greeting(tmp_path / "before")


def gate(candidate: Path, *arguments: str) -> tuple[Ran, dict[str, Any]]:
    """What `comb gate` did, and its report.json."""
    report = candidate.parent / "report"
    command = [sys.executable, "-m", "comb_compiler", "gate", *arguments, "comb.yaml", "--report", str(report)]
    environment = {**os.environ, "PYTHONPATH": os.getcwd(), "NO_COLOR": "1"}
    done = subprocess.run(command, cwd=candidate, env=environment, capture_output=True, timeout=600)
    out, err = done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace")
    assert "Traceback" not in out + err, err
    found = report / "report.json"
    return Ran(done.returncode, out, err), json.loads(found.read_text("utf-8")) if found.exists() else {}


def verdicts(report: dict[str, Any]) -> dict[str, str]:
    return {one["gate"]: one["ruling"]["verdict"] for one in report["gates"]}


def recorded(directory: Path, count: int) -> list[str]:
    """A store of so many requests, and the option that names it."""
    from comb_compiler.samples.embedded import EmbeddedStore

    store = EmbeddedStore(directory)
    interface = store.put_interface(descriptors(directory))
    assert store.put([record(number, interface=interface) for number in range(count)]).new == count
    store.close()
    return ["--store", f"embedded:{directory}"]


def test_a_change_that_mends_marked_errors_and_changes_nothing_else_passes(before: Path, tmp_path: Path) -> None:
    after = greeting(tmp_path / "after", '"Hello " + text[:1].upper() + text[1:]')
    ran, report = gate(after, "all", "--baseline", str(before), *recorded(tmp_path / "records", 80))
    assert ran.code == 0, ran.out + ran.err
    assert verdicts(report) == {"availability": "passed", "replay error": "passed", "replay regular": "passed"}
    assert [(one["name"], one["kind"]) for one in report["gates"][1]["findings"]] == [
        ("barbara", "fixed"),
        ("ken", "fixed"),
    ]
    assert (report["gates"][2]["asked"], report["gates"][2]["failed"]) == (70, 0)
    assert report["subject"] != report["baseline"]["subject"]
    assert {"report.html", "report.md", "junit.xml"} <= {path.name for path in (tmp_path / "report").iterdir()}


def test_a_change_that_breaks_what_is_known_is_blocked(before: Path, tmp_path: Path) -> None:
    ran, report = gate(greeting(tmp_path / "after", '"Hi " + text'), "--baseline", str(before))
    assert ran.code == 3
    assert verdicts(report) == {"availability": "blocked"}, "what comes after it is not asked"
    first = report["gates"][0]["findings"][0]
    assert (first["kind"], first["places"]) == (
        "wrong",
        [{"place": "text", "before": "Hello Ada", "after": "Hi Ada"}],
    )
    assert "wrong   ada\n          text: Hello Ada → Hi Ada" in ran.out


def test_a_change_that_breaks_ordinary_traffic_is_blocked_early(before: Path, tmp_path: Path) -> None:
    body = '"Hello " + text + ("!" if random.random() < 0.8 else "")'
    ran, report = gate(
        greeting(tmp_path / "after", body), "replay", "--baseline", str(before), *recorded(tmp_path / "records", 80)
    )
    assert ran.code == 3
    regular = report["gates"][-1]
    assert (regular["ruling"]["verdict"], regular["asked"]) == ("blocked", 35)
    assert regular["fields"][0]["field"] == "text"
    assert regular["fields"][0]["noise"] == 0
    assert regular["findings"][0]["kind"] == "changed"


def test_others_stand_in_for_records_that_cannot_be_asked_again(before: Path, tmp_path: Path) -> None:
    from comb_compiler.cli.gate.cases import Interface, recorded as drawn
    from comb_compiler.samples.embedded import EmbeddedStore

    (tmp_path / "records").mkdir()
    store = EmbeddedStore(tmp_path / "records")
    proto = PROTO.replace("message GreetRequest {", 'import "google/protobuf/struct.proto";\nmessage GreetRequest {')
    proto = proto.replace("Name name = 1;", "Name name = 1; google.protobuf.Value more = 2;")
    (tmp_path / "greeting.proto").write_text(proto, encoding="utf-8")
    target = tmp_path / "greeting.binpb"
    assert protoc.main(["", f"-I{tmp_path}", f"-I{PROTOS}", "--include_imports", f"-o{target}", "greeting.proto"]) == 0
    interface = Interface("greeting.v1.GreetRequest", store.put_interface(target.read_bytes()))
    records = [record(number, interface=interface.digest) for number in range(30)]
    records[3].request.message = b"\x12\x09\x11" + struct.pack("<d", float("nan"))
    records[4].request.message = b"\xff"
    store.put(records)
    store.close()
    address, other = f"embedded:{tmp_path / 'records'}", interface._replace(digest="0" * 64)
    names = {case.name for case in drawn(address, "greeting", 28, [interface, other]).cases}
    assert names == {f"{number:032x}" for number in range(30)} - {f"{number:032x}" for number in (3, 4)}
    as_they_came = {case.name: case for case in drawn(address, "greeting", 29, [interface]).cases}
    assert as_they_came.keys() == names | {f"{3:032x}"}, "what has no JSON form is asked in the bytes that came"
    assert as_they_came[f"{3:032x}"].request == {}


def test_noise_of_the_baseline_is_no_break(tmp_path: Path) -> None:
    noisy = '"Hello " + text + random.choice(["!", "?"])'
    before, after = greeting(tmp_path / "before", noisy), greeting(tmp_path / "after", noisy)
    shutil.rmtree(before / "samples/error")
    shutil.rmtree(after / "samples/error")
    for directory in (before, after):
        text = (directory / "comb.yaml").read_text("utf-8").replace("    error: {samples: samples/error}\n", "")
        (directory / "comb.yaml").write_text(text, encoding="utf-8")
    ran, report = gate(after, "replay", "--baseline", str(before), *recorded(tmp_path / "records", 80))
    assert ran.code == 0, ran.out + ran.err
    (field,) = report["gates"][0]["fields"]
    assert field["field"] == "text"
    assert field["noise"] > 15
    assert "`text` is noisy" in ran.out


def test_a_candidate_that_is_killed_is_blocked_and_all_is_accounted_for(before: Path, tmp_path: Path) -> None:
    killed = 'text if text != "Grace" else os.kill(os.getpid(), signal.SIGKILL)'
    ran, report = gate(
        greeting(tmp_path / "after", killed), "availability", "--baseline", str(before), "--at-once", "1"
    )
    assert ran.code == 3, ran.out + ran.err
    (only,) = report["gates"]
    assert only["ruling"]["verdict"] == "blocked"
    assert only["asked"] == only["answered"] + only["failed"]
    assert "ended by signal 9 (as the kernel does where memory is full), after " in ran.out


def test_a_candidate_that_does_not_start_is_blocked_with_what_it_said(before: Path, tmp_path: Path) -> None:
    after = greeting(tmp_path / "after")
    (after / "operators.py").write_text("import nothing_of_that_name\n", encoding="utf-8")
    ran, report = gate(after, "--baseline", str(before))
    assert ran.code == 3
    assert verdicts(report) == {"start": "blocked"}
    assert "nothing_of_that_name" in ran.out


def test_a_baseline_that_does_not_start_leaves_it_undecided(before: Path, tmp_path: Path) -> None:
    (before / "operators.py").write_text("raise SystemExit(7)\n", encoding="utf-8")
    ran, report = gate(greeting(tmp_path / "after"), "replay", "--baseline", str(before))
    assert ran.code == 3
    assert verdicts(report) == {"start": "undecided"}


def test_what_cannot_be_decided_does_not_pass(before: Path, tmp_path: Path) -> None:
    ran, report = gate(greeting(tmp_path / "after"), "--baseline", str(before), "--store", "embedded:nothing")
    assert ran.code == 3
    assert verdicts(report)["replay regular"] == "undecided"
    assert "there is no such directory" in ran.out


def committed(directory: Path) -> None:
    """All that is there, as the first commit of `main`."""
    shutil.rmtree(directory / ".git", ignore_errors=True)
    git = ["git", "-C", str(directory), "-c", "user.name=Ada", "-c", "user.email=ada@example.com"]
    for arguments in (["init", "-q", "-b", "main"], ["add", "."], ["commit", "-qm", "first"]):
        subprocess.run([*git, *arguments], check=True, capture_output=True)


def test_the_baseline_is_the_comb_at_a_revision(before: Path) -> None:
    committed(before)
    (before / "operators.py").write_text(CODE.replace("BODY", '"Hello " + text.title()'), encoding="utf-8")
    ran, report = gate(before, "replay")
    assert ran.code == 3, "there are no records"
    assert verdicts(report)["replay error"] == "passed"
    assert report["baseline"]["name"] == "main"
    assert len(report["baseline"]["commit"]) == 40
    assert [one["kind"] for one in report["gates"][0]["findings"]] == ["fixed", "fixed"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--baseline", "nowhere"], "no directory and no revision"),
        (["--at-once", "0"], "at least one"),
        (["--arm", "b"], "there is no such arm"),
        (["--target", "elsewhere"], "neither `local` nor `container` nor HOST:PORT"),
        (["--target", "container", "--baseline", "none"], "build them, and name their layout"),
        (["--images", "images", "--baseline", "none"], "images run with --target container"),
        (["--baseline-images", "images", "--baseline", "none"], "images run with --target container"),
        (["availability"], "no repository that git reads"),
        (["replay", "availability"], "one comb at a time"),
    ],
)
def test_what_makes_no_sense_is_said(before: Path, arguments: list[str], said: str) -> None:
    ran, _ = gate(before, *arguments)
    assert (ran.code, said in ran.err) == (2, True), ran.err


JOINED = """\
  join:
    run: "operators:Join"
    in: {one: greeting.v1.Greeting, two: greeting.v1.Greeting}
    out: greeting.v1.Greeting
    timeout: 30s
graph:
  first: greet(name=$request.name)
  same: greet(name=$request.name)
  hello: join(one=first, two=same)
  return: hello
"""
JOIN = """\


class Join(Greet):
    def __call__(self, one: "greeting.v1.Greeting", two: "greeting.v1.Greeting") -> "greeting.v1.Greeting":
        return self._answer(text=WORD + one.text)
"""


def joined(directory: Path, word: str) -> Path:
    """A comb of three steps, of which the last puts a word before the answer."""
    greeting(directory)
    text = (directory / "comb.yaml").read_text("utf-8")
    (directory / "comb.yaml").write_text(text.replace(text[text.index("graph:") : text.index("sla:")], JOINED), "utf-8")
    code = CODE.replace("BODY", RIGHT) + JOIN.replace("WORD", repr(word))
    (directory / "operators.py").write_text(code, encoding="utf-8")
    shutil.rmtree(directory / "samples/error")
    sample(directory / "samples/error/ada", "Ada", "Dear Hello Ada")
    return directory


def test_where_along_the_graph_answers_part_is_said(tmp_path: Path) -> None:
    before, after = joined(tmp_path / "before", "Dear "), joined(tmp_path / "after", "Oh ")
    ran, report = gate(after, "replay", "--baseline", str(before))
    assert ran.code == 3
    (finding,) = report["gates"][0]["findings"]
    assert (finding["kind"], finding["node"]) == ("broken", "hello")
    assert "broken  ada, from `hello` on" in ran.out


def test_names_and_answers_that_terminals_would_obey_are_shown_and_reported(before: Path) -> None:
    name = os.fsdecode(b"no utf-8 \xff \x1b[2J\nb")
    sample(before / "samples/standard" / name, "\x1b[2J\n\npassed", "")
    ran, report = gate(before, "availability", "--baseline", "none")
    assert ran.code == 3, ran.out + ran.err
    assert "\x1b" not in ran.out
    assert "\n\npassed" not in ran.out
    (found,) = report["gates"][0]["findings"]
    assert found["name"] == name.replace("\udcff", "\ufffd")
    assert "no utf-8" in ET.tostring(ET.parse(before.parent / "report/junit.xml").getroot(), encoding="unicode")


def test_a_report_that_finds_no_room_leaves_nothing_behind(before: Path, tmp_path: Path) -> None:
    for number in range(30):
        sample(before / f"samples/standard/{number}", "a" * 2_000, "")
    command = [sys.executable, "-m", "comb_compiler", "gate", "availability", ".", "--baseline", "none"]

    def little_room() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))

    environment = {**os.environ, "PYTHONPATH": os.getcwd(), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [*command, "--report", str(tmp_path / "out")],
        cwd=before, env=environment, capture_output=True, text=True, timeout=300, preexec_fn=little_room,
    )  # fmt: skip
    assert (done.returncode, "the report cannot be written" in done.stderr) == (4, True), done.stderr
    assert list((tmp_path / "out").iterdir()) == []


def test_what_is_held_against_itself_proves_nothing(before: Path, tmp_path: Path) -> None:
    shutil.copytree(before, tmp_path / "after")
    ran, report = gate(tmp_path / "after", "--baseline", str(before))
    assert ran.code == 3
    assert verdicts(report) == {"availability": "passed", "replay": "undecided"}
    assert "baseline and candidate are the same" in ran.out


def test_a_comb_that_asks_for_nothing_does_not_pass(before: Path) -> None:
    (before / "comb.yaml").write_text(COMB[: COMB.index("gates:")], encoding="utf-8")
    ran, report = gate(before, "--baseline", "none")
    assert (ran.code, verdicts(report)) == (3, {"gates": "undecided"}), ran.out + ran.err


def test_a_comb_that_has_moved_is_no_new_one(tmp_path: Path) -> None:
    (tmp_path / "main").mkdir()  # a directory of the default branch's name is not that branch
    greeting(tmp_path / "old")
    shutil.rmtree(tmp_path / "old/.git")
    committed(tmp_path)
    (tmp_path / "old").rename(tmp_path / "main/new")
    after = tmp_path / "main/new"
    (after / "operators.py").write_text(CODE.replace("BODY", '"Hi " + text'), encoding="utf-8")
    sample(after / "samples/standard/ada", "Ada", "Hi Ada")
    ran, report = gate(after, "availability")
    assert (ran.code, report["baseline"]["name"]) == (3, "main"), ran.out + ran.err
    assert [one["said"] for one in report["weakened"]] == ["samples/standard: `ada` is changed (expected.text)"]


def test_samples_may_expect_what_the_change_adds_to_the_answer(before: Path, tmp_path: Path) -> None:
    after = greeting(tmp_path / "after", '"Hello " + text, tone="WARM"')
    added = "enum Tone { TONE_NONE = 0; WARM = 1; }\nmessage Greeting { string text = 1; Tone tone = 2; }"
    proto = PROTO.replace("message Greeting { string text = 1; }", added)
    (after / "greeting.proto").write_text(proto, encoding="utf-8")
    sample(after / "samples/standard/new", "New", "Hello New")
    expected = after / "samples/standard/new/expected.json"
    for tone, verdict in (("WARM", "passed"), ("TONE_NONE", "blocked"), ("COLD", "undecided")):
        expected.write_text(json.dumps({"text": "Hello New", "tone": tone}), encoding="utf-8")
        ran, report = gate(after, "availability", "--baseline", str(before))
        assert verdicts(report) == {"availability": verdict}, ran.out + ran.err
    assert "no answer can be what the sample `new` expects" in ran.out


def test_of_answers_of_millions_of_characters_a_report_has_the_beginning(tmp_path: Path) -> None:
    after = greeting(tmp_path / "after", '"x" * 3_000_000')
    ran, report = gate(after, "availability", "--baseline", "none")
    assert ran.code == 3
    assert report["gates"][0]["findings"][0]["places"][0]["after"].endswith("x… (3,000,000 characters)")
    assert sum(path.stat().st_size for path in (tmp_path / "report").iterdir()) < 100_000


def test_a_process_that_is_stuck_is_not_waited_for_with_each_sample(
    before: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from comb_compiler.cli.console import Console
    from comb_compiler.cli.gate import targets
    from comb_compiler.cli.opening import open_clean
    from comb_compiler.gates import Gone

    monkeypatch.setattr(targets, "_GRACE", 0.25)
    clean = open_clean(str(before / "comb.yaml"), Console(), "has gates")
    assert clean is not None
    plan = targets.as_written(clean.plan)._replace(deadline=0.25)

    async def asked(port: int) -> None:
        service = targets.Service("candidate", f"127.0.0.1:{port}", plan, targets.Answers(plan))
        try:
            await service.ask({"name": {"text": "Ada"}})
        finally:
            await service.close()

    stuck = r"the candidate is stuck: nothing came of a request in 0\.5 s"
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(Gone, match=stuck):
        asyncio.run(asked(silent.getsockname()[1]))


def test_a_process_that_writes_lines_without_end_is_not_kept_waiting(tmp_path: Path) -> None:
    after = greeting(tmp_path / "after", 'str(os.write(2, b"x" * 400_000) and "Hello ") + text')
    ran, report = gate(after, "availability", "--baseline", "none")
    assert verdicts(report) == {"availability": "passed"}, ran.out + ran.err


def test_a_proxy_of_the_environment_is_not_asked_for_this_machine(
    before: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    ran, _ = gate(before, "availability", "--baseline", "none")
    assert ran.code == 0, ran.out + ran.err


def started(candidate: Path, environment: dict[str, str], *arguments: str) -> "subprocess.Popen[str]":
    """`comb gate` as it runs."""
    # Who was started in the background, as this process may have been, hears no SIGINT.
    hears = "import os, signal, sys; signal.signal(2, signal.SIG_DFL); os.execv(sys.argv[1], sys.argv[1:])"
    command = [sys.executable, "-c", hears, sys.executable, "-m", "comb_compiler", "gate", *arguments, "."]
    return subprocess.Popen(
        command, cwd=candidate, env={**os.environ, "PYTHONPATH": os.getcwd(), **environment},
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_what_is_ended_half_way_leaves_no_process(tmp_path: Path, number: signal.Signals) -> None:
    begun = tmp_path / "begun"
    after = greeting(tmp_path / "after", f'open({str(begun)!r}, "w").write(str(os.getpid())) and time.sleep(50)')
    (after / "operators.py").write_text("import time\n" + (after / "operators.py").read_text("utf-8"), "utf-8")
    running = started(after, {}, "availability", "--baseline", "none")
    until = time.monotonic() + 600
    while not (begun.exists() and begun.read_text("utf-8")) and time.monotonic() < until:
        time.sleep(0.05)
    running.send_signal(number)
    _, said = running.communicate(timeout=600)
    assert (running.returncode, said) == (130, "comb: interrupted\n")
    with pytest.raises(ProcessLookupError):
        os.kill(int(begun.read_text("utf-8")), 0)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_what_is_ended_while_it_checks_leaves_no_baseline(before: Path, tmp_path: Path, number: signal.Signals) -> None:
    committed(before)
    (before / "operators.py").write_text(CODE.replace("BODY", '"Hi " + text'), encoding="utf-8")
    room = tmp_path / "room"
    room.mkdir()
    running = started(before, {"TMPDIR": str(room), "COMB_CACHE_DIR": str(tmp_path / "cache")}, "replay")
    until = time.monotonic() + 600
    while not list(room.glob("comb-baseline-*")) and time.monotonic() < until:
        time.sleep(0.001)
    running.send_signal(number)
    _, said = running.communicate(timeout=600)
    assert (running.returncode, said) == (130, "comb: interrupted\n")
    assert list(room.iterdir()) == []
