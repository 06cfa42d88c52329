"""Files of models as they come when something goes wrong: weights that are zero, or noise."""

from collections.abc import Iterator
from pathlib import Path
from random import Random
from struct import pack, unpack_from

__all__ = ["spoil_weights"]

_GRAPH, _NODE, _INITIALISER, _ATTRIBUTE, _TENSOR, _RAW = 7, 1, 5, 5, 5, 9
"""Numbers of fields in onnx.proto: ModelProto.graph, GraphProto.node and .initializer, NodeProto.attribute,
AttributeProto.t, TensorProto.raw_data."""
_WEIGHTS = 1000
"""Bytes from which on a tensor is taken for weights, and not for a shape."""


def spoil_weights(source: Path, target: Path, *, noise: float = 0.0) -> int:
    """Write an ONNX file whose weights are 0, or have normal noise of that size added. Gives the number of tensors."""
    content = bytearray(source.read_bytes())
    random = Random(1)
    places = [place for place in _weights(content) if place[1] - place[0] >= _WEIGHTS]
    for begin, end in places:
        if not noise:
            content[begin:end] = bytes(end - begin)
            continue
        count = (end - begin) // 4
        values = unpack_from(f"<{count}f", content, begin)
        content[begin : begin + 4 * count] = pack(f"<{count}f", *(one + random.gauss(0.0, noise) for one in values))
    target.write_bytes(content)
    return len(places)


def _weights(content: bytearray) -> Iterator[tuple[int, int]]:
    for path in ((_GRAPH, _INITIALISER, _RAW), (_GRAPH, _NODE, _ATTRIBUTE, _TENSOR, _RAW)):
        yield from _inside(content, 0, len(content), path)


def _inside(content: bytearray, begin: int, end: int, path: tuple[int, ...]) -> Iterator[tuple[int, int]]:
    """Where the field lies that a path of field numbers leads to."""
    if not path:
        yield begin, end
        return
    at = begin
    while at < end:
        tag, at = _varint(content, at)
        wire = tag & 7
        if wire == 2:
            length, at = _varint(content, at)
            if tag >> 3 == path[0]:
                yield from _inside(content, at, at + length, path[1:])
            at += length
        elif wire == 0:
            _, at = _varint(content, at)
        else:
            at += 8 if wire == 1 else 4


def _varint(content: bytearray, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = content[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at
