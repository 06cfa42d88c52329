"""A target that does what it must not: there is a reason, and never an answer."""

import socket
import time
from collections.abc import Callable, Iterator

import pytest

from comb_compiler.load import ERROR, GRPC, HTTP, Generator, Refused, Step, StepResult
from tests.load.hostile import listening
from tests.load.serving import job

STEP = Step(rate=40.0, seconds=0.5, timeout=10.0, arrivals="constant")
SENT = 20
OK_HEAD = b"HTTP/1.1 200 OK\r\n"
PREFACE = 24
AGREEMENT = bytes([0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 4, 1, 0, 0, 0, 0])
"""HTTP/2: settings of its own, and that it has taken the other side's."""


@pytest.fixture(scope="module")
def generator() -> Iterator[Generator]:
    with Generator() as one:
        yield one


Serve = Callable[[socket.socket], None]
Offered = Callable[..., StepResult]


@pytest.fixture
def offered(generator: Generator) -> Offered:
    def offer(serve: Serve, protocol: str, connections: int = 0, timeout: float = STEP.timeout) -> StepResult:
        with listening(serve) as port:
            asked = job(port, protocol=protocol, connections=connections, path="/run")
            return generator.run(asked, STEP._replace(timeout=timeout))

    return offer


def answering(answer: bytes) -> Serve:
    def serve(connection: socket.socket) -> None:
        while connection.recv(65536):
            connection.sendall(answer)

    return serve


