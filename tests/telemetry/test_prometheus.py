"""A server that is asked for measurements: real, and one that lies, stalls or says nothing."""

import http.server
import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from comb_compiler.telemetry import Prometheus, Unanswered
from tests.conftest import RequiresTool
from tests.servers.processes import free_ports
from tests.support.prometheus import prometheus_with

Answer = Callable[[http.server.BaseHTTPRequestHandler], None]


@contextmanager
def serving(answer: Answer, seen: list[str] | None = None) -> Iterator[str]:
    """The address of a server that answers so, and keeps the credentials that it was sent."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            if seen is not None:
                seen.append(self.headers.get("authorization", ""))
            self.rfile.read(int(self.headers["content-length"]))
            answer(self)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def saying(content: bytes, status: int = 200, **headers: str) -> Answer:
    def answer(handler: http.server.BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.send_header("content-length", str(len(content)))
        handler.end_headers()
        with suppress(OSError):  # who asked has gone
            handler.wfile.write(content)

    return answer


def success(result: object, kind: str = "matrix", **more: object) -> bytes:
    return json.dumps({"status": "success", "data": {"resultType": kind, "result": result}, **more}).encode()


def test_a_real_server_says_its_time_and_points(requires_tool: RequiresTool, tmp_path: Path) -> None:
    series = [("up", {"job": "it's"}, 1.0)]
    with prometheus_with(series, tmp_path, requires_tool("prometheus"), requires_tool("promtool")) as made:
        server = Prometheus(made.url)
        assert abs(server.now() - time.time()) < 60
        [(labels, points)] = server.points("up[1m:15s]", made.now)
        assert labels == {"__name__": "up", "job": "it's"}
        assert [value for _, value in points] == [1.0] * len(points)
        assert 4 <= len(points) <= 5
        assert server.points("nothing[1m:15s]", made.now) == []
        with pytest.raises(Unanswered, match="HTTP 400"):
            server.points("up[", made.now)
        with pytest.raises(Unanswered, match="something else"):
            server.points("up", made.now)


@pytest.mark.parametrize(
    "answer",
    [
        saying(b"no JSON"),
        saying(b"[]"),
        saying(b'{"status": "error", "error": "\\u001b[31mno"}'),
        saying(success([], warnings=["partial response: a store is down"])),
        saying(success([{"metric": {}, "values": [["x", "y"]]}])),
        saying(success([{"metric": {}}])),
        saying(success("text")),
        saying(success([], kind="vector")),
        saying(b"", 503),
        saying(b"[" * 100_000),
    ],
)
def test_what_is_no_whole_answer_is_none(answer: Answer) -> None:
    with serving(answer) as url, pytest.raises(Unanswered) as refused:
        Prometheus(url).points("up[1m:15s]", 0.0)
    assert "\x1b" not in str(refused.value)


@pytest.mark.parametrize("answer", [saying(success("soon", kind="scalar")), saying(success([], kind="scalar"))])
def test_a_server_without_a_time_is_no_source(answer: Answer) -> None:
    with serving(answer) as url, pytest.raises(Unanswered):
        Prometheus(url).now()


def test_values_that_are_no_numbers_are_left_out() -> None:
    values = [[0, "NaN"], [1, "+Inf"], [2, "3"]]
    with serving(saying(success([{"metric": {}, "values": values}]))) as url:
        assert Prometheus(url).points("up[1m:15s]", 0.0) == [({}, ((2.0, 3.0),))]


def test_a_token_goes_to_its_server_alone() -> None:
    elsewhere: list[str] = []
    here: list[str] = []
    with (
        serving(saying(success([])), elsewhere) as other,
        serving(saying(b"", 302, location=f"{other}/api/v1/query"), here) as url,
        pytest.raises(Unanswered, match="HTTP 302") as refused,
    ):
        Prometheus(url, token="hunter2").now()
    assert (here, elsewhere) == (["Bearer hunter2"], [])
    assert "hunter2" not in str(refused.value)


def test_nobody_who_listens_is_no_answer() -> None:
    [port] = free_ports(1)
    with pytest.raises(Unanswered, match="does not answer"):
        Prometheus(f"http://127.0.0.1:{port}").now()


def test_a_server_that_says_nothing_is_not_waited_for() -> None:
    over = threading.Event()

    def say_nothing(handler: http.server.BaseHTTPRequestHandler) -> None:
        over.wait(300)

    with serving(say_nothing) as url:
        began = time.monotonic()
        with pytest.raises(Unanswered, match="does not answer"):
            Prometheus(url, patience=0.3).now()
        assert time.monotonic() - began < 60
        over.set()


def test_a_server_that_never_ends_is_not_waited_for() -> None:
    def drip(handler: http.server.BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        with suppress(OSError):
            for _ in range(100):
                handler.wfile.write(b" ")
                handler.wfile.flush()
                time.sleep(0.1)

    with serving(drip) as url, pytest.raises(Unanswered, match="does not end"):
        Prometheus(url, patience=0.5).now()


def test_one_that_says_too_much_is_cut_off() -> None:
    with serving(saying(b" " * ((32 << 20) + 1))) as url, pytest.raises(Unanswered, match="longer than"):
        Prometheus(url).now()


def test_certificates_are_checked(tmp_path: Path) -> None:
    with serving(saying(success([]))) as url, pytest.raises(Unanswered):
        Prometheus(url.replace("http://", "https://"), context=ssl.create_default_context()).now()


@pytest.mark.parametrize(
    "url",
    [
        "",
        "prometheus:9090",
        "file:///etc/passwd",
        "http://me:hunter2@host",
        "http://host/?x=1",
        "http://host/#x",
        "http://",
    ],
)
def test_an_address_that_is_none_or_says_more_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="it ") as refused:
        Prometheus(url)
    assert "hunter2" not in str(refused.value)
