"""gRPC's unary calls over HTTP/2, on gevent's sockets: a few connections, many calls on each at once."""

from collections import deque
from itertools import cycle
from urllib.parse import unquote

import gevent
from gevent.event import Event

from comb_compiler.load.calls import Call, Exhausted, Ledger, Malformed, Refused
from comb_compiler.load.http2 import Answer, Http2, encoded
from comb_compiler.load.model import CODES, MALFORMED, OK, UNREACHABLE, Input, Job, Target, http_code
from comb_compiler.load.sockets import Wire, connected

__all__ = ["GrpcClient"]

_RESETS = {7: CODES.index("UNAVAILABLE"), 8: CODES.index("CANCELLED"), 11: CODES.index("RESOURCE_EXHAUSTED")}
"""HTTP/2's codes → gRPC's, as its specification says; every other one is INTERNAL."""
_INTERNAL = CODES.index("INTERNAL")


class GrpcClient:
    """Calls go to its connections in turn."""

    def __init__(self, job: Job, timeout: float, ledger: Ledger) -> None:
        prepared = [_prepared(job.target, one, timeout) for one in job.inputs]
        self._connections = [_Connection(job.target, prepared, ledger) for _ in range(max(1, job.target.connections))]
        self._turns = cycle(self._connections)

    def open(self, timeout: float) -> None:
        for connection in self._connections:
            connection.open(timeout)

    def send(self, call: Call) -> None:
        next(self._turns).send(call)

    def give_up(self, call: Call) -> None:
        if isinstance(call.on, _Sent):
            call.on.give_up()

    def close(self) -> None:
        for connection in self._connections:
            connection.close()


def _prepared(target: Target, one: Input, timeout: float) -> tuple[bytes, bytes]:
    """Headers and body as they are sent."""
    headers = [(":method", "POST"), (":scheme", "http"), (":path", target.path)]
    headers += [
        (":authority", f"{target.host}:{target.port}"),
        ("te", "trailers"),
        ("content-type", "application/grpc"),
    ]
    headers += [("user-agent", "comb-load"), ("grpc-timeout", f"{max(1, round(timeout * 1000))}m")]
    headers += [(name.lower(), value) for name, value in (*target.metadata, *one.metadata)]
    return encoded(headers), b"\0" + len(one.body).to_bytes(4, "big") + one.body


class _Sent:
    """Where a call is on its way."""

    __slots__ = ("connection", "stream")

    def __init__(self, connection: "_Connection", stream: int) -> None:
        self.connection, self.stream = connection, stream

    def give_up(self) -> None:
        self.connection.cancel(self.stream)


class _Connection:
    """One connection, opened again by the next call where it has ended."""

    def __init__(self, target: Target, prepared: list[tuple[bytes, bytes]], ledger: Ledger) -> None:
        self._target, self._prepared, self._ledger = target, prepared, ledger
        self._wire: Wire | None = None
        self._http2 = Http2()
        self._calls: dict[int, Call] = {}
        self._waiting: deque[Call] = deque()
        self._agreed = Event()
        self._is_opening = False

    def open(self, timeout: float) -> None:
        """Connect, and agree on HTTP/2. Raises Refused."""
        self._http2, self._calls = Http2(), {}
        self._agreed.clear()
        sock = connected(self._target.host, self._target.port, timeout)
        self._wire = wire = Wire(sock, lambda came: self._came(wire, came))
        self._flush()
        if not self._agreed.wait(timeout):
            self._drop(UNREACHABLE, "")
            raise Refused("it does not answer as HTTP/2 does")
        if self._wire is not wire:
            raise Refused("it does not speak HTTP/2, or ends the connection")

    def send(self, call: Call) -> None:
        if self._wire is None or self._waiting or not self._http2.takes:
            self._waiting.append(call)
            self._reopen()
            return
        self._ask(call)
        self._flush()

    def _ask(self, call: Call) -> None:
        block, body = self._prepared[call.which]
        stream = self._http2.request(block, body)
        call.on = _Sent(self, stream)
        self._calls[stream] = call

    def _flush(self) -> None:
        if self._wire is not None and self._http2.out:
            self._wire.write(self._http2.out)
            self._http2.out = bytearray()

    def cancel(self, stream: int) -> None:
        if self._calls.pop(stream, None) is not None:
            self._http2.cancel(stream)
            self._take_waiting()

    def _take_waiting(self) -> None:
        """Those that the server had no room for go first."""
        while self._waiting and self._wire is not None and self._http2.takes:
            call = self._waiting.popleft()
            if not call.is_over:
                self._ask(call)
        self._flush()

    def _reopen(self) -> None:
        going_and_empty = self._http2.is_spent and not self._calls
        if not self._is_opening and (self._wire is None or going_and_empty):
            self._is_opening = True
            gevent.spawn(self._open_again)

    def _open_again(self) -> None:
        if self._wire is not None:
            self._wire.close()
            self._wire = None
        try:
            self.open(5.0)
        except (Refused, Exhausted) as refused:
            if isinstance(refused, Exhausted):
                self._ledger.failed(f"no connection could be opened: {refused}")
            waiting, self._waiting = self._waiting, deque()
            for call in waiting:
                self._ledger.ended(call, UNREACHABLE, why=str(refused))
        finally:
            self._is_opening = False
        self._take_waiting()
        if self._waiting:
            self._reopen()

    def _came(self, wire: Wire, came: bytes) -> None:
        if self._wire is not wire:
            return
        if came:
            self._receive(came)
        else:
            self._drop(UNREACHABLE, "the connection ended before an answer")
        if self._waiting:
            self._take_waiting()
            self._reopen()
        self._flush()

    def _receive(self, came: bytes) -> None:
        try:
            answers = self._http2.receive(came)
        except Malformed as problem:
            self._ledger.offended(str(problem))
            self._drop(MALFORMED, str(problem))
            return
        for answer in answers:
            call = self._calls.pop(answer.stream, None)
            if call is not None:
                self._ledger.ended(call, *_outcome(answer))
        if self._http2.agreed:
            self._agreed.set()

    def _drop(self, code: int, why: str) -> None:
        """The connection has ended, and with it every call on it."""
        wire, self._wire = self._wire, None
        calls, self._calls = self._calls, {}
        if wire is not None:
            wire.close()
        for call in calls.values():
            self._ledger.ended(call, code, why=why)
        self._agreed.set()

    def close(self) -> None:
        self._waiting.clear()
        self._drop(UNREACHABLE, "")


def _outcome(answer: Answer) -> tuple[int, bytes, str]:
    """The code of an answer, its message's bytes, and what is said of why there is none."""
    if answer.reset is not None:
        return _RESETS.get(answer.reset, _INTERNAL), b"", f"the stream was broken off (HTTP/2 code {answer.reset})"
    status = answer.headers.get(b"grpc-status")
    if status is None:
        http = answer.headers.get(b":status", b"")
        is_error = http.isdigit() and http != b"200"
        return (http_code(int(http)), b"", "") if is_error else (MALFORMED, b"", "an answer without a status of gRPC")
    if not status.isdigit() or int(status) > 16:
        return MALFORMED, b"", "a status that gRPC does not have"
    if status != b"0":
        return int(status), b"", unquote(answer.headers.get(b"grpc-message", b"").decode("latin-1"))
    body = answer.body
    if len(body) < 5 or body[0] != 0 or int.from_bytes(body[1:5], "big") != len(body) - 5:
        return MALFORMED, b"", "an answer that is not one whole message"
    return OK, body[5:], ""
