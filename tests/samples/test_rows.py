"""What a record is found by is what its fields say, whether such a record has come before or not."""

from hypothesis import given

from comb_compiler.samples.record_pb2 import Record
from comb_compiler.samples.rows import Kind, Row, durations, row
from tests.samples.generated import RECORDS
from tests.samples.made import record


@given(RECORDS)
def test_a_row_says_what_the_record_says(a_record: Record) -> None:
    steps = tuple((one.node, one.operator, one.model, one.code) for one in a_record.operators)
    kind = Kind(
        a_record.comb,
        a_record.environment,
        a_record.subject,
        a_record.release,
        a_record.arm,
        a_record.code,
        a_record.reason,
        steps,
    )
    errors = [one for one in (*(node.error for node in a_record.operators), a_record.error) if one]
    for _ in range(2):
        found = row(a_record)
        assert isinstance(found, Row)
        assert (found.kind, found.text) == (kind, "\n".join(errors).casefold())
        assert durations(found.durations) == tuple(one.duration for one in a_record.operators)


def test_a_reason_that_a_newer_version_names_is_kept_as_its_number() -> None:
    found = row(Record.FromString(record(1).SerializeToString() + b"\x78\x63"))  # field 15, the reason: 99
    assert isinstance(found, Row)
    assert found.kind.reason == 99


def test_an_error_message_of_any_length_is_found() -> None:
    found = row(record(1, error="GONE " * 10_000))
    assert isinstance(found, Row)
    assert found.text == "gone " * 10_000
