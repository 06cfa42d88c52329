"""A service that records: what it was asked is in the store when it has ended, and nothing that is to be hidden."""

import json
import signal
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from comb_compiler.release import Recording, Rule
from comb_compiler.runtime.service import BadSettings, Settings, read_settings
from comb_compiler.samples.embedded import EmbeddedStore
from comb_compiler.samples.record_pb2 import ERROR, RULE, SAMPLED, Record
from comb_compiler.samples.store import Query
from tests.runtime.plans import plan
from tests.runtime.recording.test_hiding import SECRET, scan
from tests.runtime.service.processes import process

RULES = (Rule("short", "size(loud.text) < 3", ("loud",), "hardly a letter"),)
NODES = {
    "loud": ("shout", {"letter": "request.letter"}),
    "apart": ("misbehaves", {"letter": "request.other"}),
    "last": ("join", {"first": "loud", "second": "apart"}),
}


def post(port: int, body: dict[str, Any], **headers: str) -> tuple[int, str]:
    """The status and the text that came back."""
    said = {"content-type": "application/json", **{name.replace("_", "-"): value for name, value in headers.items()}}
    url = f"http://127.0.0.1:{port}/post.v1.Post/Send"
    request = urllib.request.Request(url, json.dumps(body).encode(), said)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def kept(store: Path) -> list[Record]:
    opened = EmbeddedStore(store)
    try:
        return list(opened.scan(Query()))
    finally:
        opened.close()


def test_what_a_service_was_asked_is_in_its_store_after_its_end(tmp_path: Path) -> None:
    recording = Recording(1.0, ("error",), redact=("request.letter.maybe",), patterns=("email",), marks=RULES)
    a_plan = plan(NODES, "last", recording=recording)
    store = tmp_path / "samples"
    options = ["--samples", f"embedded:{store}", "--settle", "0", "--environment", "staging", "--release", "r7"]
    with process(a_plan, tmp_path, *options) as running:
        for number in range(20):
            body = {"letter": {"text": f"letter {number}", "maybe": SECRET}, "other": {"text": "pid"}}
            assert post(running.http, body, x_request_id=f"r{number}")[0] == 200
        assert post(running.http, {"letter": {"text": "a"}, "other": {"text": "pid"}})[0] == 200
        secret = {"letter": {"text": f"to ann@example.com {SECRET}", "maybe": SECRET}, "other": {"text": "raise"}}
        assert post(running.http, secret)[0] == 500
        metrics = f"http://127.0.0.1:{running.http}/metrics"
        page = urllib.request.urlopen(metrics, timeout=30).read().decode()
        running.tell(signal.SIGTERM)
        assert running.ended() == 0
        said = "\n".join(running.said)
    found = kept(store)
    assert [one.request_id for one in found[:20]] == [f"r{number}" for number in range(20)]
    assert {one.reason for one in found} == {SAMPLED, ERROR}
    assert {(one.comb, one.environment, one.release) for one in found} == {("post", "staging", "r7")}
    assert [mark.by for one in found for mark in one.marks] == ["rule:short"]
    apart = {one.node: one for one in found[0].operators}["apart"]
    assert apart.resources.rss > 1_000_000
    assert apart.queued <= apart.duration
    assert not list(tmp_path.glob("samples.spool/*"))
    assert "comb_recording_store_answers 1.0" in page
    assert 'comb_recording_rule_off{rule="short"} 0.0' in page
    for hidden in (SECRET, "ann@example.com"):
        assert scan(tmp_path, hidden.encode()) == []
        assert hidden not in page
        assert hidden not in said


def test_a_service_whose_store_cannot_be_opened_answers_and_says_so(tmp_path: Path) -> None:
    (tmp_path / "samples").write_text("no directory")
    a_plan = plan({"one": ("shout", {"letter": "request.letter"})}, "one", recording=Recording(1.0))
    options = ["--samples", f"embedded:{tmp_path / 'samples'}", "--settle", "0"]
    with process(a_plan, tmp_path, *options) as running:
        for number in range(5):
            assert post(running.http, {"letter": {"text": str(number)}})[0] == 200
        running.tell(signal.SIGTERM)
        assert running.ended() == 0
        assert "the sample store does not take records" in "\n".join(running.said)
    assert list(tmp_path.glob("samples.spool/*/*.records"))


def test_a_rule_keeps_what_nothing_else_keeps_in_a_service(tmp_path: Path) -> None:
    nodes = {"loud": ("shout", {"letter": "request.letter"})}
    a_plan = plan(nodes, "loud", recording=Recording(0.0, marks=RULES))
    with process(a_plan, tmp_path, "--samples", f"embedded:{tmp_path / 'samples'}", "--settle", "0") as running:
        for text in ("a", "long enough", "b"):
            assert post(running.http, {"letter": {"text": text}}, x_request_id=text.replace(" ", "-"))[0] == 200
        running.tell(signal.SIGTERM)
        assert running.ended() == 0
    assert [(one.request_id, one.reason) for one in kept(tmp_path / "samples")] == [("a", RULE), ("b", RULE)]


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"samples": "elsewhere"}, "must be embedded:DIR"),
        ({"samples": "embedded:"}, "must be embedded:DIR"),
        ({"samples_spool": "x"}, "--samples-spool needs --samples"),
    ],
)
def test_a_store_that_nobody_understands_is_refused(given: dict[str, str], reason: str) -> None:
    with pytest.raises(BadSettings, match=reason):
        read_settings(given, {})
    assert read_settings({"samples": "embedded:x"}, {"COMB_SAMPLES_SALT": "s"}) == Settings(
        samples="embedded:x", samples_salt="s"
    )
