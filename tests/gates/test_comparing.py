"""Where two messages differ, with rules and without."""

from math import nan
from typing import Any

import pytest
from google.protobuf.struct_pb2 import ListValue, Value

from comb_compiler.gates.comparing import Difference, differences, missed
from comb_compiler.gates.rules import Edits, Ignore, Overlap, Rule, Tolerance, Unordered, resolved
from tests.gates.messages import answer

BOX = {"left": 0, "top": 0, "right": 10, "bottom": 10}
NEAR = {"left": 1, "top": 0, "right": 11, "bottom": 10}
FAR = {"left": 50, "top": 50, "right": 60, "bottom": 60}


def places(before: dict[str, Any], after: dict[str, Any], **rules: Rule) -> list[str]:
    named = {name.replace("__", "[].") if "__" in name else name: rule for name, rule in rules.items()}
    return [one.place for one in differences(answer(**before), answer(**after), named)]


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        ({"text": "a"}, {"text": "a"}, []),
        ({"text": "a"}, {}, ["text"]),
        ({"score": 0.1}, {"score": 0.1000001}, ["score"]),
        ({"score": "NaN"}, {"score": "NaN"}, []),
        ({"score": "NaN"}, {"score": 1}, ["score"]),
        ({"maybe": 0}, {}, ["maybe"]),
        ({"tags": ["a", "b"]}, {"tags": ["b", "a"]}, ["tags[0]", "tags[1]"]),
        ({"tags": ["a"]}, {"tags": ["a", "b"]}, ["tags"]),
        ({"found": [{"label": "a", "box": BOX}]}, {"found": [{"label": "b", "box": BOX}]}, ["found[0].label"]),
        ({"found": [{"box": BOX}]}, {"found": [{}]}, ["found[0].box"]),
        ({"scores": {"a": 1, "b": 2}}, {"scores": {"a": 1.5, "c": 3}}, ["scores[a]", "scores[b]", "scores[c]"]),
    ],
)
def test_what_has_no_rule_is_the_same_or_differs(
    before: dict[str, Any], after: dict[str, Any], found: list[str]
) -> None:
    assert places(before, after) == found
    assert places(after, before) == found


def test_a_difference_has_the_field_and_both_values() -> None:
    one, other = answer(found=[{}, {"label": "a"}]), answer(found=[{}, {"label": "b"}])
    assert differences(one, other, {}) == (Difference("found[].label", "found[1].label", "a", "b"),)
    (big,) = differences(answer(picture="AAAA"), answer(), {})
    assert (big.before, big.after) == ("00 00 00", "")


def test_values_that_have_no_json_are_shown_as_they_are() -> None:
    (found,) = differences(ListValue(), ListValue(values=[Value(number_value=nan)]), {})
    assert (found.before, found.after) == ([], ["number_value: nan\n"])


def test_what_is_ignored_does_not_count() -> None:
    assert places({"text": "a", "score": 1}, {"text": "b", "score": 2}, text=Ignore()) == ["score"]
    assert places({"found": [{"label": "a"}]}, {"found": [{"label": "b"}]}, found__label=Ignore()) == []
    assert places({"found": [{}]}, {}, found=Ignore()) == []


@pytest.mark.parametrize(
    ("rule", "before", "after", "same"),
    [
        (Tolerance(absolute=0.1), 1.0, 1.05, True),
        (Tolerance(absolute=0.01), 1.0, 1.05, False),
        (Tolerance(relative=0.1), 100.0, 109.0, True),
        (Tolerance(relative=0.01), 100.0, 109.0, False),
        (Tolerance(absolute=1e9), "NaN", 1.0, False),
        (Tolerance(absolute=1e9), "Infinity", "Infinity", True),
        (Tolerance(absolute=1e9), "Infinity", 1.0, False),
    ],
)
def test_numbers_within_a_tolerance(rule: Rule, before: Any, after: Any, *, same: bool) -> None:
    assert (places({"score": before}, {"score": after}, score=rule) == []) is same


