"""Which messages can be read as which: the same, or another that has all that the reader looks at."""

from typing import Any

import pytest
from google.protobuf import message_factory

from comb_compiler.protos import Schema
from comb_compiler.protos.decode import open_pool
from comb_compiler.protos.fitting import misfits
from comb_compiler.source.memo import NOTHING_KEPT
from comb_compiler.workspace.protos import compile_protos, gather_protos
from tests.support.memory import MemoryCheckout

PROTO = """
syntax = "proto3";
package f.v1;
message Box { int32 left = 1; string in = 2; }
message Boxes { repeated Box boxes = 1; bool degraded = 2; map<string, Box> class = 3; }
message Same { repeated Box boxes = 1; bool degraded = 2; map<string, Box> class = 3; }
message Less { repeated Box boxes = 1; }
message More { repeated Box boxes = 1; bool degraded = 2; map<string, Box> class = 3; string note = 4; }
message Renamed { repeated Box items = 1; }
message Renumbered { repeated Box boxes = 5; }
message Single { Box boxes = 1; }
message Retyped { repeated Box boxes = 1; string degraded = 2; }
message OtherBox { int32 left = 1; string in = 2; }
message Nested { repeated OtherBox boxes = 1; }
message WrongBox { int64 left = 1; string in = 2; }
message NestedWrong { repeated WrongBox boxes = 1; }
message Tree { int32 value = 1; repeated Tree from = 2; }
message OtherTree { int32 value = 1; repeated OtherTree from = 2; }
message WrongTree { string value = 1; repeated WrongTree from = 2; }
enum Mood { MOOD_UNSPECIFIED = 0; MOOD_GOOD = 1; }
enum Mode { MODE_UNSPECIFIED = 0; MODE_GOOD = 1; MODE_BAD = 2; }
message HasMood { Mood mood = 1; }
message HasMode { Mode mood = 1; }
message Either { oneof one { string a = 1; int32 b = 2; } }
message Both { string a = 1; int32 b = 2; }
message Empty {}
"""


def compiled(text: str) -> tuple[Schema, bytes]:
    checkout = MemoryCheckout({"f.proto": text.encode()})
    found = compile_protos(gather_protos(checkout, ["f.proto"], ()), checkout, NOTHING_KEPT)
    assert found.schema is not None, found.diagnostics
    return found.schema, found.descriptors


SCHEMA, DESCRIPTORS = compiled(PROTO)


def paths(given: str, wanted: str) -> list[str]:
    return [one.path for one in misfits(SCHEMA, f"f.v1.{given}", f"f.v1.{wanted}")]


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ("Boxes", "Boxes"),
        ("Boxes", "Same"),
        ("Boxes", "Less"),
        ("More", "Boxes"),
        ("Boxes", "Empty"),
        ("Nested", "Less"),
        ("Less", "Nested"),
        ("Tree", "OtherTree"),
        ("HasMood", "HasMode"),
        ("Either", "Both"),
    ],
)
def test_it_fits(given: str, wanted: str) -> None:
    assert paths(given, wanted) == []


@pytest.mark.parametrize(
    ("given", "wanted", "where"),
    [
        ("Less", "Boxes", ["degraded", "class"]),
        ("Boxes", "Renamed", ["items"]),
        ("Boxes", "Renumbered", ["boxes"]),
        ("Boxes", "Single", ["boxes"]),
        ("Boxes", "Retyped", ["degraded"]),
        ("Boxes", "NestedWrong", ["boxes.left"]),
        ("Tree", "WrongTree", ["value"]),
        ("HasMode", "HasMood", ["mood"]),
        ("Both", "Either", ["a", "b"]),
        ("Empty", "Box", ["left", "in"]),
    ],
)
def test_it_does_not_fit_and_the_fields_say_why(given: str, wanted: str, where: list[str]) -> None:
    assert paths(given, wanted) == where


def test_what_fits_is_read_without_loss_by_protobuf_itself() -> None:
    pool = open_pool(DESCRIPTORS)
    more, same = (message_factory.GetMessageClass(pool.FindMessageTypeByName(f"f.v1.{n}")) for n in ("More", "Same"))
    written: Any = more(boxes=[{"left": 3, "in": "x"}], degraded=True, note="only here")
    read: Any = same.FromString(written.SerializeToString())
    assert (read.boxes[0].left, getattr(read.boxes[0], "in"), read.degraded) == (3, "x", True)


def test_two_versions_of_one_file_live_in_one_process() -> None:
    _, old = compiled('syntax = "proto3"; package f.v1; message Box { int32 left = 1; string class = 2; }')
    _, new = compiled('syntax = "proto3"; package f.v1; message Box { string left = 1; Box from = 3; }')
    classes = [message_factory.GetMessageClass(open_pool(one).FindMessageTypeByName("f.v1.Box")) for one in (old, new)]
    before: Any = classes[0](left=3, **{"class": "x"})
    after: Any = classes[1](left="three", **{"from": {"left": "y"}})
    assert (before.left, getattr(before, "class")) == (3, "x")
    assert (after.left, getattr(after, "from").left) == ("three", "y")
    assert before.DESCRIPTOR.full_name == after.DESCRIPTOR.full_name == "f.v1.Box"
