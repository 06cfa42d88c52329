"""Values of every kind of field: when they are the same, and what is shown of them."""

import json
from math import inf, nan
from random import Random
from typing import Any

import pytest
from google.protobuf.unknown_fields import UnknownFieldSet

from comb_compiler.gates.comparing import differences, json_of, missed
from comb_compiler.gates.rules import Edits, Overlap, Rule, Tolerance, Unordered
from comb_compiler.gates.texts import edits
from tests.gates.messages import Answer, answer

FOUND = "type.googleapis.com/gates.Found"
MOST = "18446744073709551615"
AT = "2026-11-27T08:00:00Z"


def found(before: Any, after: Any, **rules: Rule) -> list[tuple[str, Any, Any]]:
    return [(one.place, one.before, one.after) for one in differences(before, after, rules)]


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ({"score": -0.0}, {}, []),
        ({"score": "NaN"}, {"score": "-Infinity"}, [("score", "NaN", "-Infinity")]),
        ({"score": "Infinity"}, {"score": 1e308}, [("score", "Infinity", 1e308)]),
        ({"share": 0.1}, {"share": 0.3}, [("share", 0.1, 0.3)]),
        ({"big": "9007199254740993"}, {"big": "9007199254740992"}, [("big", "9007199254740993", "9007199254740992")]),
        ({"number": MOST}, {"word": ""}, [("word", None, ""), ("number", MOST, None)]),
        ({"number": "0"}, {}, [("number", "0", None)]),
        ({"kind": "KIND_TEXT"}, {"kind": 7}, [("kind", "KIND_TEXT", 7)]),
        ({"at": AT}, {"at": "2026-11-27T08:00:01Z"}, [("at.seconds", "1795766400", "1795766401")]),
        ({"at": AT}, {"at": "2026-11-27T08:00:00.000000001Z"}, [("at.nanos", 0, 1)]),
        ({"at": AT}, {}, [("at", AT, None)]),
        ({"wrapped": 0}, {}, [("wrapped", 0.0, None)]),
        ({"wrapped": 1}, {"wrapped": 2}, [("wrapped.value", 1.0, 2.0)]),
        ({"free": {"a": 1}}, {"free": {"a": "1"}}, [
            ("free.fields[a].number_value", 1.0, None),
            ("free.fields[a].string_value", None, "1"),
        ]),
        ({"sides": {"true": {"label": "a"}}}, {"sides": {"true": {"label": "b"}}}, [("sides[True].label", "a", "b")]),
        ({"packed": {"@type": FOUND, "label": "a"}}, {"packed": {"@type": FOUND}}, [("packed.label", "a", "")]),
        ({"picture": "AAAA"}, {"picture": "AAAB"}, [("picture", "00 00 00", "00 00 01")]),
    ],
)  # fmt: skip
def test_of_every_kind_are_compared_as_what_they_are(
    before: dict[str, Any], after: dict[str, Any], said: list[tuple[str, Any, Any]]
) -> None:
    one, other = answer(**before), answer(**after)
    assert found(one, other) == said
    assert found(other, one) == [(place, after, before) for place, before, after in said]
    json.dumps([shown for _, *shown in said], allow_nan=False)
    assert found(one, answer(**before)) == []


def test_long_bytes_of_one_length_are_told_apart() -> None:
    one, other = answer(picture="AAAA" * 10), answer(picture="AAAA" * 9 + "AAAB")
    ((_, before, after),) = found(one, other)
    assert before.startswith("30 bytes, SHA-256 ")
    assert before != after


def test_packed_messages_are_the_same_in_whatever_order_their_bytes_are() -> None:
    packed = answer(packed={"@type": FOUND, "label": "a", "box": {"left": 1}})
    turned = Answer()
    turned.CopyFrom(packed)
    box, label = packed.packed.value[:7], packed.packed.value[7:]
    turned.packed.value = label + box
    assert packed.SerializeToString() != turned.SerializeToString()
    assert found(packed, turned) == []
    turned.packed.type_url = "type.googleapis.com/nobody.Knows"
    assert [place for place, *_ in found(packed, turned)] == ["packed.type_url", "packed.value"]
    other = Answer()
    other.CopyFrom(turned)
    assert found(turned, other) == []


def test_fields_that_the_type_does_not_know_do_not_count() -> None:
    newer = Answer.FromString(answer(text="a").SerializeToString() + b"\xa0\x06\x05")
    assert len(UnknownFieldSet(newer)) == 1
    assert found(newer, answer(text="a")) == []
    assert missed({"text": "a"}, newer, {}) == ()


def test_a_message_that_json_would_lose_a_part_of_has_no_json_form() -> None:
    whole = answer(text="a", score="NaN", at=AT, packed={"@type": FOUND, "label": "a"}, free={"a": [None, 1]}, big="5")
    assert json_of(whole)["text"] == "a"
    assert json_of(Answer.FromString(whole.SerializeToString() + b"\xa0\x06\x05")) is None
    nested = Answer(found=[type(answer(found=[{}]).found[0]).FromString(b"\xa0\x06\x05")])
    assert json_of(nested) is None