def test_lists_as_multisets() -> None:
    assert places({"tags": ["a", "b", "a"]}, {"tags": ["b", "a", "a"]}, tags=Unordered()) == []
    (one,) = differences(answer(tags=["a", "b", "a"]), answer(tags=["a", "c", "b"]), {"tags": Unordered()})
    assert (one.field, one.before, one.after) == ("tags", ["a"], ["c"])
    found = [{"label": "a", "box": BOX}, {"label": "b", "box": FAR}]
    turned = [{"label": "b", "box": FAR}, {"label": "a", "box": NEAR}]
    assert places({"found": found}, {"found": turned}, found=Unordered()) == ["found"]
    rules: dict[str, Rule] = {"found": Unordered(), "found[].box": Overlap(0.8)}
    assert differences(answer(found=found), answer(found=turned), rules) == ()


def test_boxes_by_their_overlap() -> None:
    assert places({"boxes": [BOX]}, {"boxes": [NEAR]}, boxes=Overlap(0.8)) == []
    assert places({"boxes": [BOX]}, {"boxes": [NEAR]}, boxes=Overlap(0.9)) == ["boxes"]
    assert places({"boxes": [BOX, FAR]}, {"boxes": [FAR, NEAR]}, boxes=Overlap(0.8)) == []
    (one,) = differences(answer(boxes=[BOX]), answer(boxes=[BOX, FAR]), {"boxes": Overlap(0.5)})
    assert (len(one.before), len(one.after)) == (0, 1)


@pytest.mark.parametrize(
    ("before", "after", "share", "same"),
    [
        ("kitten", "sitting", 0.42, False),  # 3 of 7
        ("kitten", "sitting", 0.43, True),
        ("", "", 0.0, True),
        ("", "a", 0.5, False),
        ("Lift-off at 18:00", "Lift-off at18:00", 0.06, True),
    ],
)
def test_texts_by_how_many_characters_differ(before: str, after: str, share: float, *, same: bool) -> None:
    assert (places({"text": before}, {"text": after}, text=Edits(share)) == []) is same


@pytest.mark.parametrize(
    ("expected", "found"),
    [
        ({}, []),
        ({"text": "a"}, []),
        ({"text": "b"}, ["text"]),
        ({"score": 0}, ["score"]),
        ({"maybe": 0}, []),
        ({"found": [{"label": "a"}]}, []),
        ({"found": [{"label": "a"}, {}]}, ["found"]),
        ({"found": [{"box": {"left": 0}}]}, []),
        ({"found": [{"box": {"left": 1}}]}, ["found[0].box.left"]),
        ({"tags": []}, ["tags"]),
    ],
)
def test_of_what_is_expected_only_what_is_said_counts(expected: dict[str, Any], found: list[str]) -> None:
    given = answer(text="a", score=2, tags=["t"], found=[{"label": "a", "box": BOX}])
    assert [one.place for one in missed(expected, given, {})] == found


def test_what_no_answer_can_be_is_refused() -> None:
    with pytest.raises(ValueError, match="nothing"):
        missed({"nothing": 1}, answer(), {})
    with pytest.raises(ValueError, match="surrogate"):
        missed({"half of a pair \ud800": 1}, answer(), {})


def test_rules_are_found_by_the_paths_that_people_write() -> None:
    named: dict[str, Rule] = {
        "text": Edits(0.1),
        "tags": Unordered(),
        "found.label": Ignore(),
        "found.box": Overlap(0.5),
        "boxes": Overlap(0.5),
        "boxes.left": Tolerance(1.0),
        "scores": Tolerance(0.1),
    }
    assert list(resolved(named, answer().DESCRIPTOR)) == [
        "text",
        "tags",
        "found[].label",
        "found[].box",
        "boxes",
        "boxes[].left",
        "scores[]",
    ]


@pytest.mark.parametrize(
    ("path", "rule"),
    [("nothing", Ignore()), ("text.length", Ignore()), ("found", Overlap(0.5)), ("tags", Overlap(0.5))],
)
def test_rules_without_a_use_are_refused(path: str, rule: Rule) -> None:
    with pytest.raises(ValueError, match=path):
        resolved({path: rule}, answer().DESCRIPTOR)
