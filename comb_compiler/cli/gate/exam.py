"""What a candidate is asked, and by which rules: those of the baseline, which the author of a change cannot weaken."""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from comb_compiler.cli.exits import UsageError
from comb_compiler.cli.gate.cases import interface_of, recorded
from comb_compiler.cli.gate.comparators import Comparators, recoded
from comb_compiler.cli.gate.kept import Store
from comb_compiler.cli.gate.sample_sets import loaded, sample_sets
from comb_compiler.cli.gate.terms import NO_TERMS, Terms
from comb_compiler.cli.gate.weakenings import findings, weakenings
from comb_compiler.cli.opening import Clean
from comb_compiler.diagnostics import Diagnostic
from comb_compiler.gates.asking import Case
from comb_compiler.gates.rules import Edits, Ignore, Overlap, Rule, Rules, Tolerance, Unordered, resolved
from comb_compiler.gates.running import Set
from comb_compiler.gates.verdicts import Ruling, Verdict
from comb_compiler.gates.weakening import Weakening, waived
from comb_compiler.spec.binding import Bound
from comb_compiler.spec.comb import Comb
from comb_compiler.spec.comb.gates import Comparison, Gates
from comb_compiler.spec.files import RECORDED

__all__ = ["RECORDED", "Exam", "exam_of", "gate_names"]


class Exam(NamedTuple):
    """The gates that are asked for, and the sample sets by the field that names them, as `replay.error`.

    `origin` says where they come from; `weakened` how the change would ask for less, and `findings` where nothing lets
    that pass; `missing` why there are no recorded requests, and `unfit` why there are no sets at all. `claims` where
    the change itself claims to make the samples of `replay.optimised` better: what an earlier one made better must stay
    so, and cannot become better again. `terms` are the platform's.
    """

    gates: Gates
    sets: Mapping[str, Set]
    origin: str
    weakened: tuple[Weakening, ...] = ()
    missing: str = ""
    claims: bool = True
    terms: Terms = NO_TERMS
    findings: tuple[Diagnostic, ...] = ()
    comparators: Comparators = Comparators(Path())
    unfit: str = ""

    def rules(self, answer: Any) -> Rules:
        """How answers of a type, which is a descriptor, are compared. Raises UsageError where a rule has no use."""
        try:
            return resolved({path: self._rule(one) for path, one in self.gates.compare.items()}, answer)
        except ValueError as error:
            raise UsageError(f"gates.compare of {self.origin}: {error}") from error

    def _rule(self, asked: Comparison) -> Rule:
        if asked.run is not None:
            return self.comparators.rule(asked.run)
        return _rule(asked)

    @property
    def first_release(self) -> Ruling | None:
        """Of a comb without a baseline, whether it has what the platform wants instead; None without a platform."""
        wanted = self.terms.first_samples
        if not wanted:
            return None
        there = len(self.sets["availability"].cases) if "availability" in self.sets else 0
        said = f"a first release needs {wanted:,} standard samples on this platform, and there are {there:,}"
        return Ruling(Verdict.PASSED if there >= wanted else Verdict.UNDECIDED, (said,))

    @property
    def cases(self) -> dict[str, Case]:
        """All cases by their names."""
        return {case.name: case for one in self.sets.values() for case in one.cases}

    @property
    def replays_records(self) -> bool:
        """Whether recorded requests are asked for, and not there yet."""
        regular = self.gates.replay.regular if self.gates.replay is not None else None
        return regular is not None and regular.samples == RECORDED and "replay.regular" not in self.sets

    def with_records(self, store: str, asked: Sequence[Clean], arms: Collection[str] | None = None) -> "Exam":
        """The exam with requests of a store for combs of one name, or with why there are none; of `arms`, if named."""
        assert self.gates.replay is not None
        assert self.gates.replay.regular is not None
        try:
            interfaces = [interface_of(one.plan) for one in asked]
            found = recorded(store, asked[0].plan.comb, self.gates.replay.regular.count, interfaces, arms)
        except UsageError as problem:
            return self._replace(missing=str(problem))
        return self._replace(sets={**self.sets, "replay.regular": found})


def exam_of(
    candidate: Clean, baseline: Clean | None, name: str, terms: Terms = NO_TERMS, store: str | None = None
) -> Exam:
    """The baseline's gates and samples, with what the candidate adds to them; the candidate's own, if it is new.

    Its comparators are to be closed. Where samples are none, it has no sets. `store` has the requests of samples that
    are not in files; without one these are left out.
    """
    combs = [candidate] if baseline is None else [candidate, baseline]
    kept = None if store is None else Store(store, [interface_of(one.plan) for one in combs])
    own, comparators = _gates(candidate), Comparators((baseline or candidate).directory)
    gates = own if baseline is None else _added(_gates(baseline), own)
    origin = "this change (there is no baseline)" if baseline is None else f"`{name}`, and what this change adds"
    exam = Exam(gates, {}, origin, terms=terms, comparators=comparators)
    try:
        sets, lost = sample_sets(gates, candidate, baseline, kept)
        if baseline is None:
            return exam._replace(sets=sets)
        claims = _claims(_gates(baseline), own, sets, baseline)
    except UsageError as problem:
        return exam._replace(unfit=str(problem))
    base = _gates(baseline)
    known = [path for path in own.compare if _leads(path, baseline)]
    weaker = weakenings(base, own, _bound(candidate), lost, recoded(base, own, baseline, candidate), known)
    weakened = waived(weaker, terms.waivers, datetime.now(UTC).date())
    return exam._replace(
        sets=sets,
        weakened=weakened,
        claims=claims,
        findings=tuple(findings(weakened, _bound(candidate), candidate.plan.comb)),
    )


def _leads(path: str, clean: Clean) -> bool:
    """Whether a path leads to a field of a comb's answers."""
    from comb_compiler.runtime.messages import open_messages

    kind: Any = open_messages(clean.plan.descriptors)[clean.plan.method.output]
    try:
        return bool(resolved({path: Ignore()}, kind.DESCRIPTOR))
    except ValueError:
        return False


def _claims(base: Gates, own: Gates, sets: Mapping[str, Set], baseline: Clean) -> bool:
    before, after = (one.replay.optimised if one.replay is not None else None for one in (base, own))
    if before is None or after is None or before.samples != after.samples:
        return after is not None
    there = loaded(baseline.directory / before.samples) if before.samples != RECORDED else None
    return there is not None and there.digest != sets["replay.optimised"].digest  # samples are added


def gate_names(clean: Clean) -> list[str]:
    """The gates that a comb asks for, as results name them."""
    gates = _gates(clean)
    found = ["availability"] if gates.availability is not None else []
    fields = ("regular", "error", "optimised") if gates.replay is not None else ()
    found += [f"replay {field}" for field in fields if getattr(gates.replay, field) is not None]
    return [*found, "load"] if gates.load is not None else found


def _bound(clean: Clean) -> Bound[Comb]:
    comb = clean.compiled.checked.comb
    assert comb is not None
    return comb.base


def _gates(clean: Clean) -> Gates:
    value = _bound(clean).value
    assert value is not None
    return value.gates


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
    load = base.load or own.load
    if base.load is not None and own.load is not None:
        load = base.load.model_copy(update={"saturation": base.load.saturation or own.load.saturation})
    return base.model_copy(
        update={"availability": base.availability or own.availability, "replay": replay, "load": load}
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
