"""`comb health` as a user runs it: on a comb, on a real service, and on what is neither."""

import json
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from comb_compiler.runtime.health import Level, read_report, report_json
from tests.architecture.imports import ROOT
from tests.cli.conftest import COMB, Comb

SCHEMAS = ROOT / "schemas"
OPERATORS = '''
import json
from pathlib import Path
from typing import Any


class Greet:
    """Greets; how, is in a file beside it."""

    def __init__(self, messages: "comb_compiler.runtime.Messages") -> None:
        self.greeting: Any = messages["greeting.v1.Greeting"]
        self.word = Path(__file__).with_name("word.txt").read_text().strip()

    def __call__(self, name: "greeting.v1.Name") -> "greeting.v1.Greeting":
        return self.greeting(text=f"{self.word} {name.text}")
'''.replace('"comb_compiler.runtime.Messages"', "Messages").replace(
    "import json\n", "from comb_compiler.runtime import Messages\n"
)
GATES = "gates: {availability: {samples: samples}}\n"


@pytest.fixture
def greeting(checkout: Path) -> Path:
    """A comb with an operator that can be spoiled by a file, and two golden samples."""
    (checkout / "comb.yaml").write_text(COMB.replace("80ms", "30s") + GATES, encoding="utf-8")
    (checkout / "operators.py").write_text(OPERATORS, encoding="utf-8")
    (checkout / "word.txt").write_text("Hello", encoding="utf-8")
    (checkout / "other.json").write_text(
        '{"version": 1, "comb": "other", "places": [], "goldens": []}', encoding="utf-8"
    )
    for name, expected in (("ada", "Hello Ada"), ("bob", "Hello Bob")):
        directory = checkout / "samples" / name
        directory.mkdir(parents=True)
        (directory / "request.json").write_text(json.dumps({"name": {"text": name.capitalize()}}), encoding="utf-8")
        (directory / "expected.json").write_text(json.dumps({"text": expected}), encoding="utf-8")
    return checkout


def valid(name: str, value: Any) -> None:
    schema = json.loads((SCHEMAS / f"{name}.v1.schema.json").read_text(encoding="utf-8"))
    Draft7Validator.check_schema(schema)
    Draft7Validator(schema).validate(value)


@pytest.mark.slow
def test_a_comb_whose_golden_samples_are_right_is_healthy(greeting: Path, comb: Comb) -> None:
    ran = comb("health", ".")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.split("\n")[:2] == ["greeting: healthy", "golden samples: 2 right"]
    assert re.search(r"^healthy +greet +2 +2$", ran.out, re.MULTILINE)


@pytest.mark.slow
def test_wrong_answers_are_told_with_whom_they_point_at(greeting: Path, comb: Comb) -> None:
    (greeting / "word.txt").write_text("Hallo", encoding="utf-8")
    ran = comb("health", "comb.yaml", "--format", "json")
    assert ran.code == 1
    report = json.loads(ran.out)
    valid("health", report)
    assert report["level"] == "unhealthy"
    assert report["reasons"] == ["2 of 2 golden samples are answered wrongly: `ada`, `bob`"]
    (reason,) = report["models"][0]["reasons"]
    assert reason.endswith("`text` is not as expected; `hello` alone makes the answer")
    assert report_json(read_report(report)) == report


@pytest.mark.slow
def test_a_saved_reference_is_compared_with(greeting: Path, comb: Comb) -> None:
    assert comb("health", "--save-reference", "reference.json").code == 0
    saved = json.loads((greeting / "reference.json").read_text(encoding="utf-8"))
    valid("health-reference", saved)
    assert [golden["answers"] for golden in saved["goldens"]] == [
        {"hello": {"text": "Hello Ada"}},
        {"hello": {"text": "Hello Bob"}},
    ]
    (greeting / "word.txt").write_text("Hallo", encoding="utf-8")
    ran = comb("health", "--reference", "reference.json")
    assert ran.code == 1
    assert "`hello` (in `text`) is the first whose answer differs" in " ".join(ran.out.split())


@pytest.mark.slow
def test_an_operator_that_cannot_start_is_a_sentence(greeting: Path, comb: Comb) -> None:
    (greeting / "word.txt").unlink()
    ran = comb("health")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith("greeting: unhealthy: it cannot start: FileNotFoundError: ")


def test_mistakes_in_the_files_come_first(greeting: Path, comb: Comb) -> None:
    (greeting / "samples" / "ada" / "expected.json").write_text("{", encoding="utf-8")
    ran = comb("health")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith("samples/ada/expected.json:1: this is no JSON")
    (greeting / "comb.yaml").write_text("kind: Comb\n", encoding="utf-8")
    ran = comb("health")
    assert ran.code == 1
    assert "error[COMB" in ran.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nowhere",), "nowhere: there is no such file, and it is no HOST:PORT or URL of a service"),
        (("samples",), "samples/comb.yaml: there is no such file"),
        (("--reference", "comb.yaml"), "--reference comb.yaml: it is no JSON in UTF-8"),
        (("--reference", "other.json"), "--reference other.json: it is of the comb `other`, not of `greeting`"),
        (("--reference", "missing"), "--reference missing: it cannot be read: No such file"),
        (("127.0.0.1:1", "--samples", "x"), "are for a comb.yaml"),
        (("ftp://127.0.0.1",), "it is no HOST:PORT or URL"),
    ],
)
def test_what_makes_no_sense_is_the_command_lines_fault(
    greeting: Path, comb: Comb, arguments: tuple[str, ...], said: str
) -> None:
    ran = comb("health", *arguments)
    assert (ran.code, ran.out) == (2, "")
    assert said in ran.err


