"""What a candidate is asked, and by which rules: those of the baseline, which the author of a change cannot weaken."""

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from comb_compiler.cli.exits import UsageError
from comb_compiler.cli.gate.cases import recorded
from comb_compiler.cli.opening import Clean
from comb_compiler.gates.asking import Case
from comb_compiler.gates.rules import Edits, Ignore, Overlap, Rule, Rules, Tolerance, Unordered, resolved
from comb_compiler.gates.running import Set
from comb_compiler.samples import Sample, SampleSet, load_sample_set
from comb_compiler.samples.difference import difference
from comb_compiler.spec.comb.gates import Comparison, Gates

__all__ = ["Exam", "exam_of", "gate_names"]

RECORDED = "recorded"


class Exam(NamedTuple):
    """The gates that are asked for, and the sample sets by the field that names them, as `replay.error`.

    `origin` says where they come from; `weakened` how the change would ask for less; `missing` why there are no
    recorded requests. `claims` where the change itself claims to make the samples of `replay.optimised` better: what an
    earlier one made better must stay so, and cannot become better again.
    """

    gates: Gates
    sets: Mapping[str, Set]
    origin: str
    weakened: tuple[str, ...] = ()
    missing: str = ""
    claims: bool = True

    def rules(self, answer: Any) -> Rules:
        """How answers of a type, which is a descriptor, are compared. Raises UsageError where a rule has no use."""
        try:
            return resolved({path: _rule(one) for path, one in self.gates.compare.items()}, answer)
        except ValueError as error:
            raise UsageError(f"gates.compare of {self.origin}: {error}") from error

    @property
    def cases(self) -> dict[str, Case]:
        """All cases by their names."""
        return {case.name: case for one in self.sets.values() for case in one.cases}

    @property
    def replays_records(self) -> bool:
        """Whether recorded requests are asked for, and not there yet."""
        regular = self.gates.replay.regular if self.gates.replay is not None else None
        return regular is not None and regular.samples == RECORDED and "replay.regular" not in self.sets

    def with_records(self, store: str, comb: str) -> "Exam":
        """The exam with requests of a store, or with why there are none."""
        assert self.gates.replay is not None
        assert self.gates.replay.regular is not None
        try:
            found = recorded(store, comb, self.gates.replay.regular.count)
        except UsageError as problem:
            return self._replace(missing=str(problem))
        return self._replace(sets={**self.sets, "replay.regular": found})


def exam_of(candidate: Clean, baseline: Clean | None, name: str) -> Exam:
    """The baseline's gates and samples, with what the candidate adds to them; the candidate's own, if it is new.

    Raises UsageError for samples that are none.
    """
    own = _gates(candidate)
    if baseline is None:
        return Exam(own, _sets(own, candidate, None)[0], _origin("this change (there is no baseline)", own))
    base = _gates(baseline)
    gates = _added(base, own)
    sets, lost = _sets(gates, candidate, baseline)
    claims = _claims(base, own, sets, baseline)
    origin = _origin(f"`{name}`, and what this change adds", gates)
    return Exam(gates, sets, origin, (*_weaker(base, own), *lost), claims=claims)


def _origin(who: str, gates: Gates) -> str:
    return f"{who}; `gates.load` is not asked: this version of Comb runs no load" if gates.load is not None else who


def _claims(base: Gates, own: Gates, sets: Mapping[str, Set], baseline: Clean) -> bool:
    before, after = (one.replay.optimised if one.replay is not None else None for one in (base, own))
    if before is None or after is None or before.samples != after.samples:
        return after is not None
    there = _loaded(baseline.directory / before.samples) if before.samples != RECORDED else None
    return there is not None and there.digest != sets["replay.optimised"].digest  # samples are added


def gate_names(clean: Clean) -> list[str]:
    """The gates that a comb asks for and that are run here, as results name them."""
    gates = _gates(clean)
    found = ["availability"] if gates.availability is not None else []
    fields = ("regular", "error", "optimised") if gates.replay is not None else ()
    return found + [f"replay {field}" for field in fields if getattr(gates.replay, field) is not None]


def _gates(clean: Clean) -> Gates:
    comb = clean.compiled.checked.comb
    assert comb is not None
    assert comb.base.value is not None
    return comb.base.value.gates


