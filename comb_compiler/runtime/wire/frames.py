"""Frames on a stream socket between an engine and its worker process."""

import socket
import struct
from collections.abc import Iterable
from typing import NamedTuple

from comb_compiler.runtime.wire.arena import Arena
from comb_compiler.runtime.wire.values import Packed

__all__ = ["ANSWER", "CALL", "FAILED", "READY", "START", "Frame", "Inbox", "about_bytes", "encode", "receive"]

START, READY, FAILED, CALL, ANSWER = range(5)

_HEADER = struct.Struct(
    "<IBBHQdQH"
)  # bytes of the head, kind, in arena?, batch, number, deadline, of content, of about
_INLINE = 64 * 1024
"""Content up to this size goes through the socket."""
_LONGEST = 4096
"""Characters of one thing that is said about a call."""


class Frame(NamedTuple):
    """What came. `batch` is how many calls are in it, 0 for one that is not batched; `number` parts calls.

    `about` says more of a call: the request's id, the node, the arm, and the node's span.
    """

    kind: int
    batch: int
    number: int
    deadline: float
    head: memoryview
    content: memoryview
    about: tuple[str, ...] = ()


def encode(
    kind: int,
    packed: Packed,
    arena: Arena,
    *,
    number: int = 0,
    deadline: float = 0.0,
    batch: int = 0,
    about: tuple[str, ...] = (),
) -> bytes:
    """The bytes of a frame for the socket; large content is written to the arena."""
    head, pieces, size = packed
    said = about_bytes(about) if about else b""
    is_large = size > _INLINE
    if is_large:
        arena.write(pieces, size)
        pieces = []
    header = _HEADER.pack(len(head), kind, is_large, batch, number, deadline, size, len(said))
    return b"".join((header, said, head, *pieces))


def about_bytes(about: Iterable[str]) -> bytes:
    """What is said about a call, in less than 64 KiB, with a NUL between any two; nothing else in it is one."""
    return "\0".join(one.replace("\0", " ")[:_LONGEST] for one in about).encode(errors="replace")


class Inbox:
    """Bytes as they come → frames."""

    def __init__(self, arena: Arena) -> None:
        self._arena = arena
        self._kept = b""

    def feed(self, received: bytes) -> list[Frame]:
        """The frames that are complete now."""
        content = self._kept + received if self._kept else received
        view, place, frames = memoryview(content), 0, []
        while True:
            size = frame_size(view[place:])
            if size is None or len(view) - place < size:
                break
            frames.append(decode(view[place : place + size], self._arena))
            place += size
        self._kept = content[place:]
        return frames


def frame_size(view: memoryview) -> int | None:
    """How many bytes of the socket the frame has that begins here; None where that is not there yet."""
    if len(view) < _HEADER.size:
        return None
    head, _, in_arena, _, _, _, size, about = _HEADER.unpack_from(view)
    return int(_HEADER.size + about + head + (0 if in_arena else size))


def decode(view: memoryview, arena: Arena) -> Frame:
    """A whole frame."""
    head, kind, in_arena, batch, number, deadline, size, about = _HEADER.unpack_from(view)
    start = _HEADER.size + about
    end = start + head
    content = arena.read(size) if in_arena else view[end : end + size]
    said = tuple(bytes(view[_HEADER.size : start]).decode(errors="replace").split("\0")) if about else ()
    return Frame(kind, batch, number, deadline, view[start:end], content, said)


def receive(connection: socket.socket, arena: Arena) -> Frame | None:
    """Wait for the next frame on a blocking socket; None where the other side is gone."""
    buffer = bytearray()
    wanted = _HEADER.size
    while True:
        while len(buffer) < wanted:
            piece = connection.recv(
                max(wanted - len(buffer), 65536) if len(buffer) < _HEADER.size else wanted - len(buffer)
            )
            if not piece:
                return None
            buffer += piece
        size = frame_size(memoryview(buffer))
        assert size is not None
        if len(buffer) >= size:
            return decode(memoryview(buffer), arena)
        wanted = size
