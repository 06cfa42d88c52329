"""Records' bytes → compressed blocks of several, and back.

A block is a byte that names the compression, the CRC-32 of what was compressed, and that: the length of each record,
then their bytes. A record that was deleted has the length 0.
"""

import struct
import zlib
from collections.abc import Iterator, Sequence

__all__ = ["BadBlock", "pack", "packed", "unpack"]

_TARGET = 4 * 1024  # bytes of a block, before: what one look-up has to decompress
_LEVEL = 1
_PLAIN, _ZLIB = 0, 1
_HEAD = struct.Struct("<BI")


class BadBlock(Exception):
    """These bytes are no block, or no longer."""


def packed(contents: Sequence[bytes]) -> list[tuple[int, int, bytes]]:
    """Records in blocks of a good size: from which record to which, and the bytes."""
    return [(start, end, pack(contents[start:end])) for start, end in _portions(contents)]


def _portions(contents: Sequence[bytes]) -> Iterator[tuple[int, int]]:
    start = size = 0
    for number, content in enumerate(contents):
        if size and size + len(content) > _TARGET:
            yield start, number
            start, size = number, 0
        size += len(content)
    if start < len(contents):
        yield start, len(contents)


def pack(contents: Sequence[bytes]) -> bytes:
    """One block of these records."""
    plain = b"".join((struct.pack(f"<{len(contents)}I", *map(len, contents)), *contents))
    squeezed = zlib.compress(plain, _LEVEL)
    codec, payload = (_ZLIB, squeezed) if len(squeezed) < len(plain) else (_PLAIN, plain)
    return _HEAD.pack(codec, zlib.crc32(plain)) + payload


def unpack(block: bytes, count: int) -> list[bytes]:
    """The records of a block; raises BadBlock where it is damaged."""
    try:
        codec, check = _HEAD.unpack_from(block)
        plain = _decoded(codec, block[_HEAD.size :])
        if zlib.crc32(plain) != check:
            raise BadBlock("its check sum is another")
        lengths = struct.unpack_from(f"<{count}I", plain)
    except (struct.error, zlib.error) as error:
        raise BadBlock("it does not unpack") from error
    if 4 * count + sum(lengths) != len(plain):
        raise BadBlock("its length is another")
    found, start = [], 4 * count
    for length in lengths:
        found.append(plain[start : start + length])
        start += length
    return found


def _decoded(codec: int, payload: bytes) -> bytes:
    if codec == _PLAIN:
        return payload
    if codec == _ZLIB:
        return zlib.decompress(payload)
    raise BadBlock(f"its compression is {codec}, which this Comb does not know")
