"""Descriptor sets come from anywhere: what is none, or does not hang together, is refused and raises nothing else."""

import contextlib
import random

import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorSet

from comb_compiler.protos.breaking import compare
from comb_compiler.protos.decode import BadDescriptors, decode
from comb_compiler.workspace.protoc import run_protoc

PROTO = b"""syntax = "proto2";
package d.v1;
import "google/protobuf/any.proto";
message M {
  optional group Foo = 1 { optional string a = 1; required int32 b = 2 [default = 3]; }
  extensions 100 to 200;
  oneof k { string q = 5; google.protobuf.Any w = 6; }
  map<string, M> m = 7;
  reserved 9, 10 to 12;
  reserved "old";
  enum E { option allow_alias = true; A = 0; B = 0; reserved 5; }
  optional E e = 8 [default = B, deprecated = true];
}
extend M { optional M more = 101; }
service S { rpc A(M) returns (stream M); }
"""


def damaged(chance: random.Random, content: bytes) -> bytes:
    damage = bytearray(content)
    for _ in range(chance.randint(1, 3)):
        at, length = chance.randrange(len(damage)), chance.randint(0, 6)
        damage[at : at + length] = chance.choice((b"", chance.randbytes(length), bytes(damage[at : at + 60])))
    return bytes(damage)


def test_a_damaged_set_is_read_or_refused() -> None:
    content = run_protoc({"d.proto": PROTO}, ["d.proto"]).descriptors
    right = decode(content, {})
    chance = random.Random(11)
    read = 0
    for _ in range(1_500):
        with contextlib.suppress(BadDescriptors):
            schema = decode(damaged(chance, content), {})
            read += 1
            assert all(change.rule for change in (*compare(right, schema), *compare(schema, right)))
    assert read > 50


@pytest.mark.parametrize("part", [b"d.proto", b"shoutedName"])
def test_a_name_that_is_not_utf8_is_refused(part: bytes) -> None:
    text = b'syntax = "proto3"; package d; message M { string shouted_name = 1; }'
    content = run_protoc({"d.proto": text}, ["d.proto"]).descriptors
    assert part in FileDescriptorSet.FromString(content).SerializeToString()
    with pytest.raises(BadDescriptors, match="UTF-8"):
        decode(content.replace(part, part[:-1] + b"\xff"), {})
