"""A recorded request → the files of a sample."""

import json
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from comb_compiler.cli.samples.decoding import Decoder
    from comb_compiler.samples.record_pb2 import Record

__all__ = ["RECORDED_AS", "Wanted", "files_of", "wanted_of"]

RECORDED_AS = "Recorded as "
"""What the `about` of a sample begins with that a record became."""


class Wanted(NamedTuple):
    """What a sample expects: fields of an answer, in Protobuf's JSON form, or the name of an error's code."""

    expected: dict[str, Any] | None = None
    error: str | None = None


def wanted_of(record: "Record", decoder: "Decoder") -> Wanted:
    """What a record's marks expect, the latest of them; else what it was answered with."""
    from comb_compiler.cli.tables import code_name
    from comb_compiler.runtime.messages import as_json
    from comb_compiler.samples.marks import standing

    for mark in sorted(standing(record.marks), key=lambda one: one.time, reverse=True):
        if mark.expected:
            return Wanted(json.loads(mark.expected))
        if mark.error:
            return Wanted(None, mark.error)
    if record.code:
        return Wanted(None, code_name(record.code))
    answer = decoder.message(record.interface, record.answer)
    return Wanted(as_json(answer) if answer is not None else {})


def files_of(
    record: "Record", request: Any, decoder: "Decoder", wanted: Wanted | None = None, *, in_store: bool = False
) -> dict[str, bytes]:
    """The files of the sample that a record becomes. `request` is its message, which is written or stays `in_store`."""
    from comb_compiler.runtime.messages import as_json
    from comb_compiler.samples.kept import kept_of
    from comb_compiler.samples.marks import standing
    from comb_compiler.samples.model import Mark
    from comb_compiler.samples.writing import sample_files

    wanted = wanted_of(record, decoder) if wanted is None else wanted
    marks = [Mark(one.mark, one.by, one.why) for one in standing(record.marks)]
    return sample_files(
        {} if in_store else as_json(request),
        request.DESCRIPTOR,
        expected=wanted.expected,
        error=wanted.error,
        about=f"{RECORDED_AS}{record.id}.",
        marks=marks,
        kept=kept_of(record) if in_store else None,
    )
