"""frame-moderation served as a process, and asked by clients of several kinds: all get the same answers."""

import asyncio
import base64
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import grpc
import grpc.aio
import numpy as np
import pytest
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.json_format import MessageToDict, Parse, ParseDict
from google.protobuf.message_factory import GetMessageClass
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase
from grpc_reflection.v1alpha.reflection_pb2 import ServerReflectionRequest, ServerReflectionResponse
from PIL import Image

from tests.conftest import RequiresTool
from tests.examples.moderation import EXAMPLE, ROOT, messages, patient_plan
from tests.runtime.service.processes import Process, process
from tests.runtime.service.serving import exchange

pytestmark = pytest.mark.slow
SERVICE = "moderation.v1.Moderation"
PROTOS = EXAMPLE / "protos"
FRAME = EXAMPLE / "samples" / "standard" / "block-followers" / "frame.jpg"
TEXTS = ["Cats of the week", "Buy followers here"]
_STUB = """
import sys, grpc, moderation_pb2, moderation_pb2_grpc
frame = moderation_pb2.Frame(image=open(sys.argv[2], "rb").read())
stub = moderation_pb2_grpc.ModerationStub(grpc.insecure_channel(sys.argv[1]))
answer, call = stub.Check.with_call(
    moderation_pb2.CheckRequest(frame=frame, check_nudity=True), timeout=120, metadata=(("comb-arm", "control"),)
)
assert dict(call.trailing_metadata())["comb-arm"] == "control"
print(answer.SerializeToString(deterministic=True).hex())
"""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    """The example, as a pod runs it."""
    directory = tmp_path_factory.mktemp("served")
    arguments = ("--code", str(EXAMPLE), "--artifacts", str(EXAMPLE), "--forced-arms", "true", "--settle", "0")
    with process(patient_plan(), directory, *arguments) as running:
        yield running


@pytest.fixture(scope="module")
def verdict(served: Process) -> Any:
    """The answer about a picture, as a generated Python stub gets it."""
    return messages()["moderation.v1.Verdict"].FromString(bytes.fromhex(by_stub(served)))


