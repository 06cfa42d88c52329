"""`comb call`: a request from what people have, an answer that they can read, and one sentence for what goes wrong."""

import base64
import json
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf import any_pb2, descriptor_pb2, descriptor_pool, message_factory

from comb_compiler.cli.calling.request import Wanted, read_request
from comb_compiler.cli.calling.showing import answer_lines, waterfall
from comb_compiler.cli.exits import UsageError
from comb_compiler.runtime.client import Outcome, Timed, timed

ROOT = Path(__file__).resolve().parents[2]
HELLO = ROOT / "examples" / "hello"
SAMPLE = ROOT / "examples" / "frame-moderation" / "samples" / "rotated" / "followers"

PROTO = """
name: "t.proto" package: "t" syntax: "proto3" dependency: "google/protobuf/any.proto"
enum_type { name: "Kind" value { name: "KIND_UNKNOWN" number: 0 } value { name: "KIND_CAT" number: 1 } }
message_type {
  name: "Picture"
  field { name: "image" number: 1 type: TYPE_BYTES label: LABEL_OPTIONAL }
  field { name: "kind" number: 2 type: TYPE_ENUM type_name: ".t.Kind" label: LABEL_OPTIONAL }
  field { name: "again" number: 3 type: TYPE_MESSAGE type_name: ".t.Picture" label: LABEL_OPTIONAL }
}
message_type {
  name: "Ask"
  field { name: "picture" number: 1 type: TYPE_MESSAGE type_name: ".t.Picture" label: LABEL_OPTIONAL }
  field { name: "deep_look" number: 2 type: TYPE_BOOL label: LABEL_OPTIONAL json_name: "deepLook" }
  field { name: "times" number: 3 type: TYPE_INT64 label: LABEL_OPTIONAL }
  field { name: "tags" number: 4 type: TYPE_STRING label: LABEL_REPEATED }
  field { name: "more" number: 5 type: TYPE_MESSAGE type_name: ".t.Picture" label: LABEL_REPEATED }
  field { name: "score" number: 6 type: TYPE_FLOAT label: LABEL_OPTIONAL }
  field { name: "extra" number: 7 type: TYPE_MESSAGE type_name: ".google.protobuf.Any" label: LABEL_OPTIONAL }
}
"""


def _classes() -> dict[str, Any]:
    from google.protobuf import text_format

    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(any_pb2.DESCRIPTOR.serialized_pb)
    pool.Add(text_format.Parse(PROTO, descriptor_pb2.FileDescriptorProto()))
    return {
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"t.{name}")) for name in ("Ask", "Picture")
    }


CLASSES = _classes()
ASK = CLASSES["Ask"]


def request(given: str | None, sets: tuple[str, ...] = (), files: tuple[str, ...] = ()) -> dict[str, Any]:
    return read_request(Wanted(given, sets, files), ASK.DESCRIPTOR, None).value


def refused(given: str | None, *sets: str) -> str:
    with pytest.raises(UsageError) as caught:
        request(given, sets)
    return str(caught.value)


def test_a_file_goes_into_the_only_field_that_takes_bytes(tmp_path: Path) -> None:
    picture = tmp_path / "cat.jpg"
    picture.write_bytes(b"\xff\xd8cat")
    given = read_request(Wanted(str(picture)), ASK.DESCRIPTOR, None)
    assert given.value == {"picture": {"image": base64.b64encode(b"\xff\xd8cat").decode()}}
    assert given.note == f"{picture} is sent as picture.image"


def test_fields_are_set_as_their_types_want(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"abc")
    sets = (
        "deep_look=true",
        "times=3",
        'tags=["a", "b"]',
        "picture.kind=KIND_CAT",
        "picture.again.kind=1",
    )
    value = request('{"deepLook": false}', sets, (f"picture.image={tmp_path / 'x'}",))
    assert value == {
        "deepLook": True,
        "times": "3",
        "tags": ["a", "b"],
        "picture": {"image": "YWJj", "kind": "KIND_CAT", "again": {"kind": 1}},
    }


