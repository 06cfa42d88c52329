"""A server that answers as Prometheus does, for a candidate that has its share and does as a test says."""

import http.server
import json
import re
import threading
import time
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["Figures", "figures"]


class Figures:
    """What is said of a candidate: requests since its step began, those that failed, whether its share is there, and
    whether it is ready. `watched` is for how many seconds it has been so, whatever the step.
    """

    def __init__(self) -> None:
        self.url = ""
        self.requests, self.failed = 1000, 0
        self.is_there, self.is_gone, self.is_ready, self.watched = True, True, True, 100
        self.asked: list[str] = []
        self.tokens: set[str] = set()

    def answer(self, query: str, at: float | None) -> Any:
        """The result of a query, at a time."""
        self.asked.append(query)
        now = int(time.time() if at is None else at)
        if query == "time()":
            return {"resultType": "scalar", "result": [now, str(now)]}
        if "comb_candidate_share" in query:
            is_right = self.is_gone if re.search(r"- 0\)", query) else self.is_there
            return self._series(now, 0.0 if is_right else 0.2)
        if "comb_ready" in query:
            return self._series(now, float(self.is_ready))
        if query.startswith("(comb_requests_total"):
            good = self._counter(now, self.requests - self.failed, code="OK")
            return {"resultType": "matrix", "result": [good, self._counter(now, self.failed, code="INTERNAL")]}
        return {"resultType": "matrix", "result": []}

    def _series(self, now: int, value: float) -> Any:
        values = [[now - second, str(value)] for second in range(self.watched, -1, -1)]
        return {"resultType": "matrix", "result": [{"metric": {}, "values": values}]}

    def _counter(self, now: int, value: float, **labels: str) -> Any:
        return {"metric": labels, "values": [[now - self.watched, "0"], [now, str(value)]]}


@contextmanager
def figures() -> Iterator[Figures]:
    """The server, on 127.0.0.1."""
    said = Figures()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            said.tokens.add(self.headers.get("authorization", ""))
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            asked = {name: one[0] for name, one in urllib.parse.parse_qs(body).items()}
            data = said.answer(asked["query"], float(asked["time"]) if "time" in asked else None)
            content = json.dumps({"status": "success", "data": data}).encode()
            self.send_response(200)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    said.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield said
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
