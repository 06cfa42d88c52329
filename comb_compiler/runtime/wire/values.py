"""Values (messages, Parcels, errors, nothing) ↔ a description of them, and pieces of bytes.

The description goes through the socket; the pieces follow it there, or lie in shared memory where they are large.
"""

import struct
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from google.protobuf.message import DecodeError

from comb_compiler.runtime.codes import Code, OperatorError
from comb_compiler.runtime.messages import Message
from comb_compiler.runtime.sdk import Parcel

__all__ = ["Packed", "pack", "unpack"]

_NOTHING, _MESSAGE, _PARCEL, _ERROR = range(4)
_HEAD = struct.Struct("<BQH")  # kind, bytes of the first piece (or an error's code), how many buffers follow
_BUFFER = struct.Struct("<HQ")  # bytes of the field's name, which follows, and of the buffer

Piece = bytes | bytearray | memoryview


class Packed(NamedTuple):
    """The description of some values, and their bytes."""

    head: bytes
    pieces: list[Piece]
    size: int


def pack(values: Iterable[Any]) -> Packed:
    """Describe values, and serialise their messages."""
    heads: list[bytes] = []
    pieces: list[Piece] = []
    for value in values:
        if value is None:
            heads.append(_HEAD.pack(_NOTHING, 0, 0))
        elif isinstance(value, OperatorError):
            heads.append(_HEAD.pack(_ERROR, value.code, len(text := value.message.encode(errors="replace")[:65535])))
            pieces.append(text)
        elif isinstance(value, Parcel):
            _parcel(value, heads, pieces)
        else:
            content = value.SerializeToString()
            heads.append(_HEAD.pack(_MESSAGE, len(content), 0))
            pieces.append(content)
    return Packed(b"".join(heads), pieces, sum(map(len, pieces)))


def _parcel(parcel: Parcel[Any], heads: list[bytes], pieces: list[Piece]) -> None:
    content = parcel.message.SerializeToString()
    heads.append(_HEAD.pack(_PARCEL, len(content), len(parcel.buffers)))
    pieces.append(content)
    for name, buffer in parcel.buffers.items():
        view = memoryview(buffer).cast("B")
        field = name.encode()
        heads.append(_BUFFER.pack(len(field), len(view)) + field)
        pieces.append(view)


def unpack(head: Piece, content: memoryview, kinds: Sequence[type[Message]], *, keep: bool) -> list[Any]:
    """The values again, the n-th of `kinds[n % len(kinds)]`. Buffers are copied where `keep`, else views of `content`.

    Raises OperatorError (DATA_LOSS) for bytes that cannot be read.
    """
    reading = _Reading(head, content, keep)
    values: list[Any] = []
    try:
        while reading.at < len(head):
            values.append(reading.value(kinds[len(values) % len(kinds)].FromString))
    except (DecodeError, struct.error, ValueError) as error:
        raise OperatorError(Code.DATA_LOSS, "what came from another process cannot be read") from error
    return values


class _Reading:
    __slots__ = ("at", "content", "head", "keep", "place")

    def __init__(self, head: Piece, content: memoryview, keep: bool) -> None:
        self.head = head
        self.content = content
        self.keep = keep
        self.at = 0
        self.place = 0

    def value(self, parse: Callable[[Any], Message]) -> Any:
        kind, size, count = _HEAD.unpack_from(self.head, self.at)
        self.at += _HEAD.size
        if kind == _NOTHING:
            return None
        if kind == _ERROR:
            return OperatorError(Code(size), bytes(self._piece(count)).decode(errors="replace"))
        message = parse(self._piece(size))
        return message if kind == _MESSAGE else Parcel(message, dict(self._buffer() for _ in range(count)))

    def _piece(self, size: int) -> memoryview:
        piece = self.content[self.place : self.place + size]
        if len(piece) != size:
            raise ValueError("a piece is cut off")
        self.place += size
        return piece

    def _buffer(self) -> tuple[str, Piece]:
        name_size, size = _BUFFER.unpack_from(self.head, self.at)
        self.at += _BUFFER.size
        name = bytes(self.head[self.at : self.at + name_size]).decode()
        self.at += name_size
        piece = self._piece(size)
        return name, bytes(piece) if self.keep else piece
