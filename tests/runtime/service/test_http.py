"""JSON over HTTP: the comb's method in three encodings, the pages, and what is refused."""

import asyncio
import base64
import json
import re
from typing import Any

import pytest

from tests.runtime.operators import Waits
from tests.runtime.post.post_pb2 import Letter
from tests.runtime.service.serving import METHOD, OPERATORS, Running, exchange, letter, parsed, say, serving, simple
from tests.runtime.waiting import run, until

FORM = "multipart/form-data; boundary=xyz"


def part(name: str, content: bytes) -> bytes:
    """A part of a form."""
    head = f'--xyz\r\nContent-Disposition: form-data; name="{name}"; filename="f"\r\n\r\n'
    return head.encode() + content + b"\r\n"


@pytest.mark.parametrize("path", [METHOD, "/v1/call", "/v1/call?x=1"])
def test_json_is_answered_with_json(path: str) -> None:
    async def main() -> None:
        async with serving(simple()) as running:
            body = {"letter": {"text": "grüße", "number": 1, "picture": base64.b64encode(b"\x00\xff").decode()}}
            answer = await exchange(running.http, path, body, x_request_id="mine", comb_timing="1")
            assert (answer.status, answer.json) == (200, {"text": "GRÜSSE", "number": "2"})
            assert answer.headers["x-request-id"] == "mine"
            assert answer.headers["server-timing"].startswith("one;dur=")

    run(main())


def test_protobuf_is_taken_and_given() -> None:
    async def main() -> None:
        async with serving(simple()) as running:
            kind = "application/x-protobuf"
            content = letter("a").SerializeToString()
            answer = await exchange(running.http, METHOD, content, content_type=kind, accept=kind)
            assert (answer.status, answer.headers["content-type"]) == (200, kind)
            assert Letter.FromString(answer.content).text == "A"

    run(main())


def test_a_form_has_files_as_they_are() -> None:
    async def main() -> None:
        picture = bytes(range(256)) + b"\r\n--xy\r\n\n\r" + b"--xyz"
        async with serving(simple("same")) as running:
            body = part("letter.picture", picture) + part("letter.number", b"7") + part("letter.text", b"h\xc3\xa9")
            body += part("letter.flag", b"true") + part("letter.lines", b"one") + part("letter.lines", b"two")
            answer = await exchange(running.http, METHOD, body + b"--xyz--\r\n", content_type=FORM)
            assert answer.status == 200
            assert answer.json == {
                "text": "hé",
                "number": "7",
                "flag": True,
                "lines": ["one", "two"],
                "picture": base64.b64encode(picture).decode(),
            }

    run(main())


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"--xyz",
        b"--xyz--",
        part("letter.text", b"a"),
        part("letter.text", b"\xff") + b"--xyz--",
        part("letter.nothing", b"a") + b"--xyz--",
        part("letter", b"a") + b"--xyz--",
        part("letter.text.more", b"a") + b"--xyz--",
        part("letter.number", b"many") + b"--xyz--",
        part("letter.flag", b"perhaps") + b"--xyz--",
        part("letter", b'{"text": "a"}') + part("letter", b"{}") + b"--xyz--",
        part("letter", b"[]") + part("letter.text", b"a") + b"--xyz--",
        b"--xyz\r\n\r\nno name\r\n--xyz--",
        part("letter.lines", b"a") * 300 + b"--xyz--",
    ],
)
def test_a_form_that_is_none_is_an_invalid_argument(body: bytes) -> None:
    async def main() -> None:
        async with serving(simple("same")) as running:
            answer = await exchange(running.http, METHOD, body, content_type=FORM)
            if body != b"--xyz--":
                assert (answer.status, answer.json["status"]) == (400, "INVALID_ARGUMENT")

    run(main())


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "it is no JSON"),
        (b"{", "it is no JSON"),
        (b"[]", "it is no JSON object"),
        (b"null", "it is no JSON object"),
        (b"\xff\xfe\xfa", "it is no JSON"),
        (b"[" * 200_000, "it is no JSON"),
        (b'{"letter":' * 100_000, "it is no JSON"),
        (b'{"letter": {"inner": ' * 150 + b"{}" + b"}}" * 150, ""),
        (b'{"letter": {"weight": NaN}}', "NaN must be in quotes"),
        (b'{"letter": {"text": "a", "text": "b"}}', "`text` is there twice"),
        (b'{"letter": {"picture": "!!!!"}}', "`letter.picture` is no base64"),
        (b'{"letter": {"picture": "abcde"}}', "`letter.picture` is no base64"),
        (b'{"letter": {"inner": {"picture": "a b="}}}', "`letter.inner.picture` is no base64"),
        (b'{"letter": {"picture": 5}}', ""),
        (b'{"letter": {"picture": {}}}', ""),
        (b'{"letter": {"texts": "a"}}', 'no field named "texts"'),
        (b'{"letter": {"number": "many"}}', ""),
        (b'{"letter": {"number": 1e99}}', ""),
        (b'{"letter": {"number": 99999999999999999999}}', ""),
        (b'{"letter": {"text": "\\ud800"}}', ""),
        (b'{"letter": {"\\ud800": 1}}', "a name has half of a surrogate pair"),
        (b'{"letter": {"\\ud800": 1, "\\ud800": 2}}', "`?` is there twice"),
        (b'{"letter": [1]}', ""),
        (b'{"letter": {"lines": "a"}}', ""),
        (b'{"letter": ' + b"9" * 5000 + b"}", ""),
    ],
)
def test_json_that_is_no_request_is_an_invalid_argument(body: bytes, said: str) -> None:
    async def main() -> None:
        async with serving(simple("same")) as running:
            answer = await exchange(running.http, METHOD, body, content_type="application/json")
            assert (answer.status, answer.json["code"], answer.json["status"]) == (400, 3, "INVALID_ARGUMENT")
            assert said in answer.json["message"]
            assert len(answer.json["message"]) <= 500
            assert (await exchange(running.http, METHOD, {"letter": {"text": "b"}})).json == {"text": "b"}

    run(main())


