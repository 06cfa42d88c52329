"""What differs between two sample sets."""

from typing import Any

import pytest

from comb_compiler.samples import Kept, Mark, Sample, SampleSet
from comb_compiler.samples.difference import Changed, SetDifference, difference

ONE = Sample("one", {"frame": {"width": 1, "tags": ["a", "b"]}}, {"decision": "ALLOW"}, None, "", (), "1" * 64)


def sets(before: tuple[Sample, ...], after: tuple[Sample, ...]) -> SetDifference:
    return difference(SampleSet("set", before, "x"), SampleSet("set", after, "y"))


def test_equal_sets_differ_in_nothing() -> None:
    found = sets((ONE,), (ONE,))
    assert found == SetDifference(same=1)
    assert found.is_empty


def test_samples_come_and_go() -> None:
    other = ONE._replace(name="other", digest="2" * 64)
    assert sets((ONE,), (ONE, other)) == SetDifference(added=("other",), same=1)
    assert sets((ONE, other), (ONE,)) == SetDifference(removed=("other",), same=1)


def test_a_sample_under_another_name_was_renamed() -> None:
    assert sets((ONE,), (ONE._replace(name="new"),)) == SetDifference(moved=(("one", "new"),))


def test_another_record_is_another_request() -> None:
    kept = ONE._replace(request={}, kept=Kept("0a" * 16, "1b" * 32))
    later = kept._replace(kept=Kept("0a" * 16, "2c" * 32))
    assert sets((kept,), (later,)).changed == (Changed("one", ("request",)),)
    assert sets((ONE,), (kept,)).changed == (Changed("one", ("request",)),)
    assert sets((kept,), (kept,)).is_empty


def test_copies_are_renamed_once_each() -> None:
    found = sets((ONE, ONE._replace(name="two")), (ONE._replace(name="three"),))
    assert (found.moved, found.removed) == ((("one", "three"),), ("two",))


@pytest.mark.parametrize(
    ("changes", "parts"),
    [
        ({"request": {"frame": {"width": 2, "tags": ["a", "b"]}}}, ("request.frame.width",)),
        ({"request": {"frame": {"width": 1, "tags": ["a", "c"]}}}, ("request.frame.tags[1]",)),
        ({"request": {"frame": {"width": 1, "tags": ["a"]}}}, ("request.frame.tags",)),
        ({"request": {"frame": {"width": 1}}}, ("request.frame.tags",)),
        ({"request": {"frame": {"width": True, "tags": ["a", "b"]}}}, ("request.frame.width",)),
        ({"expected": {"decision": "BLOCK"}}, ("expected.decision",)),
        ({"expected": None, "error": "INTERNAL"}, ("expected", "error")),
        ({"about": "A frame."}, ("about",)),
        ({"marks": (Mark("error", "ada"),)}, ("marks",)),
        ({}, ("how its files are written",)),
    ],
)
def test_what_of_a_sample_changed_is_named(changes: dict[str, Any], parts: tuple[str, ...]) -> None:
    found = sets((ONE,), (ONE._replace(digest="3" * 64, **changes),))
    assert found == SetDifference(changed=(Changed("one", parts),))
