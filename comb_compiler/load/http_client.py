"""Requests over HTTP/1.1, on gevent's sockets: a connection for each that is under way, kept for those after it."""

from collections import deque

import gevent

from comb_compiler.load.calls import Call, Exhausted, Ledger, Malformed, Refused
from comb_compiler.load.http1 import Http1, Response
from comb_compiler.load.model import MALFORMED, TIMEOUT, UNREACHABLE, Input, Job, Target, http_code
from comb_compiler.load.sockets import Wire, wired
from comb_compiler.load.tls import context_of

__all__ = ["HttpClient"]

_PATIENCE = 5.0
_MOST = 10_000
_A_MOMENT = 0.5


class HttpClient:
    """As many connections as there are requests at once. Where the target has a number, requests beyond it wait."""

    def __init__(self, job: Job, timeout: float, ledger: Ledger) -> None:
        self.target, self.ledger = job.target, ledger
        self.context = None if job.target.tls is None else context_of(job.target.tls, "http/1.1")
        self.prepared = [_prepared(job.target, one) for one in job.inputs]
        self._idle: list[_Connection] = []
        self._all: set[_Connection] = set()
        self._waiting: deque[Call] = deque()

    def open(self, timeout: float) -> None:
        connection = _Connection(self)
        self._all.add(connection)
        connection.open(timeout)
        connection.must_stay()
        self._idle.append(connection)

    def send(self, call: Call) -> None:
        if self._idle:
            self._idle.pop().ask(call)
            return
        self._waiting.append(call)
        if len(self._all) >= (self.target.connections or _MOST):
            if not self.target.connections:
                self.ledger.failed(f"all of {_MOST:,} connections were in use")
        else:
            connection = _Connection(self)
            self._all.add(connection)
            gevent.spawn(self._widen, connection)

    def _widen(self, connection: "_Connection") -> None:
        try:
            connection.open(_PATIENCE)
        except (Refused, Exhausted) as refused:
            if isinstance(refused, Exhausted):
                self.ledger.failed(f"no connection could be opened: {refused}")
            call = self._next()  # each one that waits has its own attempt
            if call is not None:
                self.ledger.ended(call, UNREACHABLE, why=str(refused))
            self.drop(connection)
        else:
            self.free(connection)

    def free(self, connection: "_Connection") -> None:
        """A connection has nothing to do."""
        call = self._next()
        if call is not None:
            connection.ask(call)
        else:
            self._idle.append(connection)

    def _next(self) -> Call | None:
        """The first that waits and is still waited for."""
        while self._waiting:
            call = self._waiting.popleft()
            if not call.is_over:
                return call
        return None

    def drop(self, connection: "_Connection") -> None:
        """A connection has ended."""
        self._all.discard(connection)
        if connection in self._idle:
            self._idle.remove(connection)
        call = self._next()
        if call is not None:
            self.send(call)

    def give_up(self, call: Call) -> None:
        if isinstance(call.on, _Connection):
            call.on.end(TIMEOUT, "")

    def close(self) -> None:
        self._waiting.clear()
        for connection in list(self._all):
            connection.end(UNREACHABLE, "")


def _prepared(target: Target, one: Input) -> bytes:
    """A request as it is sent."""
    headers = {"host": f"{target.host}:{target.port}", "content-type": "application/json", "user-agent": "comb-load"}
    headers |= {name.lower(): value for name, value in (*target.metadata, *one.metadata)}
    broken = [name for name, value in headers.items() if not f"{name}{value}".isprintable()]
    if broken:
        raise ValueError(f"the header {broken[0]!r} is not one line of text")
    lines = [f"POST {target.path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join((*lines, f"content-length: {len(one.body)}", "", "")).encode() + one.body


class _Connection:
    def __init__(self, client: HttpClient) -> None:
        self._client = client
        self._http1 = Http1()
        self._wire: Wire | None = None
        self._call: Call | None = None

    def open(self, timeout: float) -> None:
        self._wire = wired(self._client.target, self._client.context, timeout, self._came)

    def must_stay(self) -> None:
        """A server looks at a certificate once the handshake is over for the client. Raises Refused."""
        wire = self._wire
        if wire is not None and self._client.context is not None and not wire.stays(_A_MOMENT):
            raise Refused(wire.why or "it ends the connection")

    def ask(self, call: Call) -> None:
        self._call, call.on = call, self
        if self._wire is None or self._wire.has_something():
            self._came_unasked()
            return
        self._wire.write(self._client.prepared[call.which])

    def _came_unasked(self) -> None:
        """It was closed meanwhile, or answers what it was not asked yet: the reader will say which."""
        call, self._call = self._call, None
        if call is not None:
            call.on = None
            self._client.send(call)

    def _came(self, came: bytes) -> None:
        if self._call is None:
            if came:
                self._client.ledger.offended("an answer to what was not asked")
            self.end(UNREACHABLE, "")
            return
        try:
            answer = self._http1.receive(came)
        except Malformed as problem:
            self._client.ledger.offended(str(problem))
            self.end(MALFORMED, str(problem))
            return
        if answer is not None:
            self._answered(answer)
        elif not came:
            why = self._wire.why if self._wire is not None else ""
            self.end(UNREACHABLE, why or "the connection ended before an answer")

    def _answered(self, answer: Response) -> None:
        call, self._call = self._call, None
        assert call is not None
        self._client.ledger.ended(call, http_code(answer.status), answer.body)
        if answer.stays:
            self._client.free(self)
        else:
            self.end(UNREACHABLE, "")

    def end(self, code: int, why: str) -> None:
        """Close it; a request that is under way ends with the code."""
        call, self._call = self._call, None
        if self._wire is not None:
            self._wire.close()
            self._wire = None
        if call is not None:
            self._client.ledger.ended(call, code, why=why)
        self._client.drop(self)