@pytest.mark.parametrize(
    ("operator", "status", "code"), [("refuses", 400, "INVALID_ARGUMENT"), ("raises", 500, "INTERNAL")]
)
def test_failures_have_the_status_of_their_code(operator: str, status: int, code: str) -> None:
    async def main() -> None:
        async with serving(simple(operator)) as running:
            answer = await exchange(running.http, METHOD, {"letter": {"text": "xyzzy"}})
            assert (answer.status, answer.json["status"]) == (status, code)
            assert b"xyzzy" not in answer.content

    run(main())


def test_an_answer_that_cannot_be_written_is_an_error_that_names_its_request() -> None:
    async def main() -> None:
        async with serving(simple(f"{OPERATORS}:nests")) as running:
            answer = await exchange(running.http, METHOD, {"letter": {}}, x_request_id="mine")
            assert (answer.status, answer.json["status"], answer.headers["x-request-id"]) == (500, "INTERNAL", "mine")
            assert answer.json["message"] == "the answer, a post.v1.Letter, cannot be written as JSON"

    run(main())


@pytest.mark.parametrize("timeout", ["soon", "nan", "inf", "-1", "1e400"])
def test_a_timeout_that_is_none_is_an_invalid_argument(timeout: str) -> None:
    async def main() -> None:
        async with serving(simple()) as running:
            answer = await exchange(running.http, METHOD, {}, comb_timeout=timeout)
            assert (answer.status, answer.json["status"]) == (400, "INVALID_ARGUMENT")

    run(main())


def test_a_timeout_that_passes_is_a_deadline_exceeded() -> None:
    async def main() -> None:
        Waits.gate = asyncio.Event()
        async with serving(simple("Waits")) as running:
            answer = await exchange(running.http, METHOD, {"letter": {}}, comb_timeout="0.05")
            assert (answer.status, answer.json["status"]) == (504, "DEADLINE_EXCEEDED")
            assert answer.json["message"] == "the deadline passed, waiting for `one`"

    run(main())


@pytest.mark.parametrize(
    ("path", "method", "headers", "status"),
    [
        ("/nothing", "GET", {}, 404),
        ("/post.v1.Post/Other", "POST", {}, 404),
        ("/healthz", "POST", {}, 405),
        (METHOD, "GET", {}, 405),
        (METHOD, "BREW", {}, 405),
        (METHOD, "POST", {}, 415),
        (METHOD, "POST", {"content_type": "text/html"}, 415),
        (METHOD, "POST", {"content_type": "application/json", "origin": "https://elsewhere.example"}, 403),
        (METHOD, "POST", {"content_type": "application/json", "origin": "null"}, 403),
    ],
)
def test_what_is_not_there_is_refused(path: str, method: str, headers: dict[str, str], status: int) -> None:
    async def main() -> None:
        async with serving(simple()) as running:
            answer = await exchange(running.http, path, method=method, **headers)
            assert answer.status == status
            assert answer.json["message"]

    run(main())


