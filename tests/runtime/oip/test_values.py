"""Values between messages and tensors, without a server."""

import struct
from typing import Any

import pytest
from hypothesis import given, strategies as st

from comb_compiler.release.tensors import ITEM_SIZES, Tensor, datatypes
from comb_compiler.runtime.messages import open_messages
from comb_compiler.runtime.oip.contents import decode, encode, given as contents_of, part, sent
from comb_compiler.runtime.oip.fields import reader, writer
from comb_compiler.runtime.oip.protocol import message
from comb_compiler.runtime.oip.shapes import agrees, filled
from tests.runtime.oip.serving import descriptors

VALUES = open_messages(descriptors())["score.v1.Values"]
FLOATS = st.lists(st.floats(width=32, allow_nan=False), max_size=300)


@given(
    weights=FLOATS,
    exact=st.lists(st.floats(allow_nan=False), max_size=300),
    large=st.lists(st.integers(-(2**63), 2**63 - 1), max_size=20),
    texts=st.lists(st.text(max_size=200), max_size=5),
    raw=st.binary(max_size=300),
)
def test_floats_are_copied_whole_whatever_is_beside_them(
    weights: list[float], exact: list[float], large: list[int], texts: list[str], raw: bytes
) -> None:
    given_message: Any = VALUES(weights=weights, exact=exact, large=large, texts=texts, raw=raw, one=-1)
    made: Any = VALUES()
    for name, datatype, values, form in (("weights", "FP32", weights, "f"), ("exact", "FP64", exact, "d")):
        tensor = Tensor(name, datatype, (-1,), (name,))
        contents = reader(tensor, (name,), VALUES)(given_message)
        assert contents == struct.pack(f"<{len(values)}{form}", *values)
        writer(tensor, (name,), VALUES)(made, contents)
        assert list(getattr(made, name)) == values


@given(texts=st.lists(st.binary(max_size=50), max_size=10), cut=st.integers(1, 4))
def test_bytes_travel_with_their_lengths_and_what_is_cut_off_is_told(texts: list[bytes], cut: int) -> None:
    tensor = message("ModelInferResponse.InferOutputTensor")(datatype="BYTES")
    whole = sent(list(texts))
    assert contents_of(tensor, whole) == texts
    if texts:
        with pytest.raises(ValueError, match=r"cut off|longer than"):
            contents_of(tensor, whole + b"\x01" * cut if cut < 4 else whole + b"\xff" * 4)


def test_lists_of_an_answer_are_read_as_raw_contents_are() -> None:
    output = message("ModelInferResponse.InferOutputTensor")
    for datatype, name, values in (
        ("BOOL", "bool_contents", [True, False]),
        ("INT8", "int_contents", [-1, 2]),
        ("UINT16", "uint_contents", [1, 65535]),
        ("INT64", "int64_contents", [-(2**63)]),
        ("UINT64", "uint64_contents", [2**64 - 1]),
        ("FP32", "fp32_contents", [0.5]),
        ("FP64", "fp64_contents", [0.1]),
    ):
        tensor = output(datatype=datatype, contents=message("InferTensorContents")(**{name: values}))
        raw = contents_of(tensor, None)
        assert isinstance(raw, bytes)
        assert raw == encode(datatype, values)
        assert list(decode(datatype, raw)) == values
    with pytest.raises(ValueError, match="out of the range of INT8"):
        contents_of(output(datatype="INT8", contents=message("InferTensorContents")(int_contents=[300])), None)
    with pytest.raises(ValueError, match="raw contents only"):
        contents_of(output(datatype="BF16"), None)


def test_rows_are_parts() -> None:
    assert part("FP32", bytes(range(16)), 1, 3) == bytes(range(4, 12))
    assert part("BYTES", [b"a", b"b", b"c"], 1, 3) == [b"b", b"c"]


def test_shapes_are_filled_by_values() -> None:
    assert filled((-1, 3), 6) == (2, 3)
    assert filled((2, -1), 6) == (2, 3)
    assert filled((-1, 3), 0) == (0, 3)
    assert filled((2, 3), 6) == (2, 3)
    for shape, count in (((-1, 3), 7), ((2, 3), 5)):
        with pytest.raises(ValueError, match="a tensor of shape"):
            filled(shape, count)
    assert agrees((-1, 3), (7, 3))
    assert not agrees((-1, 3), (7, 4))
    assert not agrees((-1,), (1, 1))


def test_a_field_of_bytes_holds_any_datatype_and_its_own_first() -> None:
    assert datatypes("bytes", is_repeated=False)[0] == "BYTES"
    assert set(datatypes("bytes", is_repeated=False)) == set(ITEM_SIZES)
    assert datatypes("bytes", is_repeated=True) == ("BYTES",)
    assert datatypes("message", is_repeated=False) == ()
    assert datatypes("enum", is_repeated=True) == ()
