"""Recorded requests → the cases of `regular` replay: as many of each kind as there are among all."""

import json
from collections.abc import Iterator, Mapping
from hashlib import sha256
from itertools import islice
from typing import TYPE_CHECKING

from comb_compiler.cli.exits import UsageError
from comb_compiler.gates import Case, Set, shares

if TYPE_CHECKING:
    from comb_compiler.samples.store import SampleStore

__all__ = ["recorded"]

_HOUR = 3600
_PAGE = 500


def recorded(store: str, comb: str, count: int) -> Set:
    """`count` of a comb's recorded requests, or all: by arm, code and hour in the proportions of the whole."""
    from comb_compiler.cli.samples.stores import opened_at

    with opened_at(store) as found:
        strata = _strata(found, comb)
        if not strata:
            raise UsageError(f"--store {store}: there are no records of `{comb}`; `comb run --samples` makes some")
        wanted = shares({stratum: len(ids) for stratum, ids in strata.items()}, count)
        cases = [
            case
            for stratum, ids in sorted(strata.items())
            if wanted[stratum]
            for case in islice(_cases(found, sorted(ids, key=_drawn), wanted[stratum]), wanted[stratum])
        ]
    digest = sha256("\n".join(sorted(f"{case.name} {_digest(case)}" for case in cases)).encode()).hexdigest()
    return Set(f"recorded ({len(cases):,} of {sum(map(len, strata.values())):,})", digest, cases)


def _digest(case: Case) -> str:
    return sha256(json.dumps(case.request, sort_keys=True).encode()).hexdigest()


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


def _cases(store: "SampleStore", ids: list[str], wanted: int) -> Iterator[Case]:
    """Those that can be asked again, so many at a time read: others stand in for a request without a JSON form."""
    from comb_compiler.cli.samples.decoding import Decoder
    from comb_compiler.gates.comparing import json_of

    decoder = Decoder(store)
    page = min(wanted, _PAGE)
    for start in range(0, len(ids), page):
        for id, record in store.get(ids[start : start + page]).items():
            message = decoder.message(record.interface, record.request)
            request = None if message is None else json_of(message)
            if request is not None:
                yield Case(id, request)