@pytest.mark.parametrize(
    ("given", "sets", "said"),
    [
        ("{", (), "this is no JSON"),
        ("{}", ("deep_look",), "write --set FIELD="),
        ("{}", ("deep_lok=true",), "did you mean `deep_look`?"),
        ("{}", ("deep_look=yes",), "it is true or false, not `yes`"),
        ("{}", ("tags.x=1",), "`tags` is no message"),
        ("{}", ("tags=a",), "write its value as JSON"),
        ("{}", (f"tags={'[' * 100_000}",), "write its value as JSON"),
        ("[1]" * 2000, (), "File name too long"),
        ('{"picture": {"knd": 1}}', (), "picture.knd: t.Picture has no field `knd`; did you mean `kind`?"),
        ('{"picture": 1}', ("picture.kind=1",), "given as something else already"),
        ("no-such-file", (), "cannot be read"),
        (str(ROOT), (), "a sample is a directory with a request.json"),
    ],
)
def test_what_is_no_request_is_told(given: str, sets: tuple[str, ...], said: str) -> None:
    assert said in refused(given, *sets)


def test_a_sample_whose_request_is_in_a_store_says_how_it_is_had(tmp_path: Path) -> None:
    reference = json.dumps({"$record": "0a" * 16, "sha256": "1b" * 32})
    (tmp_path / "request.json").write_text(reference, encoding="utf-8")
    (tmp_path / "expected.json").write_text("{}", encoding="utf-8")
    assert f"its request is in a sample store: comb samples show {'0a' * 16} -o DIR" in refused(str(tmp_path))


def test_a_sample_is_asked_as_it_lies_in_its_directory() -> None:
    descriptor = type("D", (), {"full_name": "google.protobuf.Any"})
    value = read_request(Wanted(str(SAMPLE)), descriptor, None).value
    assert base64.b64decode(value["frame"]["image"]).startswith(b"\xff\xd8")


def test_an_answer_reads_as_people_would_write_it() -> None:
    answer = ASK(
        picture={"image": b"x" * 40, "kind": 1, "again": {"kind": 7}},
        deep_look=True,
        tags=["a", "b\x1b[31m"],
        more=[{"kind": 1}],
        score=0.25,
    )
    assert list(answer_lines(answer)) == [
        "picture:",
        f"  image: 40 bytes {'78' * 16}…",
        "  kind: KIND_CAT",
        "  again: {kind: 7 (unknown)}",
        "deep_look: true",
        "tags: [a, b␛[31m]",
        "more[0]: {kind: KIND_CAT}",
        "score: 0.25",
    ]


def test_server_timing_is_read_and_what_is_none_is_passed_over() -> None:
    header = 'a;dur=107.20;start=0.40;desc="OK", b;desc="SKIPPED", c;dur=x;start=1, d;dur=1;desc="DEADLINE_EXCEEDED"'
    assert timed(header) == (
        Timed("a", 0.0004, 0.1072, "OK"),
        Timed("b", 0.0, 0.0, "SKIPPED"),
        Timed("d", 0.0, 0.001, "DEADLINE_EXCEEDED"),
    )
    assert timed(";;;") == ()


@pytest.mark.parametrize("width", [60, 80, 140])
@pytest.mark.parametrize("unicode", [True, False])
def test_a_waterfall_stays_within_its_width(width: int, unicode: bool) -> None:
    steps = (
        Timed("detect", 0.0, 0.1, "OK"),
        Timed("a-step-with-a-name-that-is-longer-than-names-should-be", 0.1, 0.05, "DEADLINE_EXCEEDED"),
        Timed("nsfw", 0.0, 0.0, "SKIPPED"),
        Timed("decide", 0.1999, 0.0001, "OK"),
    )
    lines = list(waterfall(Outcome(None, "OK", "", 0.2, {}, steps), width, colour=False, unicode=unicode))
    assert len(lines) == 5
    assert max(map(len, lines)) <= width
    assert unicode or "".join(lines).replace("…", "").isascii()