def test_a_comb_without_golden_samples_has_to_be_given_some(checkout: Path, comb: Comb) -> None:
    ran = comb("health")
    assert ran.code == 2
    assert "name one by --samples" in ran.err


# --- services ---


@contextmanager
def answering(status: int, content: bytes) -> Iterator[str]:
    """An HTTP server that says this whatever it is asked."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


MODEL = {
    "arm": "old", "operator": "gr\x1b[31meet", "model": "m", "version": "1", "params": "abc", "level": "degraded",
    "reasons": ["answers have\nshifted"], "goldens": 3, "blamed": 0, "slower": 1.0, "answers": 1200, "bad": 0,
    "reference": 1.0, "windows": 2, "shifts": [{"feature": "a", "psi": 0.3, "ks": 0.2, "chance": 0.0, "shifted": True}],
}  # fmt: skip
HEALTH = {
    "version": 1, "level": "degraded", "reasons": [], "notReady": ["it is tired"],
    "goldens": {
        "samples": "standard", "digest": "d",
        "arms": [{"arm": "old", "right": 3, "wrong": 0, "failed": 0, "unasked": 0, "skipped": 0}],
    },
    "requests": {"all": 9, "lookedAt": 9, "leftOut": 0},
    "inputs": {**MODEL, "arm": "", "operator": "", "level": "unknown", "reasons": [], "shifts": [], "answers": 0},
    "models": [MODEL],
}  # fmt: skip


def test_a_services_health_is_shown_and_what_it_sends_is_not_obeyed(comb: Comb) -> None:
    valid("health", HEALTH)
    with answering(200, json.dumps({"comb": "greeting", "health": HEALTH}).encode()) as address:
        ran = comb("health", address)
        assert comb("health", f"http://{address}/", "--format", "json").out == json.dumps(HEALTH, indent=2) + "\n"
    assert ran.code == 0
    assert "\x1b" not in ran.out
    assert ran.out.startswith("greeting: degraded\ngolden samples in arm old: 3 right\n")
    assert "1,200" in ran.out
    assert ran.out.endswith("not ready: it is tired\n")


def test_all_that_keeps_a_service_from_being_ready_is_shown(comb: Comb) -> None:
    reasons = ["it is tired", "process `far` cannot be reached"]
    with answering(200, json.dumps({"comb": "greeting", "health": HEALTH, "reasons": reasons}).encode()) as address:
        ran = comb("health", address)
    assert ran.out.endswith("not ready: it is tired\nnot ready: process `far` cannot be reached\n")


def test_an_unhealthy_service_is_a_finding(comb: Comb) -> None:
    sick = {**HEALTH, "level": "unhealthy"}
    with answering(200, json.dumps({"health": sick}).encode()) as address:
        assert comb("health", address).code == 1


@pytest.mark.parametrize(
    ("status", "content", "said"),
    [
        (200, b"not json", "gave no JSON"),
        (200, b"[" * 100_000, "gave no JSON"),
        (200, b"[]", "gave no status"),
        (200, b'{"comb": "x"}', "says nothing of health"),
        (200, b'{"health": {"version": 7}}', "cannot be used: it is in version 7"),
        (200, b'{"health": []}', "cannot be used"),
        (200, json.dumps({"health": HEALTH}).replace("1200", "1e999").encode(), "cannot be used"),
        (200, json.dumps({"health": {**HEALTH, "level": "fine"}}).encode(), "cannot be used"),
        (200, json.dumps({"health": {**HEALTH, "models": [5]}}).encode(), "cannot be used"),
        (503, b"{}", "cannot be had: Service Unavailable"),
    ],
)
def test_a_service_that_says_nothing_of_use_is_an_outside_failure(
    comb: Comb, status: int, content: bytes, said: str
) -> None:
    with answering(status, content) as address:
        ran = comb("health", address)
    assert (ran.code, ran.out) == (4, "")
    assert said in ran.err


def test_what_does_not_speak_http_is_told_without_its_bytes(comb: Comb) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(1024)
                connection.sendall(b"\x00\x00\x12\x04\x00\x00\x1b[2J\n")

        threading.Thread(target=answer, daemon=True).start()
        ran = comb("health", f"127.0.0.1:{server.getsockname()[1]}")
    assert ran.code == 4
    assert "does not speak HTTP" in ran.err
    assert "\x1b" not in ran.err


def test_nobody_there_is_an_outside_failure(comb: Comb) -> None:
    ran = comb("health", "127.0.0.1:9")
    assert ran.code == 4
    assert "http://127.0.0.1:9/v1/status cannot be had" in ran.err


def test_every_level_has_its_word() -> None:
    schema = json.loads((SCHEMAS / "health.v1.schema.json").read_text(encoding="utf-8"))
    assert schema["definitions"]["level"]["enum"] == [level.word for level in Level]
