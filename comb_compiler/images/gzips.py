"""Bytes → gzip whose bytes depend on nothing but them.

A compressor's output differs between zlib, zlib-ng and their versions, and with it the digest of a layer. So nothing is
compressed here: what comes compressed, as a file of a wheel does, is taken over as it is, and what does not is stored.
A gzip file is a row of members, each with a deflate stream (RFC 1952), and readers put them together.
"""

import struct
import zlib
from collections.abc import Iterable, Iterator

__all__ = ["MOST_STORED", "deflated_member", "stored_members"]

_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
"""gzip, deflate, no flags, no time, no extra flags, of an unknown system."""
MOST_STORED = 0xFFFF
"""Bytes of a block that is stored (RFC 1951, 3.2.4)."""
_LENGTH = 1 << 32


def deflated_member(stream: Iterable[bytes], crc: int, length: int) -> Iterator[bytes]:
    """A member of a deflate stream (RFC 1951) that is there already, with what it holds: CRC-32 and bytes."""
    yield _HEADER
    yield from stream
    yield struct.pack("<II", crc, length % _LENGTH)


def stored_members(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """A member that holds all of the pieces as they are, in pieces."""
    crc = length = 0
    yield _HEADER
    for piece in pieces:
        crc, length = zlib.crc32(piece, crc), length + len(piece)
        for start in range(0, len(piece), MOST_STORED):
            yield _block(piece[start : start + MOST_STORED], is_last=False)
    yield _block(b"", is_last=True)
    yield struct.pack("<II", crc, length % _LENGTH)


def _block(content: bytes, *, is_last: bool) -> bytes:
    return struct.pack("<BHH", is_last, len(content), len(content) ^ MOST_STORED) + content
