"""Recorded requests → the cases of `regular` replay: as many of each kind as there are among all."""

from collections.abc import Iterator, Mapping
from hashlib import sha256
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
    from argparse import Namespace

    from comb_compiler.cli.samples.stores import opened

    with opened(Namespace(store=store)) as found:
        strata = _strata(found, comb)
        if not strata:
            raise UsageError(f"--store {store}: there are no records of `{comb}`; `comb run --samples` makes some")
        wanted = shares({stratum: len(ids) for stratum, ids in strata.items()}, count)
        ids = [id for stratum, ids in sorted(strata.items()) for id in sorted(ids, key=_drawn)[: wanted[stratum]]]
        cases = list(_cases(found, ids))
    digest = sha256("\n".join(sorted(ids)).encode()).hexdigest()
    return Set(f"recorded ({len(cases):,} of {sum(map(len, strata.values())):,})", digest, cases)


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


def _cases(store: "SampleStore", ids: list[str]) -> Iterator[Case]:
    from comb_compiler.cli.samples.decoding import Decoder
    from comb_compiler.runtime.messages import as_json

    decoder = Decoder(store)
    for start in range(0, len(ids), _PAGE):
        for id, record in store.get(ids[start : start + _PAGE]).items():
            request = decoder.message(record.interface, record.request)
            if request is not None:
                yield Case(id, as_json(request))
