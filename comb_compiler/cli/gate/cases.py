"""Recorded requests → the cases of `regular` replay: as many of each kind as there are among all."""

from collections.abc import Collection, Iterator, Mapping
from functools import partial
from hashlib import sha256
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from comb_compiler.cli.exits import UsageError
from comb_compiler.cli.tables import code_name
from comb_compiler.gates import Answered, Case, Recorded, Set, shares
from comb_compiler.release import ExecutionPlan

if TYPE_CHECKING:
    from comb_compiler.cli.samples.decoding import Decoder
    from comb_compiler.samples.record_pb2 import Record
    from comb_compiler.samples.store import SampleStore

__all__ = ["Interface", "case_of", "interface_of", "recorded"]

_HOUR = 3600
_PAGE = 500


class Interface(NamedTuple):
    """What reads a request: a message type, and the digest of the descriptors that have it."""

    type: str
    digest: str


def interface_of(plan: ExecutionPlan) -> Interface:
    """What reads the requests of a comb."""
    return Interface(plan.method.input, sha256(plan.descriptors).hexdigest())


def recorded(
    store: str, comb: str, count: int, asked: Collection[Interface], arms: Collection[str] | None = None
) -> Set:
    """`count` of a comb's recorded requests, or all: by arm, code and hour in the proportions of the whole.

    `asked` are the interfaces of whom they are for. Where `arms` are named, it is those that they answered, and of
    which the whole answer is there.
    """
    from comb_compiler.cli.samples.stores import opened_at

    with opened_at(store) as found:
        strata = {key: ids for key, ids in _strata(found, comb).items() if arms is None or key[0] in arms}
        if not strata:
            raise UsageError(f"--store {store}: there are no records of `{comb}`; `comb run --samples` makes some")
        wanted = shares({stratum: len(ids) for stratum, ids in strata.items()}, count)
        cases = [
            case
            for stratum, ids in sorted(strata.items())
            if wanted[stratum]
            for case in islice(_cases(found, sorted(ids, key=_drawn), wanted[stratum], asked, arms), wanted[stratum])
        ]
    if not cases:
        raise UsageError(
            f"--store {store}: none of {sum(map(len, strata.values())):,} records of `{comb}` can be asked again: they "
            "have fields that the interface which they came by does not know, or were not kept whole"
        )
    digest = sha256("\n".join(sorted(f"{case.name} {_digest(case)}" for case in cases)).encode()).hexdigest()
    return Set(f"recorded ({len(cases):,} of {sum(map(len, strata.values())):,})", digest, cases)


def _digest(case: Case) -> str:
    assert isinstance(case.request, Recorded)
    return sha256(case.request.content).hexdigest()


def _drawn(id: str) -> str:
    """An order that has nothing to do with what is in a record, and is the same each time."""
    return sha256(id.encode()).hexdigest()


def _strata(store: "SampleStore", comb: str) -> Mapping[tuple[str, int, int], list[str]]:
    from comb_compiler.samples.store import Query

    strata: dict[tuple[str, int, int], list[str]] = {}
    page = store.find(Query(comb=comb), limit=_PAGE)
    while True:
        for one in page.found:
            strata.setdefault((one.arm, one.code, int(one.time // _HOUR)), []).append(one.id)
        if not page.next:
            return strata
        page = store.find(Query(comb=comb), limit=_PAGE, page=page.next)


def _cases(
    store: "SampleStore", ids: list[str], wanted: int, asked: Collection[Interface], arms: Collection[str] | None
) -> Iterator[Case]:
    """Those that can be used, so many at a time read: others stand in for a request that cannot be asked again."""
    from comb_compiler.cli.samples.decoding import Decoder

    decoder = Decoder(store)
    page = min(wanted, _PAGE)
    for start in range(0, len(ids), page):
        for record in store.get(ids[start : start + page]).values():
            case = case_of(record, decoder, asked)
            if case is not None and (arms is None or case.recorded is not None):
                yield case


def case_of(record: "Record", decoder: "Decoder", asked: Collection[Interface] = ()) -> Case | None:
    """The request of a record, of which it is not known what is right; None where it cannot be asked again.

    Who has another interface than it came by is asked by its JSON form, which has to be all of it.
    """
    content, interface = record.request.message, Interface(record.request.type, record.interface)
    read = partial(_json, content, interface, decoder)  # not of the record, which would be kept whole by it
    if (decoder.message(record.interface, record.request) if {*asked} == {interface} else read()) is None:
        return None
    request = Recorded(content, interface, read)
    return Case(record.id, request, recorded=_answered(record), code=code_name(record.code))


def _json(content: bytes, interface: Interface, decoder: "Decoder") -> Any:
    from comb_compiler.gates.comparing import json_of
    from comb_compiler.samples.record_pb2 import Value

    message = decoder.message(interface.digest, Value(type=interface.type, message=content))
    return None if message is None else json_of(message)


def _answered(record: "Record") -> Answered | None:
    """What a request was answered with; None where not all of it was kept."""
    if any(path.partition(".")[0] != "request" for path in record.redacted):
        return None
    seconds = record.duration / 1e9
    if record.code:
        return Answered(None, code_name(record.code), record.error, seconds)
    return Answered(record.answer.message, "OK", "", seconds)
