"""Samples whose requests a store has → what is asked; or why it cannot be, so that nothing is decided."""

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from comb_compiler.cli.gate.cases import Interface, case_of
from comb_compiler.gates.asking import Recorded
from comb_compiler.samples import Sample

__all__ = ["Store"]

_MOST = 100
"""Whole records in memory at a time."""
_STRANGE = "has fields that the interface which it came by does not know"


class Store(NamedTuple):
    """A store by its name on the command line, and the interfaces of whom requests are for."""

    name: str
    asked: Collection[Interface]

    def requests(self, samples: Sequence[Sample]) -> tuple[Mapping[str, Recorded], Mapping[str, str]]:
        """The requests of the samples that are kept there, by their names; and why others cannot be asked.

        Raises UsageError where there is no such store. Where none is kept, none is looked for.
        """
        from comb_compiler.cli.samples.decoding import Decoder
        from comb_compiler.cli.samples.stores import opened_at
        from comb_compiler.samples.kept import find_kept

        wanted = [(one.name, one.kept) for one in samples if one.kept is not None]
        found: dict[str, Recorded] = {}
        missing: dict[str, str] = {}
        if not wanted:
            return found, missing
        with opened_at(self.name) as store:
            decoder = Decoder(store)
            for start in range(0, len(wanted), _MOST):
                some = wanted[start : start + _MOST]
                records, why = find_kept(store, [kept for _, kept in some])
                for name, kept in some:
                    record = records.get(kept.record)
                    case = None if record is None else case_of(record, decoder, self.asked)
                    if case is None:
                        missing[name] = f"its record {kept.record} {why.get(kept.record, _STRANGE)}"
                    else:
                        assert isinstance(case.request, Recorded)
                        found[name] = case.request
        return found, missing
