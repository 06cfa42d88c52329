"""One run of gates: the targets are started, the gates asked one after the other, the cheapest first."""

import argparse
from asyncio import CancelledError
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, closing
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any, NamedTuple

from comb_compiler.cli.console import Console
from comb_compiler.cli.gate.addressed import at_address
from comb_compiler.cli.gate.contained import Containers
from comb_compiler.cli.gate.exam import RECORDED, Exam
from comb_compiler.cli.gate.journal import Absent, Journal, key_of, open_journal
from comb_compiler.cli.gate.subjects import resources_of, subjects_of
from comb_compiler.cli.gate.targets import Answers, Service, as_written, launched
from comb_compiler.cli.gate.tracing import traced, with_nodes
from comb_compiler.cli.models import model_locator, pinned
from comb_compiler.cli.opening import Clean
from comb_compiler.cli.patience import patient
from comb_compiler.cli.verdicts import default_directory
from comb_compiler.gates import (
    Answered,
    GateResult,
    Gone,
    Regular,
    Ruling,
    Set,
    Setting,
    Target,
    Verdict,
    availability,
    errors,
    optimised,
    regular,
)

if TYPE_CHECKING:
    from comb_compiler.runtime.service import Source

LOAD = "load"

__all__ = ["LOAD", "Session", "source_of"]

_START, _END = "start", "end"
"""Stand for a gate where a target does not start, and where a part of it has ended by itself."""
_NO_GATES = (_START, _END)
_SAME = (
    "baseline and candidate are the same, so that nothing is compared: name what was there before with --baseline; "
    "a change of samples and gates alone asks for `comb gate availability` and no more"
)
_RUN_OTHERWISE = "answers are those that there were: how operators are run is what the load gate asks"