def by_stub(served: Process) -> str:
    """The answer's bytes, in hexadecimal, from classes that protoc generates."""
    with tempfile.TemporaryDirectory() as generated:
        out = [f"--python_out={generated}", f"--grpc_python_out={generated}"]
        protoc = [sys.executable, "-m", "grpc_tools.protoc", f"-I{PROTOS}", *out, "moderation.proto"]
        subprocess.run(protoc, check=True)
        command = [sys.executable, "-c", _STUB, served.grpc, str(FRAME)]
        done = subprocess.run(command, cwd=generated, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_a_generated_stub_gets_the_verdict(verdict: Any) -> None:
    assert [line.text for line in verdict.lines] == TEXTS
    assert verdict.decision == 3
    assert 0.0 < verdict.unsafe_score < 0.5


@pytest.mark.parametrize("version", ["v1", "v1alpha"])
def test_reflection_says_what_there_is(served: Process, version: str) -> None:
    method = f"/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo"
    asked = [
        ServerReflectionRequest(list_services=""),
        ServerReflectionRequest(file_containing_symbol=SERVICE),
        ServerReflectionRequest(file_containing_symbol=f"grpc.reflection.{version}.ServerReflection"),
        ServerReflectionRequest(file_containing_symbol="grpc.health.v1.Health"),
        ServerReflectionRequest(file_by_filename="nothing.proto"),
    ]
    with grpc.insecure_channel(served.grpc) as channel:
        call = channel.stream_stream(
            method, ServerReflectionRequest.SerializeToString, ServerReflectionResponse.FromString
        )
        services, *files, nothing = list(call(iter(asked), timeout=30))
    names = {service.name for service in services.list_services_response.service}
    assert {SERVICE, "grpc.health.v1.Health", f"grpc.reflection.{version}.ServerReflection"} <= names
    assert all(file.file_descriptor_response.file_descriptor_proto for file in files)
    assert nothing.error_response.error_code == grpc.StatusCode.NOT_FOUND.value[0]


def test_a_client_that_knows_only_reflection_gets_the_same_answer(served: Process, verdict: Any) -> None:
    with grpc.insecure_channel(served.grpc) as channel:
        pool = DescriptorPool(ProtoReflectionDescriptorDatabase(channel))
        method = pool.FindServiceByName(SERVICE).methods_by_name["Check"]
        request = GetMessageClass(method.input_type)()
        request.frame.image = FRAME.read_bytes()  # type: ignore[attr-defined]
        request.check_nudity = True  # type: ignore[attr-defined]
        answers = GetMessageClass(method.output_type)
        call = channel.unary_unary(f"/{SERVICE}/Check", type(request).SerializeToString, answers.FromString)
        answer = call(request, timeout=120, metadata=(("comb-arm", "control"),))
    assert MessageToDict(answer) == MessageToDict(verdict)


def asked() -> dict[str, Any]:
    """The request as JSON."""
    return {"frame": {"image": base64.b64encode(FRAME.read_bytes()).decode()}, "checkNudity": True}


@pytest.mark.parametrize("kind", ["a form", "JSON"])
def test_curl_gets_the_same_answer(requires_tool: RequiresTool, served: Process, verdict: Any, kind: str) -> None:
    curl, url = str(requires_tool("curl")), f"http://127.0.0.1:{served.http}/v1/call"
    said = ["-F", f"frame.image=@{FRAME}", "-F", "check_nudity=true"]
    if kind == "JSON":
        said = ["-H", "content-type: application/json", "--data-binary", "@-"]
    command = [curl, "-sS", "--fail-with-body", "-H", "comb-arm: control", *said, url]
    done = subprocess.run(command, input=json.dumps(asked()).encode(), capture_output=True, check=True)
    assert Parse(done.stdout, type(verdict)()) == verdict


def test_node_gets_the_same_answer(requires_tool: RequiresTool, served: Process, verdict: Any) -> None:
    node, packages = requires_tool("node"), requires_tool("grpc-js")
    script = ROOT / "tests" / "support" / "callers" / "call.mjs"
    command = [str(node), str(script), str(packages), str(PROTOS / "moderation.proto"), served.grpc, SERVICE, "Check"]

    def call(request: Any) -> Any:
        done = subprocess.run(command, input=json.dumps(request), capture_output=True, text=True, check=True)
        return json.loads(done.stdout)

    assert ParseDict(call(asked()), type(verdict)()) == verdict
    assert call({"frame": {"image": ""}}) == {"code": 3, "message": "there is no picture"}


def picture(size: tuple[int, int], kind: str = "PNG") -> bytes:
    """A grey picture."""
    content = BytesIO()
    Image.fromarray(np.full((size[1], size[0]), 200, np.uint8)).save(content, kind)
    return content.getvalue()


@pytest.mark.parametrize(
    ("image", "status"),
    [
        (b"", 400),
        (b"this is no picture", 400),
        (FRAME.read_bytes()[:3000], 400),
        (picture((1, 1)), 200),
        (picture((10_000, 10_000)), 400),
        (picture((640, 360)), 200),
        (bytes(3 * 1024 * 1024 + 1), 400),
    ],
    ids=["nothing", "no picture", "half of one", "one pixel", "100 megapixels", "no text", "too large"],
)
def test_pictures_that_are_none_get_a_typed_code_and_harm_nobody(served: Process, image: bytes, status: int) -> None:
    before = served.resident
    body = {"frame": {"image": base64.b64encode(image).decode()}}
    answer = asyncio.run(exchange(served.http, "/v1/call", body))
    assert answer.status == status
    if status == 400:
        assert answer.json["status"] == "INVALID_ARGUMENT"
    else:
        assert "lines" not in answer.json
    assert served.resident - before < 400 * 1024 * 1024


def test_health_and_metrics_say_how_it_is(served: Process, verdict: Any) -> None:
    assert [line.text for line in verdict.lines] == TEXTS
    status = asyncio.run(exchange(served.http, "/v1/status")).json
    assert status["comb"] == "frame-moderation"
    assert status["arms"] == {"control": {"weight": 90}, "rotate": {"weight": 10}}
    metrics = asyncio.run(exchange(served.http, "/metrics")).content.decode()
    assert 'comb_requests_total{arm="control",code="OK"}' in metrics
    assert 'comb_step_seconds_count{arm="control",operator="recognise",step="lines"}' in metrics
