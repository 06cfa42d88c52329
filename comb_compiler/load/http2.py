"""The part of HTTP/2 (RFC 9113) that unary calls need, without a socket: bytes in, answers and bytes out.

Two choices make it cheap beside a general library: headers that are sent are encoded once, and those that come are
looked up by their bytes. For that the server is told to keep no table of headers (a setting of the protocol), and no
request is sent before it has agreed.
"""

from collections import deque
from collections.abc import Mapping, Sequence
from functools import lru_cache
from struct import Struct
from typing import NamedTuple

from hpack import Decoder, Encoder, HPACKError

from comb_compiler.load.calls import Malformed

__all__ = ["Answer", "Http2", "encoded"]

_DATA, _HEADERS, _RST_STREAM, _SETTINGS, _PUSH_PROMISE = 0, 1, 3, 4, 5
_PING, _GOAWAY, _WINDOW_UPDATE, _CONTINUATION = 6, 7, 8, 9
_END_STREAM, _ACK, _END_HEADERS, _PADDED, _PRIORITY = 1, 1, 4, 8, 32
_HEADER_TABLE_SIZE, _ENABLE_PUSH, _MAX_STREAMS, _INITIAL_WINDOW, _MAX_FRAME = 1, 2, 3, 4, 5
_HEAD = Struct(">HBBBL")
_SETTING, _WORD = Struct(">HL"), Struct(">L")
_WHOLE = 2**31 - 1
_LONGEST_FRAME = 2**14  # ours is the protocol's first value, so that no server may send longer ones
_MOST_STREAM = 2**31 - 2**16
_CANCEL = 8
_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


class Answer(NamedTuple):
    """What a stream ended with. `reset` is a code of HTTP/2 where the server broke it off."""

    stream: int
    headers: Mapping[bytes, bytes]
    body: bytes
    reset: int | None = None


def encoded(headers: Sequence[tuple[str, str]]) -> bytes:
    """Headers as they may be sent again and again: no side remembers them."""
    block: bytes = Encoder().encode([(name, value, True) for name, value in headers], huffman=False)
    return block


@lru_cache(maxsize=4096)
def _decoded(block: bytes) -> Mapping[bytes, bytes]:
    decoder = Decoder()
    decoder.max_allowed_table_size = 0
    decoder.header_table_size = 0
    return {bytes(name): bytes(value) for name, value in decoder.decode(block, raw=True)}


def _frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    size = len(payload)
    return _HEAD.pack(size >> 8, size & 0xFF, kind, flags, stream) + payload


class _Stream:
    __slots__ = ("body", "headers", "rest", "window")

    def __init__(self, window: int) -> None:
        self.window = window
        self.rest: memoryview | None = None
        self.headers: Mapping[bytes, bytes] | None = None
        self.body: list[bytes] = []


