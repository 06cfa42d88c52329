"""What a call of an operator in another process looks like: frames in the messages of a unary gRPC method."""

import json
import struct
from hashlib import blake2b
from typing import NamedTuple

from comb_compiler.release import Binding
from comb_compiler.runtime.codes import Code, OperatorError
from comb_compiler.runtime.wire.frames import about_bytes
from comb_compiler.runtime.wire.values import Packed

__all__ = [
    "METHOD",
    "ROOM",
    "Answered",
    "Asked",
    "decode_answer",
    "decode_call",
    "encode_answer",
    "encode_call",
    "identity",
]

METHOD = "/comb.runtime.v1.Operators/Call"
ROOM = 1 << 20
"""Of a message, beside the values themselves."""

_VERSION = 1
_CALL = struct.Struct("<B16sHI")  # version, the binding's identity, bytes that say more of the call, bytes of the head
_ANSWER = struct.Struct("<BBI")  # version, whether another process is to be asked, bytes of the head


class Asked(NamedTuple):
    """A call as it came. `about` is the request's id, the node, the arm, and the node's span."""

    identity: bytes
    about: tuple[str, str, str, str]
    head: memoryview
    content: memoryview


def identity(binding: Binding) -> bytes:
    """What a binding answers, in 16 bytes: a process of another release, where it would answer otherwise, has others.

    How long its callers wait and what they do without it is theirs, and no part of it.
    """
    said = (binding.name, binding.ports, binding.out, binding.run, binding.image, binding.oip, binding.model)
    return blake2b(json.dumps(said, sort_keys=True, default=dict).encode(), digest_size=16).digest()


def encode_call(binding: bytes, about: tuple[str, str, str, str], packed: Packed) -> bytes:
    """The bytes of a call."""
    said = about_bytes(about)
    return b"".join(
        (_CALL.pack(_VERSION, binding, len(said), len(packed.head)), said, packed.head, *packed.pieces),
    )


def decode_call(content: bytes) -> Asked:
    """A call. Raises OperatorError (DATA_LOSS) for bytes that are none."""
    if len(content) < _CALL.size or content[0] != _VERSION:
        raise OperatorError(Code.DATA_LOSS, "this is no call of an operator that is understood here")
    view = memoryview(content)
    _, binding, about, head = _CALL.unpack_from(content)
    start = _CALL.size + about
    said = [*bytes(view[_CALL.size : start]).decode(errors="replace").split("\0"), "", "", "", ""]
    return Asked(binding, (said[0], said[1], said[2], said[3]), view[start : start + head], view[start + head :])


class Answered(NamedTuple):
    """An answer as it came: a value or an error. `is_elsewhere`: nothing was run, and another is to be asked."""

    is_elsewhere: bool
    head: memoryview
    content: memoryview


def encode_answer(packed: Packed, *, is_elsewhere: bool = False) -> bytes:
    """The bytes of an answer."""
    return b"".join((_ANSWER.pack(_VERSION, is_elsewhere, len(packed.head)), packed.head, *packed.pieces))


def decode_answer(content: bytes) -> Answered:
    """An answer. Raises OperatorError (DATA_LOSS) for bytes that are none."""
    if len(content) < _ANSWER.size or content[0] != _VERSION:
        raise OperatorError(Code.DATA_LOSS, "what came from another process cannot be read")
    _, is_elsewhere, head = _ANSWER.unpack_from(content)
    view = memoryview(content)[_ANSWER.size :]
    return Answered(bool(is_elsewhere), view[:head], view[head:])