# --- against a service that runs ---


def comb(*arguments: str, stdin: str | None = None) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "comb_compiler", "call", *arguments]
    return subprocess.run(command, capture_output=True, text=True, input=stdin, timeout=600, check=False)


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    command = [sys.executable, "-m", "comb_compiler", "run", str(HELLO), "--grpc-port", "0", "--http-port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        found = next(match[1] for line in process.stdout if (match := re.search(r"gRPC\s+(\S+)", line)))
        try:
            yield found
        finally:
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=600)
    assert process.returncode == 0


def test_a_service_is_asked_by_its_own_description(address: str) -> None:
    done = comb(address, "--set", "name=World")
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0] == "text: Hello, World!"
    assert any(line.startswith("greeting") and " ms" in line for line in lines)
    assert lines[-1].startswith("whole")


def test_scripts_get_json(address: str) -> None:
    done = comb(address, "-", "--format", "json", "--repeat", "3", stdin='{"name": "Ada"}')
    shown = json.loads(done.stdout)
    assert (shown["version"], shown["code"], shown["answer"]) == (1, "OK", {"text": "Hello, Ada!"})
    assert [step["name"] for step in shown["steps"]] == ["greeting"]
    assert [one["code"] for one in shown["calls"]] == ["OK"] * 3


def test_a_comb_is_asked_without_a_service() -> None:
    done = comb(str(HELLO), '{"name": "here"}')
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("text: Hello, here!\n")


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("{address}", "--arm", "x"), 1, "INVALID_ARGUMENT: there is no arm `x`"),
        (("{address}", '{"name": 5}'), 2, "hello.v1.GreetRequest"),
        (("{address}", "--method", "a/B"), 2, "it has hello.v1.GreeterService/Greet"),
        (("{address}", "--timeout", "nan"), 2, "--timeout"),
        (("{address}", "--timeout", "9", '{"name": 5}'), 2, "hello.v1.GreetRequest"),
        (("{address}", "--header", "x"), 2, "NAME=VALUE"),
        (("{address}", "--header", ":path=x"), 2, "a name is made of letters"),
        (("{address}", "--header", "x-bin=x"), 2, "ends in no `-bin`"),
        (("{address}", "--arm", "é"), 2, "no arm is called that"),
        (("127.0.0.1:1",), 4, "nothing at 127.0.0.1:1 speaks gRPC"),
        (("nowhere",), 2, "it is no HOST:PORT"),
        (("http://127.0.0.1:8080",), 2, "http://127.0.0.1:8080: a service is asked at its gRPC port: HOST:PORT, or"),
        ((str(ROOT / "README.md"),), 1, "error"),
    ],
)
def test_what_goes_wrong_is_one_sentence(address: str, arguments: tuple[str, ...], code: int, said: str) -> None:
    done = comb(*(one.format(address=address) if "{address}" in one else one for one in arguments))
    assert done.returncode == code
    assert said in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_who_waits_for_a_service_that_does_not_say_what_it_answers_can_leave() -> None:
    asked, told = threading.Event(), threading.Event()

    class Silent(grpc.GenericRpcHandler):  # type: ignore[misc]
        def service(self, _: object) -> object:
            return grpc.stream_stream_rpc_method_handler(self._wait)

        def _wait(self, _: object, __: object) -> Iterator[bytes]:
            asked.set()
            told.wait(600)
            yield from ()

    server = grpc.server(ThreadPoolExecutor(2), (Silent(),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        command = [sys.executable, "-m", "comb_compiler", "call", f"127.0.0.1:{port}", "{}"]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
            assert asked.wait(600)
            process.send_signal(signal.SIGINT)
            _, said = process.communicate(timeout=600)
        assert (process.returncode, said) == (130, "comb: interrupted\n")
    finally:
        told.set()
        server.stop(None)