class Http2:
    """One connection. Whoever has it sends `out` away after each call."""

    def __init__(self) -> None:
        settings = ((_HEADER_TABLE_SIZE, 0), (_ENABLE_PUSH, 0), (_INITIAL_WINDOW, _WHOLE))
        self.out = bytearray(_PREFACE)
        self.out += _frame(_SETTINGS, 0, 0, b"".join(_SETTING.pack(*one) for one in settings))
        self.out += _frame(_WINDOW_UPDATE, 0, 0, _WORD.pack(_WHOLE - 65535))
        self.most = _WHOLE
        self.is_going = False  # the server has said that it takes no further streams
        self.unprocessed: list[int] = []  # streams that it says it has not looked at: they may be asked elsewhere
        self.agreed = False
        self._window, self._first_window, self._longest = 65535, 65535, _LONGEST_FRAME
        self._received = 0
        self._buffer = bytearray()
        self._streams: dict[int, _Stream] = {}
        self._waiting: deque[int] = deque()
        self._next = 1
        self._block: tuple[int, int, bytearray] | None = None

    @property
    def takes(self) -> bool:
        """Whether another request may be made now."""
        return self.agreed and len(self._streams) < self.most and not self.is_spent

    @property
    def is_spent(self) -> bool:
        """Whether no request will ever be made again."""
        return self.is_going or self._next > _MOST_STREAM

    def request(self, block: bytes, body: bytes) -> int:
        """Ask; the number that the answer will have."""
        number, self._next = self._next, self._next + 2
        stream = self._streams[number] = _Stream(self._first_window)
        size = len(body)
        self.out += _frame(_HEADERS, _END_HEADERS, number, block)
        if size <= self._window and size <= stream.window and size <= self._longest and not self._waiting:
            self._window -= size
            self.out += _frame(_DATA, _END_STREAM, number, body)
        else:
            stream.rest = memoryview(body)
            self._waiting.append(number)
            self._flush()
        return number

    def cancel(self, number: int) -> None:
        """Nobody waits for this answer any more."""
        if self._streams.pop(number, None) is not None:
            self.out += _frame(_RST_STREAM, 0, number, _WORD.pack(_CANCEL))

    def receive(self, came: bytes) -> list[Answer]:
        """What is answered by now. Raises Malformed."""
        buffer, answers, at = self._buffer, [], 0
        buffer += came
        end = len(buffer)
        while end - at >= 9:
            high, low, kind, flags, number = _HEAD.unpack_from(buffer, at)
            size = high << 8 | low
            if size > _LONGEST_FRAME:
                raise Malformed("what came is not HTTP/2" if not self.agreed else f"a frame of {size:,} bytes")
            if end - at - 9 < size:
                break
            payload = bytes(buffer[at + 9 : at + 9 + size])
            at += 9 + size
            answer = self._take(kind, flags, number & _WHOLE, payload)
            if answer is not None:
                answers.append(answer)
        del buffer[:at]
        return answers

    def _take(self, kind: int, flags: int, number: int, payload: bytes) -> Answer | None:
        if self._block is not None and kind != _CONTINUATION:
            raise Malformed("headers that do not end")
        if kind == _DATA:
            return self._data(flags, number, payload)
        if kind in (_HEADERS, _CONTINUATION):
            return self._headers(kind, flags, number, payload)
        if kind == _RST_STREAM:
            return self._reset(number, payload)
        self._control(kind, flags, number, payload)
        return None

    def _asked(self, number: int) -> _Stream | None:
        """The stream; None where its answer is not waited for any more."""
        if number >= self._next or number % 2 == 0:
            raise Malformed("an answer to what was not asked")
        return self._streams.get(number)

    def _data(self, flags: int, number: int, payload: bytes) -> Answer | None:
        self._received += len(payload)
        if self._received > _WHOLE // 2:
            self.out += _frame(_WINDOW_UPDATE, 0, 0, _WORD.pack(self._received))
            self._received = 0
        stream = self._asked(number)
        if stream is None:
            return None
        if stream.headers is None:
            raise Malformed("an answer without headers")
        stream.body.append(_unpadded(payload) if flags & _PADDED else payload)
        return self._end(number, {}) if flags & _END_STREAM else None

    def _headers(self, kind: int, flags: int, number: int, payload: bytes) -> Answer | None:
        if kind == _HEADERS:
            payload = _unpadded(payload) if flags & _PADDED else payload
            payload = payload[5:] if flags & _PRIORITY else payload
            if not flags & _END_HEADERS:
                self._block = (number, flags, bytearray(payload))
                return None
        else:
            if self._block is None or self._block[0] != number:
                raise Malformed("headers that go on and never began")
            _, first, block = self._block
            block += payload
            if len(block) > 2**20:
                raise Malformed("headers that do not end")
            if not flags & _END_HEADERS:
                return None
            flags, payload, self._block = first, bytes(block), None
        try:
            headers = _decoded(payload)
        except (HPACKError, ValueError, IndexError) as error:
            raise Malformed("headers that cannot be read") from error
        stream = self._asked(number)
        if flags & _END_STREAM:
            return self._end(number, headers) if stream is not None else None
        if stream is not None and not headers.get(b":status", b"").startswith(b"1"):
            stream.headers = headers
        return None

    def _end(self, number: int, trailers: Mapping[bytes, bytes]) -> Answer:
        stream = self._streams.pop(number)
        if stream.rest is not None:  # an answer may come before all is sent; then nobody wants the rest
            self.out += _frame(_RST_STREAM, 0, number, _WORD.pack(_CANCEL))
        body = stream.body[0] if len(stream.body) == 1 else b"".join(stream.body)
        return Answer(number, {**(stream.headers or {}), **trailers} if trailers else stream.headers or {}, body)

    def _reset(self, number: int, payload: bytes) -> Answer | None:
        stream = self._asked(number)
        if stream is None or len(payload) != 4:
            return None
        del self._streams[number]
        return Answer(number, stream.headers or {}, b"", _WORD.unpack(payload)[0])

    def _control(self, kind: int, flags: int, number: int, payload: bytes) -> None:
        if kind == _PING and not flags & _ACK:
            self.out += _frame(_PING, _ACK, 0, payload)
        elif kind == _SETTINGS and flags & _ACK:
            self.agreed = True
        elif kind == _SETTINGS:
            self._settings(payload)
        elif kind == _GOAWAY and len(payload) >= 8:
            self.is_going = True
            last = _WORD.unpack_from(payload)[0] & _WHOLE
            for one in [one for one in self._streams if one > last]:
                del self._streams[one]
                self.unprocessed.append(one)
        elif kind == _WINDOW_UPDATE and len(payload) == 4:
            self._widen(number, _WORD.unpack(payload)[0] & _WHOLE)
        elif kind == _PUSH_PROMISE:
            raise Malformed("an answer to what was not asked")

    def _settings(self, payload: bytes) -> None:
        if len(payload) % 6:
            raise Malformed("settings that cannot be read")
        for name, value in _SETTING.iter_unpack(payload):
            if name == _MAX_STREAMS:
                self.most = value
            elif name == _MAX_FRAME:
                self._longest = value
            elif name == _INITIAL_WINDOW:
                for stream in self._streams.values():
                    stream.window += value - self._first_window
                self._first_window = value
        self.out += _frame(_SETTINGS, _ACK, 0)
        self._flush()

    def _widen(self, number: int, more: int) -> None:
        if number == 0:
            self._window += more
        elif number in self._streams:
            self._streams[number].window += more
        self._flush()

    def _flush(self) -> None:
        """As much of what waits as the server has room for, in order."""
        for number in list(self._waiting):
            stream = self._streams.get(number)
            if stream is not None and stream.rest is not None:
                stream.rest = self._part(number, stream, stream.rest)
            if stream is None or stream.rest is None:
                self._waiting.remove(number)
            if self._window <= 0:
                return

    def _part(self, number: int, stream: _Stream, rest: memoryview) -> memoryview | None:
        """Send what there is room for; what is left of it."""
        while len(rest):
            size = min(len(rest), self._window, stream.window, self._longest)
            if size <= 0:
                return rest
            part, rest = rest[:size], rest[size:]
            self._window -= size
            stream.window -= size
            self.out += _frame(_DATA, 0 if len(rest) else _END_STREAM, number, bytes(part))
        return None


def _unpadded(payload: bytes) -> bytes:
    if not payload or payload[0] >= len(payload):
        raise Malformed("padding that is longer than its frame")
    return payload[1 : len(payload) - payload[0]]
