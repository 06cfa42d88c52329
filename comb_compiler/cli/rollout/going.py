"""One look at a rollout: what the repository and Prometheus say, and the one commit that is due, if any."""

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING

from comb_compiler.cli.exits import Exit, UsageError
from comb_compiler.cli.proofs import Proof, must_not_be_new
from comb_compiler.cli.provenance import facts_of
from comb_compiler.cli.repositories import Target
from comb_compiler.cli.rollout.asking import asked
from comb_compiler.cli.rollout.going_back import FIGURES, TAKEN_BACK, remove, still_used, take_back
from comb_compiler.cli.rollout.state import TRAILER, State, commit, kept_facts, read_state, started_by
from comb_compiler.compiler.carrying import carry
from comb_compiler.compiler.handover import handed_over
from comb_compiler.compiler.rollout import BadStable, render_step
from comb_compiler.plan.wording import percent
from comb_compiler.publish import Refused, Terms, Wanted
from comb_compiler.publish.owned import is_generation
from comb_compiler.release.place import Place
from comb_compiler.release.release import Rollout
from comb_compiler.render.monitoring.objectives import BOUNDS, entry_labels
from comb_compiler.render.track import as_candidate
from comb_compiler.rollout import Decision, Limits, Look, Move, Tried, decide, look_at
from comb_compiler.telemetry import Prometheus

if TYPE_CHECKING:
    from comb_compiler.compiler.render import Rendered, RenderedCluster

__all__ = ["Going", "Outcome", "Prove"]

_ABORT = "`comb rollout abort` takes the candidate back"
_PUBLISH = "`comb publish` makes a first release"

Prove = Callable[[], Proof]
"""What there is of evidence. Raises Refused where that is asked for, and there is none that counts."""


class Outcome(Enum):
    """What a look ended with; `code` is the exit code where that is the end of the rollout."""

    MOVED = "moved"
    HELD = "held"
    BLIND = "blind"
    """Held, since figures could not be had."""
    THERE = "there"
    GONE = "gone"

    @property
    def code(self) -> int | None:
        """The exit code; None where it goes on."""
        return {Outcome.THERE: Exit.CLEAN, Outcome.GONE: Exit.FINDINGS}.get(self)