def _added(base: Gates, own: Gates) -> Gates:
    """The base's gates, and those of the change that the base has none of."""
    replay = base.replay
    if replay is None:
        replay = own.replay
    elif own.replay is not None:
        fields = ("regular", "error", "optimised")
        replay = replay.model_copy(
            update={field: getattr(replay, field) or getattr(own.replay, field) for field in fields}
        )
        claim = own.replay.optimised
        if claim is not None and replay.optimised is not None and claim.samples != replay.optimised.samples:
            replay = replay.model_copy(update={"optimised": claim})  # each change claims what it makes better
    return base.model_copy(
        update={"availability": base.availability or own.availability, "replay": replay, "load": base.load or own.load}
    )


def _rule(asked: Comparison) -> Rule:
    if asked.ignore:
        return Ignore()
    if asked.unordered:
        return Unordered()
    if asked.overlap is not None:
        return Overlap(float(asked.overlap))
    if asked.edits is not None:
        return Edits(float(asked.edits))
    return Tolerance(asked.tolerance or 0.0, float(asked.relative or 0))


def _weaker(base: Gates, own: Gates) -> tuple[str, ...]:
    """In what the change asks for less than its base, in words."""
    found = []
    if base.availability is not None and own.availability is None:
        found.append("gates.availability is taken out")
    if base.replay is not None:
        found += [
            f"gates.replay.{field} is taken out"
            for field in ("regular", "error", "optimised")
            if getattr(base.replay, field) is not None and getattr(own.replay, field, None) is None
        ]
    if base.load is not None and own.load is None:
        found.append("gates.load is taken out")
    if base.replay is not None and own.replay is not None:
        before, after = base.replay.regular, own.replay.regular
        if before is not None and after is not None:
            found += _lower("gates.replay.regular.same", before.same, after.same)
            found += _lower("gates.replay.regular.count", before.count, after.count)
        claimed, claims = base.replay.optimised, own.replay.optimised
        if claimed is not None and claims is not None and claimed.samples == claims.samples:
            found += _lower("gates.replay.optimised.better", claimed.better, claims.better)
        elif claimed is not None and claims is not None:
            found.append(f"gates.replay.optimised: {claimed.samples} is no longer asked")
    found += [
        f"gates.compare.{path} is {'changed' if path in base.compare else 'new'}"
        for path, rule in own.compare.items()
        if base.compare.get(path) != rule
    ]
    return tuple(found)


def _lower(field: str, before: Decimal | int, after: Decimal | int) -> list[str]:
    return [f"{field} goes down from {_said(before)} to {_said(after)}"] if after < before else []


def _said(value: Decimal | int) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{(value * 100).normalize():f}%"


# --- sample sets ---


def _sets(gates: Gates, candidate: Clean, baseline: Clean | None) -> tuple[dict[str, Set], list[str]]:
    named = {}
    if gates.availability is not None:
        named["availability"] = gates.availability.samples
    if gates.replay is not None:
        for field in ("regular", "error", "optimised"):
            gate = getattr(gates.replay, field)
            if gate is not None:
                named[f"replay.{field}"] = gate.samples
    sets, lost = {}, []
    for field, place in named.items():
        if place != RECORDED:
            sets[field], less = _set(place, candidate, baseline)
            lost += less
    return sets, lost


def _set(place: str, candidate: Clean, baseline: Clean | None) -> tuple[Set, list[str]]:
    """The samples at a place of the baseline's, and those that the change adds; and what the change takes away."""
    there = candidate.directory / place
    before = _loaded(baseline.directory / place) if baseline is not None else None
    after = _loaded(there)
    if before is None and after is None:
        raise UsageError(f"{there}: there is no such directory of samples")
    if before is None or after is None:
        only = before or after
        assert only is not None
        lost = [f"the samples of {place} are taken out"] if after is None else []
        return Set(place, only.digest, [_case(one, f"{there}/{one.name}") for one in only.samples]), lost
    differs = difference(before, after)
    added = [one for one in after.samples if one.name in differs.added]
    lost = [f"{place}: `{name}` is taken out" for name in differs.removed]
    lost += [f"{place}: `{one.name}` is changed ({', '.join(one.parts)})" for one in differs.changed]
    cases = [_case(one, f"{there}/{one.name}") for one in (*before.samples, *added)]
    return Set(place, before.digest if not added else after.digest, cases), lost


def _loaded(directory: Path) -> SampleSet | None:
    if not directory.is_dir():
        return None
    found, flaws = load_sample_set(directory)
    if flaws:
        said = "\n".join(f"  {flaw.file}{f':{flaw.line}' if flaw.line else ''}: {flaw.message}" for flaw in flaws)
        raise UsageError(f"{directory}: samples cannot be read:\n{said}")
    return found


def _case(sample: Sample, source: str) -> Case:
    return Case(sample.name, sample.request, sample.expected, sample.error, sample.about, source)
