"""Which places of an answer are not what is expected."""

from typing import Any

import pytest

from comb_compiler.samples import missed

ANSWER = {"decision": "BLOCK", "lines": [{"text": "a", "score": 0.9}, {"text": "b"}], "score": 0.5, "sure": True}


@pytest.mark.parametrize(
    ("expected", "places"),
    [
        ({}, ()),
        ({"decision": "BLOCK"}, ()),
        ({"lines": [{"text": "a"}, {}]}, ()),
        ({"reasons": [], "note": "", "kind": "KIND_UNSPECIFIED", "count": 0, "late": False, "more": {}}, ()),
        ({"decision": "ALLOW", "score": 0.4}, ("decision", "score")),
        ({"lines": [{"text": "a"}]}, ("lines",)),
        ({"lines": []}, ("lines",)),
        ({"lines": [{"text": "x"}, {"text": "y"}]}, ("lines[0].text", "lines[1].text")),
        ({"reasons": [{}]}, ("reasons",)),
        ({"sure": 1}, ("sure",)),
        ({"score": {"value": 1}}, ("score",)),
    ],
)
def test_only_what_is_expected_counts(expected: Any, places: tuple[str, ...]) -> None:
    assert missed(expected, ANSWER) == places


def test_an_answer_of_another_kind_is_missed_as_a_whole() -> None:
    assert missed({"a": 1}, None) == ("the answer",)