@pytest.mark.parametrize(
    ("field", "before", "after", "rule", "same"),
    [
        ("score", 0.5, 0.51, Tolerance(absolute=0.01), True),
        ("share", 0.5, 0.51, Tolerance(absolute=0.01), True),
        ("share", 0.5, 0.5101, Tolerance(absolute=0.01), False),
        ("score", 1e300, -1e300, Tolerance(relative=1.0), False),
        ("big", 2**53, 2**53 + 1, Tolerance(absolute=0.5), False),
        ("big", 2**53, 2**53 + 1, Tolerance(absolute=1), True),
        ("big", -(2**63), 2**63 - 1, Tolerance(relative=1.0), False),
        ("number", 0, 2**64 - 1, Tolerance(relative=1.0), True),
        ("score", inf, -inf, Tolerance(absolute=1e308), False),
        ("score", nan, 0.0, Tolerance(absolute=1e308, relative=1.0), False),
        ("score", 100.0, 109.0, Tolerance(absolute=5, relative=0.1), True),
    ],
)
def test_tolerances_are_exact(field: str, before: float, after: float, rule: Rule, *, same: bool) -> None:
    one, other = Answer(**{field: before}), Answer(**{field: after})
    assert (differences(one, other, {field: rule}) == ()) is same
    assert (differences(other, one, {field: rule}) == ()) is same


def test_a_share_of_a_text_is_no_character_less_than_it_says() -> None:
    one, other = answer(text="a" * 100), answer(text="a" * 71 + "b" * 29)
    assert found(one, other, text=Edits(0.29)) == []
    assert found(one, other, text=Edits(0.28)) != []


def test_boxes_that_overlap_by_just_the_share_are_the_same() -> None:
    one = answer(boxes=[{"left": 0.1, "top": 0, "right": 1.1, "bottom": 1}])
    other = answer(boxes=[{"left": 0.1, "top": 0, "right": 0.9, "bottom": 1}])
    assert found(one, other, boxes=Overlap(0.8)) == []
    assert found(one, other, boxes=Overlap(0.801)) != []


def test_no_item_of_a_list_takes_the_only_partner_of_another() -> None:
    rules: dict[str, Rule] = {"near": Unordered(), "near[]": Tolerance(absolute=0.1)}
    assert differences(answer(near=[1.1, 1.0]), answer(near=[1.05, 1.15]), rules) == ()
    (alone,) = differences(answer(near=[1.1, 1.0, 3]), answer(near=[1.05, 1.15, 2]), rules)
    assert (alone.before, alone.after) == ([3.0], [2.0])


def test_pairs_are_as_many_as_can_be() -> None:
    random = Random(5)
    rules: dict[str, Rule] = {"near": Unordered(), "near[]": Tolerance(absolute=1)}
    for _ in range(300):
        one, other = ([random.randrange(8) for _ in range(random.randrange(7))] for _ in range(2))
        found = differences(answer(near=one), answer(near=other), rules)
        alone = len(found[0].before) if found else 0
        assert len(one) - alone == _most_pairs(one, other)


def _most_pairs(one: list[int], other: list[int]) -> int:
    """Points on a line are paired best from the left."""
    left, right, pairs = sorted(one), sorted(other), 0
    while left and right:
        if abs(left[0] - right[0]) <= 1:
            left, right, pairs = left[1:], right[1:], pairs + 1
        elif left[0] < right[0]:
            left = left[1:]
        else:
            right = right[1:]
    return pairs


def test_edits_are_levenshteins() -> None:
    random = Random(1)
    for _ in range(2_000):
        one, other = ("".join(random.choice("abc") for _ in range(random.randrange(12))) for _ in range(2))
        most, distance = random.randrange(12), _levenshtein(one, other)
        seen = edits(one, other, most)
        assert seen == distance if distance <= most else seen > most, (one, other, most)
        assert edits(one.encode(), other.encode(), 99) == distance


def _levenshtein(one: str, other: str) -> int:
    row = list(range(len(other) + 1))
    for line, character in enumerate(one, 1):
        fresh = [line]
        for column, its in enumerate(other, 1):
            fresh.append(min(row[column] + 1, fresh[-1] + 1, row[column - 1] + (character != its)))
        row = fresh
    return row[-1]


def test_what_would_take_for_ever_is_not_the_same() -> None:
    random = Random(2)
    one, other = ("".join(random.choice("ab") for _ in range(60_000)) for _ in range(2))
    assert edits(one, other, 60_000) > 60_000
    assert edits("x" * 500_000 + "a", "x" * 500_000 + "b", 1) == 1
    rules: dict[str, Rule] = {"near": Unordered()}
    (found,) = differences(answer(near=list(range(2_000))), answer(near=list(range(1_000_000, 1_002_000))), rules)
    assert len(found.before) == 2_000


def test_of_an_expected_map_the_keys_count_and_of_their_values_what_is_said() -> None:
    given = answer(sides={"true": {"label": "a", "box": {"left": 1}}})
    assert missed({"sides": {"true": {"label": "a"}}}, given, {}) == ()
    assert [one.place for one in missed({"sides": {"true": {"label": "b"}}}, given, {})] == ["sides[True].label"]
    assert [one.place for one in missed({"sides": {}}, given, {})] == ["sides[True]"]
    assert [one.place for one in missed({"packed": {"@type": FOUND}}, given, {})] == ["packed"]
    with pytest.raises(ValueError, match=r"nobody\.Knows"):
        missed({"packed": {"@type": "x/nobody.Knows"}}, given, {})
