"""One connection of HTTP/1.1 (RFC 9112) as its client sees it, without a socket: bytes in, answers out."""

from typing import NamedTuple

from comb_compiler.load.calls import Malformed

__all__ = ["Http1", "Response"]

_LONGEST_HEAD = 1 << 16


class Response(NamedTuple):
    """`stays` says whether the connection takes another request."""

    status: int
    body: bytes
    stays: bool


class _Head(NamedTuple):
    status: int
    length: int | None
    is_chunked: bool
    stays: bool


class Http1:
    """What has come since the last request was sent."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._head: _Head | None = None

    def receive(self, came: bytes) -> Response | None:
        """The answer, once it is whole; no bytes stand for the connection's end. Raises Malformed."""
        self._buffer += came
        while self._head is None:
            head = self._read_head()
            if head is None:
                return None
            if head.status >= 200:
                self._head = head
        body = self._body(self._head, ended=not came)
        if body is None:
            return None
        head, self._head = self._head, None
        if self._buffer:
            raise Malformed("an answer to what was not asked")
        return Response(head.status, body, head.stays and bool(came))

    def _read_head(self) -> _Head | None:
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            is_wrong = len(self._buffer) > _LONGEST_HEAD or not b"HTTP/1.".startswith(self._buffer[:7])
            if is_wrong:
                raise Malformed("what came is not HTTP/1.1")
            return None
        first, *lines = bytes(self._buffer[:end]).split(b"\r\n")
        del self._buffer[: end + 4]
        version, _, rest = first.partition(b" ")
        status = rest[:3]
        if version not in (b"HTTP/1.1", b"HTTP/1.0") or not status.isdigit() or not 100 <= int(status) <= 599:
            raise Malformed("what came is not HTTP/1.1")
        headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(b":") for line in lines)}
        return _head(int(status), version, headers)

    def _body(self, head: _Head, ended: bool) -> bytes | None:
        if head.is_chunked:
            return self._chunks()
        if head.length is None:
            return self._taken(len(self._buffer)) if ended else None
        return self._taken(head.length) if len(self._buffer) >= head.length else None

    def _chunks(self) -> bytes | None:
        """All of them, once the last is there: few answers are long enough for this to matter."""
        parts: list[bytes] = []
        at = 0
        while True:
            end = self._buffer.find(b"\r\n", at)
            if end < 0:
                return None
            digits = bytes(self._buffer[at:end]).partition(b";")[0].strip()
            try:
                size = int(digits, 16)
            except ValueError as error:
                raise Malformed("a chunk without a length") from error
            if size == 0:
                return self._after_chunks(parts, end)
            at = end + 2 + size + 2
            if len(self._buffer) < at:
                return None
            parts.append(bytes(self._buffer[end + 2 : at - 2]))

    def _after_chunks(self, parts: list[bytes], end: int) -> bytes | None:
        """Trailers may follow the last chunk; an empty line ends them."""
        close = self._buffer.find(b"\r\n\r\n", end)
        if close < 0:
            return None
        del self._buffer[: close + 4]
        return b"".join(parts)

    def _taken(self, size: int) -> bytes:
        body = bytes(self._buffer[:size])
        del self._buffer[:size]
        return body


def _head(status: int, version: bytes, headers: dict[bytes, bytes]) -> _Head:
    length = headers.get(b"content-length")
    if length is not None and not length.isdigit():
        raise Malformed("a length that is no number")
    if status in (204, 304) or status < 200:
        length = b"0"
    connection = headers.get(b"connection", b"").lower()
    stays = connection != b"close" if version == b"HTTP/1.1" else connection == b"keep-alive"
    is_chunked = headers.get(b"transfer-encoding", b"").lower().endswith(b"chunked")
    return _Head(status, None if length is None else int(length), is_chunked, stays)
