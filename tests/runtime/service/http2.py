"""A client that speaks HTTP/2 by hand: calls whose body does not come, which no library would send."""

import asyncio
from collections.abc import Iterator
from typing import Self

__all__ = ["Client"]

_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_DATA, _HEADERS, _RST_STREAM, _SETTINGS, _PING = 0x0, 0x1, 0x3, 0x4, 0x6
_END_HEADERS, _ACK = 0x4, 0x1
_HEAD = 9


def _frame(kind: int, flags: int, stream: int, content: bytes = b"") -> bytes:
    return len(content).to_bytes(3, "big") + bytes((kind, flags)) + stream.to_bytes(4, "big") + content


def _text(value: str) -> bytes:
    content = value.encode()
    assert len(content) < 127
    return bytes((len(content),)) + content


def _head_block(path: str) -> bytes:
    """HPACK, every field literal, nothing indexed (RFC 7541, 6.2.2)."""
    fields = {
        ":method": "POST",
        ":scheme": "http",
        ":path": path,
        ":authority": "localhost",
        "content-type": "application/grpc",
        "te": "trailers",
    }
    return b"".join(b"\x00" + _text(name) + _text(value) for name, value in fields.items())


class Client:
    """A connection: `async with await Client.to(port) as client`. `ended` are the streams that the server has ended."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._next = 1
        self._reading = asyncio.ensure_future(self._read())
        self.ended: set[int] = set()
        writer.write(_PREFACE + _frame(_SETTINGS, 0, 0))

    @classmethod
    async def to(cls, port: int) -> Self:
        """Connect."""
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self._reading.cancel()
        await asyncio.wait([self._reading])
        self._writer.close()

    def begin(self, path: str) -> int:
        """Send the head of a call, and nothing more of it: its stream."""
        stream, self._next = self._next, self._next + 2
        self._writer.write(_frame(_HEADERS, _END_HEADERS, stream, _head_block(path)))
        return stream

    def drip(self, stream: int, content: bytes) -> None:
        """Send some bytes of its body."""
        self._writer.write(_frame(_DATA, 0, stream, content))

    async def _read(self) -> None:
        while True:
            try:
                head = await self._reader.readexactly(_HEAD)
                content = await self._reader.readexactly(int.from_bytes(head[:3], "big"))
            except (asyncio.IncompleteReadError, ConnectionError):
                return
            kind, flags, stream = head[3], head[4], int.from_bytes(head[5:], "big")
            for answer in self._answers(kind, flags, stream, content):
                self._writer.write(answer)

    def _answers(self, kind: int, flags: int, stream: int, content: bytes) -> Iterator[bytes]:
        if kind in (_SETTINGS, _PING) and not flags & _ACK:
            yield _frame(kind, _ACK, 0, content if kind == _PING else b"")
        if kind == _RST_STREAM or (kind in (_DATA, _HEADERS) and flags & 0x1):
            self.ended.add(stream)