class Session(NamedTuple):
    """What a run is about. `subjects` are the digests of candidate and baseline.

    Where the two are the same, no replay tells anything.
    """

    which: str
    candidate: Clean
    baseline: Clean | None
    subjects: tuple[str, str]
    exam: Exam
    arguments: argparse.Namespace
    console: Console
    containers: Containers | None = None

    async def results(self) -> tuple[list[GateResult], str]:
        """What each gate found, those after one that blocks are not asked; and when answers came that were kept."""
        if self.exam.unfit:
            return [_alone("samples", Verdict.UNDECIDED, self.exam.unfit)], ""
        if self.containers is not None and "candidate" in self.containers.stale:
            return [_alone("images", Verdict.UNDECIDED, self.containers.stale["candidate"])], ""
        if self.which == "availability" and self.exam.gates.availability is None and self._is_same:
            why = "what answers is what there was, and no standard samples are asked"
            return [_alone("availability", Verdict.NOT_APPLICABLE, why)], ""
        answers = Answers((self.baseline or self.candidate).plan)
        found, earlier = ([], "") if self.which == LOAD else await self._answered(answers)
        is_asked = self.exam.gates.load is not None and self.which in (LOAD, "all")
        if is_asked and not any(one.ruling.verdict is Verdict.BLOCKED for one in found):
            found.append(await self._loaded(answers))
        if not found:
            why = "comb.yaml asks for none of these `gates`: nothing is proven"
            return [_alone("gates", Verdict.UNDECIDED, why)], ""
        return found, earlier

    async def _loaded(self, answers: Answers) -> GateResult:
        """Of processes that have just started, as those of a release have."""
        from comb_compiler.cli.gate.load_gate import Against, load_gate

        checked = (self.baseline or self.candidate).compiled.checked.comb
        assert checked is not None
        assert checked.base.value is not None
        async with AsyncExitStack() as stack:
            try:
                candidate = await self._candidate(stack, answers)
                baseline = await self._baseline(stack, answers, is_load=True)
            except Gone as gone:
                return _alone(LOAD, gone.verdict, str(gone))
            against = Against(baseline, self.subjects[1], checked.base.value.sla, self.baseline)
            found = await load_gate(self.candidate, candidate, against, self.exam, self.arguments, self.console)
            ended = await candidate.ended()
        return found if not ended else found._replace(ruling=Ruling(Verdict.BLOCKED, (f"it went away: {ended}",)))

    async def _answered(self, answers: Answers) -> tuple[list[GateResult], str]:
        """What gates of single answers found, and when answers came that were kept."""
        with closing(self._journal(answers)) as journal:
            try:
                found = await self._found(answers, journal)
            except CancelledError:
                if journal.has_answers:
                    self.console.note("what was answered is kept: the same command goes on from there")
                raise
            if not found:
                return [], ""
            nodes = journal.end(self.which)
            if nodes is None:
                self.console.progress("looking where answers part …")
                nodes = await traced(found, self._sets(), self._sources(), answers)
                if not any(one.gate in _NO_GATES for one in found) and all(
                    one.asked == journal.kept(one.gate) for one in found
                ):
                    journal.finish(self.which, nodes)
        return with_nodes(found, nodes), journal.began if any(one.kept for one in found) else ""

    async def _found(self, answers: Answers, journal: Journal) -> list[GateResult]:
        found: list[GateResult] = []
        async with AsyncExitStack() as stack:
            try:
                candidate, baseline = await self._targets(stack, answers, journal)
            except Gone as gone:
                return [_alone(_START, gone.verdict, str(gone))]
            setting = Setting(
                candidate,
                baseline,
                self.exam.rules(answers.kind.DESCRIPTOR),
                self.arguments.at_once,
                _progress(self.console),
                Answers(self.candidate.plan).kind,
                journal,
                _reader(answers.kind) if self._is_recorded else None,
            )
            async for one in self._asked(setting):
                found.append(one)
                if one.ruling.verdict is Verdict.BLOCKED:
                    break
            ended = await candidate.ended() if isinstance(candidate, Service) else ""
            if ended and not any(one.ruling.verdict is Verdict.BLOCKED for one in found):
                found.append(_alone(_END, Verdict.BLOCKED, f"a part of the candidate went away: {ended}"))
        return found

    def _journal(self, answers: Answers) -> Journal:
        """Where answers are kept. Of what runs at an address nothing is: it may be something else the next time."""
        if self.arguments.target != "local":
            return Journal(answers.kind)
        sources = [self.source(self.candidate, self.arguments.arm)]
        sources += [] if self.baseline is None else [self.source(self.baseline)]
        key = key_of(self.subjects, [pinned(one.plan, one.locate) for one in sources], self.exam)
        directory = Path(default_directory()) / "gates"
        journal = open_journal(directory, key, answers.kind, datetime.now(UTC), fresh=self.arguments.fresh)
        self.console.note(journal.note)
        return journal

    def _sets(self) -> dict[str, Set]:
        return {field.replace(".", " "): one for field, one in self.exam.sets.items()}

    @property
    def _is_recorded(self) -> bool:
        """Whether recorded answers stand for the baseline."""
        return self.baseline is not None and bool(self.arguments.baseline == RECORDED)

    @property
    def _is_same(self) -> bool:
        alike = self.arguments.target == "local" if self.containers is None else self.containers.are_alike
        return alike and self.subjects[0] == self.subjects[1]

    @property
    def _is_run_otherwise(self) -> bool:
        """Whether the load gate, which is asked, proves what differs of two that answer alike."""
        if self.baseline is None or self.which != "all" or self.exam.gates.load is None:
            return False
        return resources_of(self.candidate) != resources_of(self.baseline) or not self._is_alike_under_load

    @property
    def _is_alike_under_load(self) -> bool:
        """Whether a load would compare what is the same: timeouts, batches and workers are no part of a subject."""
        if self.baseline is None or not self._is_same:
            return self._is_same
        if self.containers is not None:
            candidate, baseline = (self.containers.combs[name] for name in ("candidate", "baseline"))
            return (candidate.plan, candidate.asked) == (baseline.plan, baseline.asked)
        sources = self.source(self.candidate, self.arguments.arm), self.source(self.baseline)
        first, second = (pinned(one.plan, one.locate) for one in sources)
        return first == second

    async def _targets(self, stack: AsyncExitStack, answers: Answers, journal: Journal) -> tuple[Target, Target | None]:
        """Candidate and baseline, which are not started where an earlier run has all answers."""
        if journal.end(self.which) is not None:
            candidate, baseline = Absent("candidate"), Absent("baseline")
            return candidate, None if self.baseline is None or self._is_recorded else baseline
        return await self._candidate(stack, answers), await self._baseline(stack, answers)

    def _sources(self) -> "dict[str, Source]":
        """What can be asked for all that it does: processes of this machine."""
        if self.baseline is None or self.arguments.target != "local" or self._is_recorded:
            return {}
        return {"baseline": self.source(self.baseline), "candidate": self.source(self.candidate, self.arguments.arm)}

    async def _candidate(self, stack: AsyncExitStack, answers: Answers) -> Service:
        target = self.arguments.target
        if self.containers is not None:
            self.console.progress("starting the candidate …")
            return await stack.enter_async_context(self.containers.started("candidate", answers))
        if target != "local":
            plan = as_written(self.candidate.plan, self.arguments.arm)
            address, certificates = at_address(self.arguments)
            service = Service("candidate", address, plan, answers, certificates)
            stack.push_async_callback(service.close)
            await service.must_be_trusted()
            return service
        self.console.progress("starting the candidate …")
        started = launched("candidate", self.source(self.candidate, self.arguments.arm), answers)
        return _still(self.candidate, self.subjects[0], await stack.enter_async_context(started))

    async def _baseline(self, stack: AsyncExitStack, answers: Answers, *, is_load: bool = False) -> Service | None:
        is_same = self._is_alike_under_load if is_load else self._is_same
        if self.baseline is None or self.which == "availability" or is_same or self._is_recorded:
            return None
        self.console.progress("starting the baseline …")
        if self.containers is not None and "baseline" in self.containers.combs:
            return await stack.enter_async_context(self.containers.started("baseline", answers))
        started = launched("baseline", self.source(self.baseline), answers)
        return _still(self.baseline, self.subjects[1], await stack.enter_async_context(started))

    def source(self, clean: Clean, arm: str = "") -> "Source":
        """What a service of a comb is made from: of one graph, the comb's as written or an arm's."""
        return source_of(clean, arm, is_patient=self.arguments.patient)

    async def _asked(self, setting: Setting) -> AsyncIterator[GateResult]:
        gates = self.exam.gates
        if gates.availability is not None and self.which in ("availability", "all"):
            samples = self.exam.sets.get("availability")
            yield await availability(setting, samples) if samples else _unfit("availability")
        first = self.exam.first_release if self.baseline is None else None
        if first is not None:
            yield GateResult("first release", first, "", "", 0, 0, 0, 0.0)
        replay = gates.replay
        if replay is None or self.which == "availability":
            return
        if self._is_same:
            if self._is_run_otherwise:
                yield _alone("replay", Verdict.NOT_APPLICABLE, _RUN_OTHERWISE)
            else:
                yield _alone("replay", Verdict.UNDECIDED, _SAME)
            return
        if replay.error is not None:
            samples = self.exam.sets.get("replay.error")
            yield await errors(setting, samples) if samples else _unfit("replay error")
        if replay.optimised is not None:
            samples = self.exam.sets.get("replay.optimised")
            claims = self.exam.claims or self.arguments.arm
            better = float(replay.optimised.better) if claims else None
            yield await optimised(setting, samples, better) if samples else _unfit("replay optimised")
        if replay.regular is not None:
            yield await self._regular(setting)

    async def _regular(self, setting: Setting) -> GateResult:
        asked = self.exam.gates.replay
        assert asked is not None
        assert asked.regular is not None
        if setting.baseline is None and setting.recorded is None:
            return _alone("replay regular", Verdict.NOT_APPLICABLE, "a first release has no baseline")
        samples = self.exam.sets.get("replay.regular")
        if samples is None:
            return _alone("replay regular", Verdict.UNDECIDED, self.exam.missing)
        if setting.recorded is not None and any(one.recorded is None for one in samples.cases):
            why = f"what answered {samples.name} before is not recorded with it: name a revision with --baseline"
            return _alone("replay regular", Verdict.UNDECIDED, why)
        count, allowed = asked.regular.count, 1 - float(asked.regular.same)
        return await regular(setting, samples, Regular(count, allowed, self.exam.terms.detectable))


