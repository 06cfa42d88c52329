"""Whatever bytes come from another process are read, or refused with a typed error."""

import contextlib
from typing import Any

from hypothesis import given, settings, strategies as st

from comb_compiler.runtime import OperatorError, Parcel
from comb_compiler.runtime.peers.frames import decode_answer, decode_call, encode_call
from comb_compiler.runtime.wire.values import pack, unpack
from tests.runtime.post.post_pb2 import Letter

_GOOD = encode_call(
    bytes(16), ("r", "n", "a", "t"), pack([Letter(text="x"), None, Parcel(Letter(), {"picture": b"y"})])
)


@settings(max_examples=300)
@given(st.binary(max_size=200), st.lists(st.tuples(st.integers(0, len(_GOOD) - 1), st.integers(0, 255)), max_size=4))
def test_whatever_bytes_come_they_are_a_call_or_a_typed_error(noise: bytes, changes: list[tuple[int, int]]) -> None:
    bent = bytearray(_GOOD)
    for place, value in changes:
        bent[place] = value
    for content in (noise, b"\x01" + noise, bytes(bent), bytes(bent)[: len(noise)]):
        for reading in (_as_call, _as_answer):
            with contextlib.suppress(OperatorError):
                for value in reading(content):
                    assert value is None or isinstance(value, Letter | Parcel | OperatorError)


def _as_call(content: bytes) -> list[Any]:
    asked = decode_call(content)
    assert len(asked.about) == 4
    return unpack(asked.head, asked.content, (Letter,), keep=False)


def _as_answer(content: bytes) -> list[Any]:
    answer = decode_answer(content)
    return unpack(answer.head, answer.content, (Letter,), keep=False)