def test_the_pages_say_what_this_is() -> None:
    async def main() -> None:
        async with serving(simple()) as running:
            await exchange(running.http, METHOD, {"letter": {}})
            front = (await exchange(running.http, "/")).content.decode()
            assert "curl -F letter.picture=@FILE http://test/v1/call" in front
            assert (await exchange(running.http, "/healthz")).content == b"alive\n"
            assert (await exchange(running.http, "/readyz")).json == {"ready": True, "reasons": []}
            status = (await exchange(running.http, "/v1/status")).json
            assert (status["comb"], status["method"]) == ("post", "post.v1.Post/Send")
            metrics = (await exchange(running.http, "/metrics")).content.decode()
            assert 'comb_requests_total{arm="",code="OK"} 1.0' in metrics
            assert re.search(r'comb_step_seconds_bucket{arm="",le="\+Inf",operator="\w+",step="one"} 1.0', metrics)
            head = await exchange(running.http, "/healthz", method="HEAD")
            assert (head.status, head.content, head.headers["content-length"]) == (200, b"", "6")

    run(main())


def test_requests_sent_ahead_are_answered_in_their_order() -> None:
    async def main() -> None:
        async with serving(simple()) as running:
            bodies = [json.dumps({"letter": {"text": f"a{index}"}}).encode() for index in range(20)]
            head = f"POST {METHOD} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
            ahead = b"".join(f"{head}content-length: {len(one)}\r\n\r\n".encode() + one for one in bodies)
            ahead += b"GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
            received = await say(running.http, ahead)
            places = [received.index(f'"A{index}"'.encode()) for index in range(20)]
            assert places == sorted(places)
            assert received.endswith(b"alive\n")

    run(main())


def test_a_chunked_body_is_taken_and_bounded() -> None:
    async def main() -> None:
        async with serving(simple(), message_bytes=1024) as running:
            head = f"POST {METHOD} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\n"
            head += "transfer-encoding: chunked\r\n\r\n"
            body = b'{"letter": {"text": "a"}}'
            chunks = b"".join(b"1\r\n" + bytes([one]) + b"\r\n" for one in body) + b"0\r\n\r\n"
            answer = parsed(await say(running.http, head.encode() + chunks))
            assert (answer.status, answer.json) == (200, {"text": "A", "number": "1"})
            endless = (b"10000\r\n" + b" " * 0x10000 + b"\r\n") * 4
            assert parsed(await say(running.http, head.encode() + endless)).status == 413

    run(main())


def test_a_body_that_is_too_large_is_refused_before_it_is_sent() -> None:
    async def main() -> None:
        async with serving(simple()) as running:
            head = f"POST {METHOD} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
            head += "expect: 100-continue\r\ncontent-length: 99999999999\r\n\r\n"
            received = await say(running.http, head.encode())
            assert received.startswith(b"HTTP/1.1 413")
            small = head.replace("99999999999", "2")
            async with asyncio.timeout(120):
                reader, writer = await asyncio.open_connection("127.0.0.1", running.http)
                writer.write(small.encode())
                assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 100")
                writer.write(b"{}")
                assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
                writer.close()

    run(main())


@pytest.mark.parametrize("goes", ["closes", "resets"])
def test_a_client_that_goes_away_ends_what_runs(goes: str) -> None:
    async def main() -> None:
        Waits.gate, Waits.cancelled = asyncio.Event(), 0
        async with serving(simple("Waits")) as running:
            _, writer = await asyncio.open_connection("127.0.0.1", running.http)
            body = b'{"letter": {}}'
            head = f"POST {METHOD} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
            writer.write(f"{head}content-length: {len(body)}\r\n\r\n".encode() + body)
            await until(lambda: running.engine.under_way == 1)
            if goes == "resets":
                writer.transport.abort()
            else:
                writer.close()
            await until(lambda: Waits.cancelled == 1 and running.engine.under_way == 0)
            await still_well(running)

    run(main())


async def still_well(running: Running) -> None:
    """Others are answered."""
    answer: Any = await exchange(running.http, "/healthz")
    assert answer.status == 200
