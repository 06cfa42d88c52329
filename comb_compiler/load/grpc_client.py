"""gRPC's unary calls over HTTP/2, on gevent's sockets: a few connections, many calls on each at once."""

from collections import deque
from itertools import cycle
from ssl import SSLContext
from typing import NamedTuple
from urllib.parse import unquote

import gevent
from gevent.event import Event

from comb_compiler.load.calls import Call, Exhausted, Ledger, Malformed, Refused
from comb_compiler.load.http2 import Answer, Http2, encoded
from comb_compiler.load.model import CODES, MALFORMED, OK, UNREACHABLE, Input, Job, Target, http_code
from comb_compiler.load.sockets import Wire, wired
from comb_compiler.load.tls import context_of

__all__ = ["GrpcClient"]

_RESETS = {7: CODES.index("UNAVAILABLE"), 8: CODES.index("CANCELLED"), 11: CODES.index("RESOURCE_EXHAUSTED")}
"""HTTP/2's codes → gRPC's, as its specification says; every other one is INTERNAL."""
_INTERNAL = CODES.index("INTERNAL")
_PATIENCE = 5.0


class GrpcClient:
    """Calls go to its connections in turn."""

    def __init__(self, job: Job, timeout: float, ledger: Ledger) -> None:
        prepared = [_prepared(job.target, one, timeout) for one in job.inputs]
        context = None if job.target.tls is None else context_of(job.target.tls, "h2")
        self._lanes = [_Lane(job.target, context, prepared, ledger) for _ in range(max(1, job.target.connections))]
        self._turns = cycle(self._lanes)

    def open(self, timeout: float) -> None:
        for lane in self._lanes:
            lane.open(timeout)

    def send(self, call: Call) -> None:
        next(self._turns).send(call)

    def give_up(self, call: Call) -> None:
        if isinstance(call.on, _Sent):
            call.on.line.cancel(call.on.stream)

    def close(self) -> None:
        for lane in self._lanes:
            lane.close()


class _Sent(NamedTuple):
    """Where a call is on its way."""

    line: "_Line"
    stream: int


class _Lane:
    """A connection at a time, and what waits for it. One that the server ends is replaced at once, as by any client of
    gRPC; it goes on with what it has."""

    def __init__(
        self, target: Target, context: SSLContext | None, prepared: list[tuple[bytes, bytes]], ledger: Ledger
    ) -> None:
        self.target, self.context, self.prepared, self.ledger = target, context, prepared, ledger
        self._line: _Line | None = None
        self._lines: set[_Line] = set()
        self._waiting: deque[Call] = deque()
        self._is_opening = False

    def open(self, timeout: float) -> None:
        """Raises Refused, Exhausted."""
        line = _Line(self)
        line.open(timeout)
        self._line = line
        self._lines.add(line)

    def send(self, call: Call) -> None:
        if self._line is not None and self._line.takes and not self._waiting:
            self._line.ask(call)
            self._line.flush()
        else:
            self._waiting.append(call)
            self.refill()

    def again(self, call: Call) -> None:
        """The server has not looked at it: it goes to the next connection, before all others."""
        self._waiting.appendleft(call)

    def gone(self, line: "_Line") -> None:
        """A connection has ended."""
        self._lines.discard(line)
        if self._line is line:
            self._line = None

    def refill(self) -> None:
        """Something has changed: send what waits, as far as the server takes it."""
        line = self._line
        if line is not None and line.is_spent:
            self._line = line = None
        while self._waiting and line is not None and line.takes:
            call = self._waiting.popleft()
            if not call.is_over:
                line.ask(call)
        if line is not None:
            line.flush()
        elif self._waiting and not self._is_opening:
            self._is_opening = True
            gevent.spawn(self._open_again)

    def _open_again(self) -> None:
        try:
            self.open(_PATIENCE)
        except (Refused, Exhausted) as refused:
            if isinstance(refused, Exhausted):
                self.ledger.failed(f"no connection could be opened: {refused}")
            waiting, self._waiting = self._waiting, deque()
            for call in waiting:
                self.ledger.ended(call, UNREACHABLE, why=str(refused))
        self._is_opening = False
        self.refill()

    def close(self) -> None:
        self._waiting.clear()
        for line in list(self._lines):
            line.drop(UNREACHABLE, "")


