"""What several people say of one record."""

from comb_compiler.samples.marks import conflicts, standing
from comb_compiler.samples.record_pb2 import Mark

ADA = Mark(mark="error", by="ada", time=1, expected='{"decision": "BLOCK"}')


def test_a_mark_stands_until_it_is_withdrawn() -> None:
    assert standing([ADA]) == [ADA]
    assert standing([ADA, Mark(mark="error", by="ada", time=2, withdrawn=True)]) == []
    again = Mark(mark="error", by="ada", time=3)
    assert standing([again, Mark(mark="error", by="ada", time=2, withdrawn=True), ADA]) == [again]


def test_nobody_takes_back_what_another_said() -> None:
    assert standing([ADA, Mark(mark="error", by="bob", time=2, withdrawn=True)]) == [ADA]


def test_who_agrees_is_in_no_conflict() -> None:
    assert list(conflicts([ADA, Mark(mark="error", by="bob", time=2, expected=ADA.expected)])) == []
    assert list(conflicts([ADA, Mark(mark="optimised", by="bob", time=2)])) == []


def test_standard_and_error_cannot_both_be_true() -> None:
    assert list(conflicts([ADA, Mark(mark="standard", by="bob"), Mark(mark="error", by="eve")])) == [
        "ada, eve says error and bob says standard"
    ]


def test_two_answers_cannot_both_be_expected() -> None:
    (one,) = conflicts([ADA, Mark(mark="error", by="bob", error="INVALID_ARGUMENT")])
    assert one == 'ada expects {"decision": "BLOCK"} and bob expects INVALID_ARGUMENT'
    assert list(conflicts([ADA, Mark(mark="error", by="bob", error="INTERNAL", withdrawn=True)])) == []
