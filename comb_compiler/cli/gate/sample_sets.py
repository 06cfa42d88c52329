"""The sample sets of an exam: those of the baseline, and what a change adds to them."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from comb_compiler.cli.exits import UsageError
from comb_compiler.cli.gate.kept import Store
from comb_compiler.cli.opening import Clean
from comb_compiler.gates.asking import Case, Recorded
from comb_compiler.gates.running import Set
from comb_compiler.samples import Sample, SampleSet, load_sample_set
from comb_compiler.samples.difference import difference
from comb_compiler.spec.comb.gates import Gates
from comb_compiler.spec.files import RECORDED

__all__ = ["Lost", "loaded", "sample_sets", "set_names"]

_ANSWERED = ("replay.error", "replay.optimised")
"""Sets of which it is told right answers from wrong ones: one that takes any answer tells nothing."""


_WORDS = ("about", "marks")
"""Parts of a sample of which nothing is asked."""
_SHOWN = 10


class Lost(NamedTuple):
    """What a change takes out of the samples that the gate `gate` asks, or changes in them."""

    gate: str
    field: str
    said: str
    to: str


def set_names(gates: Gates) -> dict[str, str]:
    """Where the samples of each gate are, by the gate's path below `gates`."""
    named = {} if gates.availability is None else {"availability": gates.availability.samples}
    for field in ("regular", "error", "optimised") if gates.replay is not None else ():
        gate = getattr(gates.replay, field)
        if gate is not None:
            named[f"replay.{field}"] = gate.samples
    if gates.load is not None and gates.load.samples is not None:
        named["load"] = gates.load.samples
    return named


def sample_sets(
    gates: Gates, candidate: Clean, baseline: Clean | None, store: Store | None
) -> tuple[dict[str, Set], list[Lost]]:
    """The sets by their gates, without recorded requests; and what the change takes away. Raises UsageError.

    Samples whose requests are in a store are asked of `store`; without one they are left out.
    """
    sets, lost = {}, []
    for gate, place in set_names(gates).items():
        if place != RECORDED:
            sets[gate], less = _set(gate, place, candidate, baseline, store)
            lost += less
            if gate in _ANSWERED:
                _must_expect(place, sets[gate])
    return sets, lost


def _must_expect(place: str, samples: Set) -> None:
    for case in samples.cases:
        if case.error is None and not case.expected:
            raise UsageError(
                f"{place}: `{case.name}` takes any answer as right, so that it tells nothing of a change: "
                "write into its expected.json what of the answer counts"
            )


def _set(
    gate: str, place: str, candidate: Clean, baseline: Clean | None, store: Store | None
) -> tuple[Set, list[Lost]]:
    """The samples at a place of the baseline's, and those that the change adds; and what the change takes away."""
    there = candidate.directory / place
    before = loaded(baseline.directory / place) if baseline is not None else None
    after = loaded(there)
    if before is None and after is None:
        raise UsageError(f"{there}: there is no such directory of samples")
    if before is None or after is None:
        only = before or after
        assert only is not None
        lost = [Lost(gate, place, f"the samples of {place} are taken out", "absent")] if after is None else []
        return Set(place, only.digest, _cases(only.samples, there, store)), lost
    differs = difference(before, after)
    added = [one for one in after.samples if one.name in differs.added]
    lost = [Lost(gate, f"{place}/{name}", f"{place}: `{name}` is taken out", "absent") for name in differs.removed]
    for one in differs.changed:
        what = ", ".join(part for part in one.parts if part.partition(".")[0] not in _WORDS)
        if not what:
            continue
        lost.append(Lost(gate, f"{place}/{one.name}", f"{place}: `{one.name}` is changed ({what})", "changed"))
    replaced = {*differs.removed, *(one.name for one in differs.changed)}
    cases = _cases((*before.samples, *added), there, store, replaced)
    return Set(place, before.digest if not added else after.digest, cases), lost


def loaded(directory: Path) -> SampleSet | None:
    """The samples in a directory; None where there is none. Raises UsageError for what are no samples."""
    if not directory.is_dir():
        return None
    found, flaws = load_sample_set(directory)
    if flaws:
        places = [f"{flaw.file}{f':{flaw.line}' if flaw.line else ''}: " if flaw.file else "" for flaw in flaws]
        said = "\n".join(f"  {place}{flaw.message}" for place, flaw in zip(places, flaws, strict=True))
        raise UsageError(f"{directory}: samples cannot be read:\n{said}")
    return found


def _cases(samples: Sequence[Sample], there: Path, store: Store | None, replaced: Collection[str] = ()) -> list[Case]:
    """Of each sample its case. Raises UsageError for those of which the store has no request.

    Of those that the change takes out, or changes, they are left out: that is told, and a set must be mendable.
    """
    requests, missing = store.requests(samples) if store is not None else ({}, {})
    if store is not None and (lacking := {name: why for name, why in missing.items() if name not in replaced}):
        raise UsageError(_lacking(lacking, there, len(samples), store.name))
    return [_case(one, f"{there}/{one.name}", requests) for one in samples if one.kept is None or one.name in requests]


def _lacking(lacking: Mapping[str, str], there: Path, of: int, store: str) -> str:
    lines = [f"  {name}: {why}" for name, why in sorted(lacking.items())]
    rest = [f"  and {len(lines) - _SHOWN:,} more"] if len(lines) > _SHOWN else []
    return "\n".join(
        [
            f"{there}: {len(lines):,} of {of:,} samples cannot be asked, since {store} has not what they name:",
            *lines[:_SHOWN],
            *rest,
            "name the store that has them by --store; what is deleted for good is taken out of the set",
        ]
    )


def _case(sample: Sample, source: str, requests: Mapping[str, Recorded]) -> Case:
    request = sample.request if sample.kept is None else requests[sample.name]
    return Case(sample.name, request, sample.expected, sample.error, sample.about, source)