def source_of(clean: Clean, arm: str, *, is_patient: bool) -> "Source":
    """What a service of a comb is made from: of one graph, the comb's as written or an arm's."""
    from comb_compiler.runtime.service import Source

    plan = as_written(clean.plan, arm)
    return Source(patient(plan) if is_patient else plan, model_locator(clean.checkout, clean.main), clean.directory)


def _still(clean: Clean, subject: str, service: Service) -> Service:
    """A service that has just started from the code that its subject is of. Raises Gone, as of what is undecided."""
    if subject not in subjects_of(clean).values():
        changed = f"the code of the {service.name} was changed while it started: what runs is not what was checked"
        gone = Gone(f"{changed}; run it once more", service.name)
        gone.verdict = Verdict.UNDECIDED
        raise gone
    return service


def _alone(gate: str, verdict: Verdict, why: str) -> GateResult:
    return GateResult(gate, Ruling(verdict, (why,)), "", "", 0, 0, 0, 0.0)


def _reader(kind: Any) -> Callable[[Answered], Answered]:
    """A function that reads what was recorded of an answer as the type that all answers have."""
    from comb_compiler.runtime.messages import read_message

    def read(kept: Answered) -> Answered:
        message = None if kept.failed else read_message(kind, kept.answer)
        if message is None and not kept.failed:
            return kept._replace(
                answer=None, code="DATA_LOSS", message="what is recorded is no answer of this interface"
            )
        return kept._replace(answer=message)

    return read


def _unfit(gate: str) -> GateResult:
    """Recorded traffic says nothing of what is right."""
    why = f"`{RECORDED}` requests have no expected answers: name a directory of samples"
    return _alone(gate, Verdict.UNDECIDED, why)


def _progress(console: Console) -> Callable[[str, int, int], None]:
    """A line with what is left, by how long it took so far."""
    began: dict[str, tuple[float, int]] = {}

    def tell(gate: str, done: int, of: int) -> None:
        now = monotonic()
        start, first = began.setdefault(gate, (now, done))
        left = (now - start) / max(1, done - first) * (of - done)
        console.progress(f"{gate}: {done:,} of {of:,}" + (f", about {left:.0f} s left" if done > first else ""))

    return tell
