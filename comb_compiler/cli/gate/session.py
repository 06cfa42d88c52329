"""One run of gates: the targets are started, the gates asked one after the other, the cheapest first."""

import argparse
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from time import monotonic
from typing import TYPE_CHECKING, NamedTuple

from comb_compiler.cli.console import Console
from comb_compiler.cli.gate.exam import RECORDED, Exam
from comb_compiler.cli.gate.targets import Answers, Service, as_written, launched
from comb_compiler.cli.gate.tracing import traced
from comb_compiler.cli.opening import Clean
from comb_compiler.cli.patience import patient
from comb_compiler.cli.running import opened_of
from comb_compiler.gates import (
    GateResult,
    Gone,
    Regular,
    Ruling,
    Setting,
    Verdict,
    availability,
    errors,
    optimised,
    regular,
)

if TYPE_CHECKING:
    from comb_compiler.runtime.service import Source

__all__ = ["Session"]


class Session(NamedTuple):
    """What a run is about; `is_same` where candidate and baseline are one subject, so that no replay tells anything."""

    which: str
    candidate: Clean
    baseline: Clean | None
    exam: Exam
    arguments: argparse.Namespace
    console: Console
    is_same: bool = False

    async def results(self) -> list[GateResult]:
        """What each gate found; those after one that blocks are not asked."""
        answers = Answers((self.baseline or self.candidate).plan)
        rules = self.exam.rules(answers.kind.DESCRIPTOR)
        found: list[GateResult] = []
        async with AsyncExitStack() as stack:
            try:
                candidate = await self._candidate(stack, answers)
                baseline = await self._baseline(stack, answers)
            except Gone as gone:
                verdict = Verdict.BLOCKED if gone.target == "candidate" else Verdict.UNDECIDED
                return [_alone("start", verdict, str(gone))]
            newer = Answers(self.candidate.plan).kind
            setting = Setting(candidate, baseline, rules, self.arguments.at_once, _progress(self.console), newer)
            async for one in self._asked(setting):
                found.append(one)
                if one.ruling.verdict is Verdict.BLOCKED:
                    break
        if not found:
            return [_alone("gates", Verdict.UNDECIDED, "comb.yaml asks for none of these `gates`: nothing is proven")]
        self.console.progress("looking where answers part …")
        return await traced(found, self.exam.cases, self._sources(), answers)

    def _sources(self) -> "dict[str, Source]":
        """What can be asked for all that it does: processes of this machine."""
        if self.baseline is None or self.arguments.target != "local":
            return {}
        return {"baseline": self.source(self.baseline), "candidate": self.source(self.candidate, self.arguments.arm)}

    async def _candidate(self, stack: AsyncExitStack, answers: Answers) -> Service:
        target = self.arguments.target
        if target != "local":
            plan = as_written(self.candidate.plan, self.arguments.arm)
            service = Service("candidate", target, plan, answers)
            stack.push_async_callback(service.close)
            return service
        self.console.progress("starting the candidate …")
        source = self.source(self.candidate, self.arguments.arm)
        return await stack.enter_async_context(launched("candidate", source, answers))

    async def _baseline(self, stack: AsyncExitStack, answers: Answers) -> Service | None:
        if self.baseline is None or self.which == "availability" or self.is_same:
            return None
        self.console.progress("starting the baseline …")
        return await stack.enter_async_context(launched("baseline", self.source(self.baseline), answers))

    def source(self, clean: Clean, arm: str = "") -> "Source":
        """What a service of a comb is made from: of one graph, the comb's as written or an arm's."""
        source = opened_of(clean, clean.main).source
        plan = as_written(source.plan, arm)
        return source._replace(plan=patient(plan) if self.arguments.patient else plan)

    async def _asked(self, setting: Setting) -> AsyncIterator[GateResult]:
        gates = self.exam.gates
        if gates.availability is not None and self.which in ("availability", "all"):
            samples = self.exam.sets.get("availability")
            yield await availability(setting, samples) if samples else _unfit("availability")
        replay = gates.replay
        if replay is None or self.which == "availability":
            return
        if self.is_same:
            why = "baseline and candidate are the same, so that nothing is compared: name what was there before"
            yield _alone("replay", Verdict.UNDECIDED, f"{why} with --baseline")
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
        if setting.baseline is None:
            return _alone("replay regular", Verdict.NOT_APPLICABLE, "a first release has no baseline")
        samples = self.exam.sets.get("replay.regular")
        if samples is None:
            return _alone("replay regular", Verdict.UNDECIDED, self.exam.missing)
        count, allowed = asked.regular.count, 1 - float(asked.regular.same)
        return await regular(setting, samples, Regular(count, allowed))


def _alone(gate: str, verdict: Verdict, why: str) -> GateResult:
    return GateResult(gate, Ruling(verdict, (why,)), "", "", 0, 0, 0, 0.0)


def _unfit(gate: str) -> GateResult:
    """Recorded traffic says nothing of what is right."""
    why = f"`{RECORDED}` requests have no expected answers: name a directory of samples"
    return _alone(gate, Verdict.UNDECIDED, why)


def _progress(console: Console) -> Callable[[str, int, int], None]:
    """A line with what is left, by how long it took so far."""
    began: dict[str, float] = {}

    def tell(gate: str, done: int, of: int) -> None:
        now = monotonic()
        start = began.setdefault(gate, now)
        left = (now - start) / max(1, done - 1) * (of - done)
        console.progress(f"{gate}: {done:,} of {of:,}" + (f", about {left:.0f} s left" if done > 1 else ""))

    return tell