class _Line:
    """One connection, with the calls that are under way on it."""

    def __init__(self, lane: _Lane) -> None:
        self._lane = lane
        self._http2 = Http2()
        self._calls: dict[int, Call] = {}
        self._wire: Wire | None = None
        self._agreed = Event()

    @property
    def takes(self) -> bool:
        return self._http2.takes

    @property
    def is_spent(self) -> bool:
        return self._http2.is_spent

    def open(self, timeout: float) -> None:
        """Connect, and agree on HTTP/2. Raises Refused, Exhausted."""
        lane = self._lane
        self._wire = wire = wired(lane.target, lane.context, timeout, self._came)
        self.flush()
        if not self._agreed.wait(timeout):
            self.drop(UNREACHABLE, "")
            raise Refused("it does not answer as HTTP/2 does")
        if self._wire is None:
            raise Refused(wire.why or "it does not speak HTTP/2, or ends the connection")

    def ask(self, call: Call) -> None:
        block, body = self._lane.prepared[call.which]
        stream = self._http2.request(block, body)
        call.on = _Sent(self, stream)
        self._calls[stream] = call

    def flush(self) -> None:
        if self._wire is not None and self._http2.out:
            self._wire.write(self._http2.out)
            self._http2.out = bytearray()

    def cancel(self, stream: int) -> None:
        if self._calls.pop(stream, None) is not None:
            self._http2.cancel(stream)
            self.flush()
            self._settle()

    def _came(self, came: bytes) -> None:
        if self._wire is None:
            return
        if came:
            self._receive(came)
        else:
            self.drop(UNREACHABLE, self._wire.why or "the connection ended before an answer")
        self.flush()
        self._settle()

    def _receive(self, came: bytes) -> None:
        try:
            answers = self._http2.receive(came)
        except Malformed as problem:
            self._lane.ledger.offended(str(problem))
            self.drop(MALFORMED, str(problem))
            return
        for answer in answers:
            call = self._calls.pop(answer.stream, None)
            if call is not None:
                self._lane.ledger.ended(call, *_outcome(answer))
        for stream in sorted(self._http2.unprocessed, reverse=True):
            call = self._calls.pop(stream, None)
            if call is not None:
                self._lane.again(call)
        self._http2.unprocessed.clear()
        if self._http2.agreed:
            self._agreed.set()

    def _settle(self) -> None:
        """There may be room for what waits; one that takes no more calls is closed after its last."""
        if self.is_spent and not self._calls:
            self.drop(UNREACHABLE, "")
        self._lane.refill()

    def drop(self, code: int, why: str) -> None:
        """The connection has ended, and with it every call on it."""
        wire, self._wire = self._wire, None
        calls, self._calls = self._calls, {}
        self._lane.gone(self)
        if wire is not None:
            wire.close()
        for call in calls.values():
            self._lane.ledger.ended(call, code, why=why)
        self._agreed.set()


def _prepared(target: Target, one: Input, timeout: float) -> tuple[bytes, bytes]:
    """Headers and body as they are sent."""
    headers = [(":method", "POST"), (":scheme", target.scheme), (":path", target.path)]
    headers += [
        (":authority", f"{target.host}:{target.port}"),
        ("te", "trailers"),
        ("content-type", "application/grpc"),
    ]
    headers += [("user-agent", "comb-load"), ("grpc-timeout", f"{max(1, round(timeout * 1000))}m")]
    headers += [(name.lower(), value) for name, value in (*target.metadata, *one.metadata)]
    return encoded(headers), b"\0" + len(one.body).to_bytes(4, "big") + one.body


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
