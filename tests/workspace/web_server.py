"""A web server on this machine that behaves badly on demand, by the path that is asked for."""

import contextlib
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote

__all__ = ["CONTENT", "serving"]

CONTENT = bytes(range(256)) * 12_001


class _Handler(BaseHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Tests are silent."""

    def do_GET(self) -> None:
        self.server.asked.append(self.path)  # type: ignore[attr-defined]
        name, _, rest = self.path[1:].partition("/")
        with contextlib.suppress(ConnectionError):
            getattr(self, f"_{name}")(rest)

    def _start(self, status: int, **headers: object) -> None:
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key.replace("_", "-"), str(value))
        self.end_headers()

    def _ok(self, rest: str) -> None:
        self._start(200, Content_Length=len(CONTENT))
        self.wfile.write(CONTENT)

    def _unsized(self, rest: str) -> None:
        self._start(200)
        self.wfile.write(CONTENT)

    def _empty(self, rest: str) -> None:
        self._start(200, Content_Length=0)

    def _truncated(self, rest: str) -> None:
        self._start(200, Content_Length=len(CONTENT))
        self.wfile.write(CONTENT[: int(rest.partition("?")[0])])

    def _status(self, rest: str) -> None:
        self._start(int(rest.partition("?")[0]), Content_Length=0, X_Secret="hunter2")

    def _redirect(self, rest: str) -> None:
        self._start(302, Location=rest)

    def _signed(self, rest: str) -> None:
        self._start(302, Location=f"{unquote(rest)}?X-Amz-Signature=hunter2")

    def _mute(self, rest: str) -> None:
        time.sleep(float(rest))

    def _drip(self, rest: str) -> None:
        self._start(200, Content_Length=len(CONTENT))
        for number in range(100):
            self.wfile.write(CONTENT[number : number + 1])
            self.wfile.flush()
            time.sleep(0.05)

    def _hang(self, rest: str) -> None:
        self._start(200, Content_Length=len(CONTENT))
        self.wfile.write(CONTENT[: 2 << 20])
        self.wfile.flush()
        time.sleep(float(rest))

    def _closed(self, rest: str) -> None:
        self.close_connection = True


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: list[str] = []

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that has gone is what some tests are about."""


@contextlib.contextmanager
def serving() -> Iterator[tuple[str, list[str]]]:
    """The server's address, and the paths that it was asked for so far."""
    with _Server() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", server.asked
        finally:
            server.shutdown()
            thread.join()
