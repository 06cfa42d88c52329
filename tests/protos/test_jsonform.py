"""What is said of a message's JSON form agrees with Protobuf's own parser."""

from typing import Any

import pytest
from google.protobuf import json_format, message_factory
from hypothesis import given, strategies as st

from comb_compiler.protos.compiled import Protos
from comb_compiler.protos.decode import open_pool
from comb_compiler.protos.jsonform import mistakes
from comb_compiler.workspace.sources import load_sources
from tests.support.memory import REMEMBERED, MemoryCheckout

PROTO = """
syntax = "proto3";
package j.v1;
import "google/protobuf/any.proto";
import "google/protobuf/duration.proto";
import "google/protobuf/field_mask.proto";
import "google/protobuf/struct.proto";
import "google/protobuf/timestamp.proto";
import "google/protobuf/wrappers.proto";
service S { rpc M(All) returns (All); }
enum Mood { MOOD_UNSPECIFIED = 0; GOOD = 1; BAD = -2; }
message All {
  double d = 1; float f = 2; int32 i32 = 3; int64 i64 = 4; uint32 u32 = 5; uint64 u64 = 6; sint32 s32 = 7;
  fixed64 x64 = 8; bool flag = 9; string text = 10; bytes raw = 11; Mood mood = 12;
  All inner = 13; repeated int32 many = 14; repeated All deep = 15; repeated Mood moods = 16;
  map<string, int32> by_name = 17; map<int32, All> by_number = 18; map<bool, string> by_flag = 19;
  oneof one { string left_side = 20; int32 right_side = 21; All middle = 22; }
  optional string maybe = 23;
  google.protobuf.Duration wait = 24; google.protobuf.Timestamp at = 25; google.protobuf.Struct free = 26;
  google.protobuf.Value any_value = 27; google.protobuf.ListValue list = 28; google.protobuf.Int64Value wrapped = 29;
  google.protobuf.BoolValue wrapped_flag = 30; google.protobuf.FieldMask mask = 31; bytes in = 32; string class = 33;
}
"""
COMB = """
apiVersion: comb.dev/v1
kind: Comb
metadata: {name: j}
interface: {proto: j.proto, method: j.v1.S/M}
operators: {o: {run: "m:O", in: {x: j.v1.All}, out: j.v1.All}}
graph: {s: "o(x=$request)", return: s}
"""
TYPE = "j.v1.All"


def protos() -> Protos:
    files = {"comb.yaml": COMB.encode(), "j.proto": PROTO.encode()}
    found = load_sources(MemoryCheckout(files), "comb.yaml", REMEMBERED).protos
    assert found is not None
    assert found.schema is not None
    return found


PROTOS = protos()
POOL = open_pool(PROTOS.descriptors)
MESSAGE = message_factory.GetMessageClass(POOL.FindMessageTypeByName(TYPE))


def is_right(data: Any) -> bool:
    """By Protobuf's parser."""
    try:
        json_format.ParseDict(data, MESSAGE(), descriptor_pool=POOL)
    except (json_format.Error, TypeError, ValueError, AttributeError, KeyError, RecursionError):
        return False
    return True


def said(data: Any) -> list[str]:
    assert PROTOS.schema is not None
    return [one.message for one in mistakes(PROTOS.schema, TYPE, data)]


RIGHT: list[dict[str, Any]] = [
    {},
    {"d": 1, "f": "1.5", "i32": 2.0, "i64": "9007199254740993", "u64": 18446744073709551615},
    {"d": "NaN", "f": "-Infinity"},
    {"i32": "7", "mood": "GOOD", "moods": [0, 1, -2, 77, "BAD"]},
    {"byName": {"a": 1}, "by_number": {"7": {"text": "x"}}, "byFlag": {"true": "x"}},
    {"leftSide": "x", "inner": {"right_side": 3}},
    {"maybe": None, "text": None, "many": None, "leftSide": None, "middle": {}},
    {"wait": "1.5s", "at": "2026-01-31T12:00:00.123Z", "free": {"a": [1, None]}, "anyValue": None, "list": [1, "a"]},
    {"wrapped": "5", "wrappedFlag": True, "mask": "user.displayName,photo"},
    {"raw": "aGVsbG8=", "in": "_-8", "class": "x"},
    {"deep": [{"deep": [{}]}, {"text": ""}]},
]
WRONG: list[tuple[dict[str, Any], tuple[str | int, ...]]] = [
    ({"nothing": 1}, ("nothing",)),
    ({"text": 1}, ("text",)),
    ({"flag": "true"}, ("flag",)),
    ({"i32": 1.5}, ("i32",)),
    ({"i32": 2147483648}, ("i32",)),
    ({"u32": -1}, ("u32",)),
    ({"i64": "x"}, ("i64",)),
    ({"f": 1e39}, ("f",)),
    ({"mood": "SAD"}, ("mood",)),
    ({"many": 3}, ("many",)),
    ({"many": [1, "x"]}, ("many", 1)),
    ({"many": [None]}, ("many", 0)),
    ({"inner": [1]}, ("inner",)),
    ({"inner": {"deep": [{"textt": 1}]}}, ("inner", "deep", 0, "textt")),
    ({"byName": {"a": "x"}}, ("byName", "a")),
    ({"by_number": {"x": {}}}, ("by_number", "x")),
    ({"byFlag": {"yes": "x"}}, ("byFlag", "yes")),
    ({"leftSide": "a", "right_side": 1}, ("right_side",)),
    ({"text": "a", "text_": "b"}, ("text_",)),
    ({"wait": "1.5"}, ("wait",)),
    ({"wait": 3}, ("wait",)),
    ({"at": "yesterday"}, ("at",)),
    ({"free": [1]}, ("free",)),
    ({"list": {}}, ("list",)),
    ({"wrapped": "x"}, ("wrapped",)),
    ({"raw": "a!"}, ("raw",)),
]


@pytest.mark.parametrize("data", RIGHT, ids=str)
def test_what_the_parser_takes_is_right(data: dict[str, Any]) -> None:
    assert is_right(data)
    assert said(data) == []


@pytest.mark.parametrize(("data", "path"), WRONG, ids=str)
def test_what_the_parser_refuses_is_told_at_its_place(data: dict[str, Any], path: tuple[str | int, ...]) -> None:
    assert not is_right(data)
    assert PROTOS.schema is not None
    assert [one.path for one in mistakes(PROTOS.schema, TYPE, data)] == [path]


SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(1 << 65), 1 << 65)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=4)
    | st.sampled_from(
        ["1", "-1", "1.0", "1e3", " 1", "0x1", "NaN", "GOOD", "true", "aGk=", "aGk", "a_-b", "1s", "-0.5s"]
    )
)
NAMES = st.sampled_from(
    """d f i32 i64 u32 u64 s32 x64 flag text raw mood inner many deep moods byName by_name byNumber by_flag leftSide
    left_side rightSide middle maybe wrapped wrappedFlag list free in class nothing""".split()  # noqa: SIM905
)
KEYS = NAMES | st.sampled_from(["1", "true", "x", ""])


def values(children: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(children, max_size=3) | st.dictionaries(KEYS, children, max_size=3)


@given(st.dictionaries(NAMES, st.recursive(SCALARS, values, max_leaves=6), max_size=4))
def test_what_is_said_to_be_right_the_parser_takes(data: dict[str, Any]) -> None:
    """Not the other way round: the parser takes false for a number, and an empty list for a message."""
    assert said(data) or is_right(data)