def agreeing(then: Serve) -> Serve:
    """A server of HTTP/2 until it is agreed on, and after the first request whatever follows."""

    def serve(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(AGREEMENT)
        time.sleep(0.1)
        then(connection)

    return serve


@pytest.mark.parametrize(
    ("answer", "code", "why"),
    [
        (b"SSH-2.0-OpenSSH\r\n", "MALFORMED", "what came is not HTTP/1.1"),
        (b"HTTP/1.1 099 Early\r\n\r\n", "MALFORMED", "what came is not HTTP/1.1"),
        (OK_HEAD + b"content-length: many\r\n\r\n", "MALFORMED", "a length that is no number"),
        (OK_HEAD + b"transfer-encoding: chunked\r\n\r\nlots\r\n", "MALFORMED", "a chunk without a length"),
        (OK_HEAD + b"content-length: 2\r\n\r\n{}more", "MALFORMED", "an answer to what was not asked"),
    ],
)
def test_an_answer_that_is_no_http_is_none(offered: Offered, answer: bytes, code: str, why: str) -> None:
    found = offered(answering(answer), HTTP)
    assert found.whole.codes == {code: SENT}
    assert found.said == {f"{code}: {why}": SENT}
    assert found.offences == {why: SENT}
    assert found.percentiles() == {}


def test_an_http_error_is_counted_by_its_status(offered: Offered) -> None:
    found = offered(answering(b"HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n"), HTTP)
    assert found.whole.codes == {"HTTP 503": SENT}


@pytest.mark.parametrize(
    "answer",
    [
        OK_HEAD + b"content-length: 2\r\n\r\n{}",
        OK_HEAD + b"transfer-encoding: chunked\r\n\r\n1\r\n{\r\n1;last=1\r\n}\r\n0\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n" + OK_HEAD + b"content-length: 2\r\n\r\n{}",
        b"HTTP/1.1 204 Nothing\r\n\r\n",
    ],
)
def test_answers_of_every_form_are_answers(offered: Offered, answer: bytes) -> None:
    found = offered(answering(answer), HTTP)
    assert found.whole.codes == {"OK": SENT}
    assert found.offences == {}


def test_an_answer_that_ends_with_its_connection_is_one(offered: Offered) -> None:
    def serve(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(OK_HEAD + b"\r\n{}")

    assert offered(serve, HTTP).whole.codes == {"OK": SENT}


def test_an_http_answer_before_it_is_asked_for_is_an_offence(offered: Offered) -> None:
    def serve(connection: socket.socket) -> None:
        connection.sendall(OK_HEAD + b"content-length: 2\r\n\r\n{}")
        connection.recv(65536)

    found = offered(serve, HTTP, connections=1)
    assert found.offences["an answer to what was not asked"] >= 1


@pytest.mark.parametrize("protocol", [GRPC, HTTP])
def test_one_that_dies_before_it_answers_is_unreachable(offered: Offered, protocol: str) -> None:
    def serve(connection: socket.socket) -> None:
        if protocol == GRPC:
            connection.recv(65536)
            connection.sendall(AGREEMENT)
            time.sleep(0.3)
        connection.recv(65536)

    found = offered(serve, protocol)
    assert found.whole.codes["UNREACHABLE"] > 0
    assert set(found.whole.codes) <= {"UNREACHABLE", "TIMEOUT"}
    assert found.said["UNREACHABLE: the connection ended before an answer"] > 0


@pytest.mark.parametrize("protocol", [GRPC, HTTP])
def test_one_that_never_answers_is_given_up_on_in_time(offered: Offered, protocol: str) -> None:
    def serve(connection: socket.socket) -> None:
        connection.recv(65536)
        if protocol == GRPC:
            connection.sendall(AGREEMENT)
        while connection.recv(65536):
            pass

    found = offered(serve, protocol, timeout=0.5)
    assert found.whole.codes == {"TIMEOUT": SENT}
    assert found.percentiles()[0.5] >= 0.5 * (1 - ERROR)


def test_one_that_is_no_http2_is_refused(offered: Offered) -> None:
    with pytest.raises(Refused, match="does not speak HTTP/2"):
        offered(answering(b"HTTP/1.1 400 Bad Request\r\n\r\n"), GRPC)


def test_one_that_says_nothing_is_refused(offered: Offered) -> None:
    def serve(connection: socket.socket) -> None:
        while connection.recv(65536):
            pass

    with pytest.raises(Refused, match="does not answer as HTTP/2 does"):
        offered(serve, GRPC)


@pytest.mark.parametrize(
    ("frame", "why"),
    [
        (bytes([0, 0, 1, 1, 5, 0, 0, 3, 1, 0x88]), "an answer to what was not asked"),
        (bytes([0, 0, 5, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0]), "an answer without headers"),
        (bytes([0, 0, 1, 1, 5, 0, 0, 0, 1, 0xFF]), "headers that cannot be read"),
        (bytes([1, 0, 0, 0, 0, 0, 0, 0, 1]), "a frame of 65,536 bytes"),
        (bytes([0, 0, 4, 5, 4, 0, 0, 0, 1, 0, 0, 0, 2]), "an answer to what was not asked"),
    ],
)
def test_frames_that_http2_does_not_allow_are_offences(offered: Offered, frame: bytes, why: str) -> None:
    def then(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(frame)
        while connection.recv(65536):
            pass

    found = offered(agreeing(then), GRPC)
    assert found.offences[why] >= 1
    assert "OK" not in found.whole.codes


@pytest.mark.parametrize(
    ("headers", "code", "why"),
    [
        (bytes([0x88]), "MALFORMED", "an answer without a status of gRPC"),
        (bytes([0x8D]), "HTTP 404", ""),
        (b"\x88\x00\x0bgrpc-status\x0299", "MALFORMED", "a status that gRPC does not have"),
        (b"\x88\x00\x0bgrpc-status\x010", "MALFORMED", "an answer that is not one whole message"),
        (b"\x88\x00\x0bgrpc-status\x018", "RESOURCE_EXHAUSTED", ""),
    ],
)
def test_answers_that_grpc_does_not_allow_are_none(offered: Offered, headers: bytes, code: str, why: str) -> None:
    def then(connection: socket.socket) -> None:
        buffer = connection.recv(65536)
        stream = 1
        while buffer:
            for _ in range(buffer.count(b"grpc-timeout")):
                head = len(headers).to_bytes(3, "big") + bytes([1, 5]) + stream.to_bytes(4, "big")
                connection.sendall(head + headers)
                stream += 2
            buffer = connection.recv(65536)

    found = offered(agreeing(then), GRPC)
    assert found.whole.codes == {code: SENT}
    assert found.said == ({f"{code}: {why}": SENT} if why else {})