class Going:
    """A comb on its way into an environment. It keeps nothing between two looks."""

    def __init__(
        self, target: Target, rendered: "Rendered", sources: Mapping[str, Prometheus], terms: Terms, root: str
    ) -> None:
        """Raises UsageError for a comb that has no steps, or nothing that could end its rollout."""
        plan = rendered.plan
        assert plan is not None
        if plan.traffic.rollout is None:
            raise UsageError(f"`{plan.comb}` has no `rollout`, and so no steps: `comb publish` it")
        self.rollout = plan.traffic.rollout
        limits = Limits(self.rollout.error_rate, self.rollout.timeout_rate, self.rollout.p99)
        self._limits = limits.spent_over(len(self.rollout.steps), len(rendered.clusters))
        if not _measurable(self._limits):
            raise UsageError(f"neither `rollout.abort` nor `sla` of `{plan.comb}` says what could end its rollout")
        self._target, self._rendered, self._sources, self._terms = target, rendered, sources, terms
        self._comb, self._root = plan.comb, root
        self._clusters = {one.place: one for one in rendered.clusters}

    def look(self, prove: Prove, *, again: bool) -> tuple[Outcome, str]:
        """Look, and do what is due; a start is proven first. Raises Refused, and OutsideFailure where the repository
        cannot be reached.
        """
        state = read_state(self._target, self._comb, self._terms.trust)
        if state.missing:
            where = ", ".join(place.cluster for place in state.missing)
            raise Refused(f"`{self._comb}` is not published to {where}: nothing is there to be beside", _PUBLISH)
        if not state.under_way:
            return self._begin(state, prove, again=again)
        at = self._at(state)
        if at.aborted:
            return self._end(state)
        looks = self._looks(self.rollout.steps[at.step])
        decision = decide(looks, self.rollout.hold)
        if decision.move is Move.BACK:
            done = take_back(self._target, self._comb, state, self._terms, decision.why)
            return Outcome.MOVED, _told("taken back", done.commit, decision.why)
        if decision.move is Move.ON:
            return self._go_on(state, at.step + 1, decision)
        blind = any(isinstance(one, str) for one in looks.values())
        share = percent(self.rollout.steps[at.step])
        return Outcome.BLIND if blind else Outcome.HELD, _told(f"held at {share}", "", decision.why)

    def _at(self, state: State) -> Rollout:
        """Where it is. Raises Refused where it is another candidate, or not the same everywhere."""
        under_way = state.under_way
        for place, one in under_way.items():
            if place not in self._clusters or one.candidate != self._clusters[place].release.digest:
                raise Refused(
                    f"another candidate of `{self._comb}` is on its way {started_by(state)}",
                    f"it is to become the stable release first; else {_ABORT}",
                )
        if (
            len(under_way) != len(self._clusters)
            or len({one._replace(base="", candidate="") for one in under_way.values()}) > 1
        ):
            raise Refused("the clusters are not at the same step", _ABORT)
        found = next(iter(under_way.values()))
        if not 0 <= found.step < len(self.rollout.steps):
            raise Refused(f"`{self._comb}` has no such step any more", _ABORT)
        for place, files in self._at_step(state, found.step).items():
            if not found.aborted and dict(files) != dict(state.places[place].files):
                raise Refused("its steps are others than when they were taken", _ABORT)
        return found

    def _at_step(self, state: State, step: int) -> Mapping[Place, Mapping[str, bytes]]:
        """What each place is to hold at a step. Raises Refused where the two releases do not go together."""
        share = self.rollout.steps[step]
        try:
            return {
                place: render_step(one, state.places[place].stable, share).files
                for place, one in self._clusters.items()
            }
        except BadStable as refused:
            raise Refused(str(refused)) from refused

    def _begin(self, state: State, prove: Prove, *, again: bool) -> tuple[Outcome, str]:
        releases = {place: one.stable.release for place, one in state.places.items()}
        if all(
            (releases[place].plan, releases[place].images) == (one.release.plan, one.release.images)
            for place, one in self._clusters.items()
        ):
            return Outcome.THERE, "its pods run that already: there is nothing to try on users"
        if not again and state.records and _taken_back(state, self._clusters.values()):
            raise Refused(
                f"this candidate was taken back {state.records[0].moment} ({state.records[0].commit[:12]})",
                "--again tries it once more",
            )
        self._check_budget(state)
        proof = prove()
        for place, one in self._clusters.items():
            must_not_be_new(one.release, releases[place], proof.new)
        return self._go_on(state, 0, Decision(Move.ON, ()), proof.facts)

    def _check_budget(self, state: State) -> None:
        """What the stable release has and the candidate has not goes in the end: that is said in the beginning."""
        gone = [
            f"{place.directory}/{name}"
            for place, one in self._clusters.items()
            for name in sorted(state.places[place].stable.files.keys() - one.files.keys())
            if not is_generation(name)
        ]
        if len(gone) > self._terms.budget:
            listed = "".join(f"\n  {one}" for one in gone)
            raise Refused(
                f"in the end these would be removed:{listed}", f"if that is meant, say --allow-prune {len(gone)}"
            )

    def _go_on(
        self, state: State, step: int, decision: Decision, proofs: tuple[tuple[str, str], ...] | None = None
    ) -> tuple[Outcome, str]:
        """The next step, or the end."""
        if step == len(self.rollout.steps):
            return self._promote(state, decision)
        share, steps = percent(self.rollout.steps[step]), len(self.rollout.steps)
        verb = "started" if step == 0 else "stepped"
        title = f"Try {self._comb} on {share} of the users in {self._target.environment} (step {step + 1} of {steps})"
        kept = proofs if proofs is not None else _proofs_of(state)
        wanted = [Wanted(place, files, state.places[place].flux) for place, files in self._at_step(state, step).items()]
        terms = self._with(title, f"{verb} {step + 1}/{steps} {share}", kept, decision.why)
        done = commit(self._target, state, wanted, terms)
        return Outcome.MOVED, _told(f"at {share}, step {step + 1} of {steps}", done.commit, decision.why)

    def _promote(self, state: State, decision: Decision) -> tuple[Outcome, str]:
        self._check_budget(state)
        try:
            final = [handed_over(one, state.places[place].stable) for place, one in self._clusters.items()]
        except BadStable as refused:
            raise Refused(str(refused)) from refused
        title = f"Promote the candidate of {self._comb} in {self._target.environment}"
        terms = self._with(title, "promoted", _proofs_of(state), decision.why)
        wanted = [Wanted(one.place, one.files, one.flux_bytes) for one in final]
        done = commit(self._target, state, wanted, terms, carry)
        return Outcome.THERE, _told("it is the stable release now", done.commit, decision.why)

    def _end(self, state: State) -> tuple[Outcome, str]:
        why = still_used(self._sources, self._comb, state.under_way)
        if why:
            return Outcome.HELD, _told("taken back, and not removed yet", "", why)
        done = remove(self._target, self._comb, state, self._terms)
        return Outcome.GONE, _told("the candidate has gone", done.commit, ())

    def _looks(self, share: Decimal) -> dict[str, Look | str]:
        tried = {place.cluster: _tried(one) for place, one in self._clusters.items()}
        hold, limits = self.rollout.hold, self._limits
        return asked(self._sources, lambda cluster, source: look_at(source, tried[cluster], share, hold, limits))

    def _with(self, title: str, did: str, proofs: Iterable[tuple[str, str]], why: Iterable[str]) -> Terms:
        facts = (*facts_of(self._root), *proofs, (TRAILER, f"{self._comb} {did}"), *((FIGURES, one) for one in why))
        return self._terms._replace(title=title, facts=facts)


def _measurable(limits: Limits) -> bool:
    """Whether there is a limit that figures can tell of."""
    rates = (limits.error_rate, limits.timeout_rate)
    return any(one is not None for one in rates) or (
        limits.p99 is not None and limits.p99.total_seconds() <= BOUNDS[-1]
    )


def _tried(one: "RenderedCluster") -> Tried:
    stable, candidate = entry_labels(one.rendering), entry_labels(as_candidate(one.rendering))
    return Tried(one.rendering.namespace, stable["service"], candidate["service"], one.rendering.run)


def _taken_back(state: State, clusters: Iterable["RenderedCluster"]) -> bool:
    """Whether the last that became of the comb is that this candidate was taken back."""
    candidates = {f"{one.directory} {one.release.digest}" for one in clusters}
    return any(name == TAKEN_BACK and value in candidates for name, value in state.records[0].facts)


def _proofs_of(state: State) -> tuple[tuple[str, str], ...]:
    """What was proven of the candidate when it was started."""
    newest = next(iter(state.records), None)
    return tuple(fact for fact in kept_facts(newest) if not fact[0].startswith("Comb-Source"))


def _told(what: str, commit: str, why: Iterable[str]) -> str:
    """A look in words: what became of it, and the figures that it rests on."""
    return "\n".join((f"{what}{f' ({commit[:12]})' if commit else ''}", *(f"  {one}" for one in why)))
