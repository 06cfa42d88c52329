"""Golden samples at the start and on a schedule: who is asked when, and what came of it.

They give way to users: while the engine is busy a golden waits a little and is skipped then, and they take no more than
a small share of the time.
"""

import asyncio
import statistics
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from time import monotonic
from typing import Any, NamedTuple

from comb_compiler.runtime.engine import Engine, Finished
from comb_compiler.runtime.health.goldens import RIGHT, Golden, Outcome, ask, varied

__all__ = ["Recorded", "Rounds", "Schedule"]

Recorded = dict[tuple[str, str], tuple[str, Mapping[str, Any]]]
"""By arm and sample: the sample's digest, and the fingerprints of all nodes when it was answered right."""

_BASELINE = 5
_PAUSE = 0.05
_SHORTEST = 0.001
"""A node that takes less than this, in seconds, is taken to take this long: the clock and the scheduler blur it."""
_OLDEST = 6
"""An outcome that is older than so many rounds tells nothing of today."""


class Schedule(NamedTuple):
    """When goldens are asked; times in seconds.

    `startup` of them, of each kind of answer one, are asked in each arm before the engine is ready: again each `retry`
    seconds until all are right. All of them are asked each `every` seconds, or as fast as `share` of the time allows.
    One waits for at most `patience` until fewer than `busy` requests are under way, and is skipped then.
    """

    startup: int = 4
    retry: float = 5.0
    every: float = 600.0
    share: float = 0.02
    busy: int = 8
    patience: float = 5.0


class Rounds:
    """Asks the goldens of one engine, and keeps the last outcome of each."""

    def __init__(self, engine: Engine, goldens: Sequence[Golden], schedule: Schedule, recorded: Recorded) -> None:
        self._last: dict[tuple[str, str], Outcome] = {}
        self._asked_at: dict[tuple[str, str], float] = {}
        self.skipped: dict[str, int] = dict.fromkeys(engine.arms, 0)
        self.missed: dict[str, int] = dict.fromkeys(engine.arms, 0)
        """Of the last round, how many were skipped in each arm."""
        self.has_started = not goldens
        """Whether those of the start have all been right at once."""
        self.recorded = recorded
        self.goldens = tuple(goldens)
        self._engine = engine
        self._under_way = 0
        self._is_ending = False
        self._is_idle = asyncio.Event()
        self._is_idle.set()
        self._schedule = schedule
        self._first: dict[tuple[str, str, str], list[float]] = defaultdict(list)

    @property
    def last(self) -> dict[tuple[str, str], Outcome]:
        """The last outcome of each golden, by arm and name, as far as it is not too old."""
        oldest = monotonic() - _OLDEST * self._schedule.every
        return {key: outcome for key, outcome in self._last.items() if self._asked_at[key] > oldest}

    async def start(self) -> None:
        """Ask those of the start until all of them are right."""
        chosen = varied(self.goldens, self._schedule.startup)
        while not self.has_started:
            in_arms = [self._round(arm, chosen) for arm in self._engine.arms]
            outcomes = [one for outcomes in await asyncio.gather(*in_arms) for one in outcomes]
            self.has_started = all(outcome.kind == RIGHT for outcome in outcomes)
            if not self.has_started:
                await asyncio.sleep(self._schedule.retry)

    async def once(self, told: Callable[[Outcome], None], seen: Callable[[Finished], None]) -> None:
        """Ask all of them in every arm, one after the other. `told` is told of each, `seen` is shown what it gave."""
        for arm in self._engine.arms:
            for golden in self.goldens:
                outcome = await ask(self._engine, golden, arm, seen)
                self._keep(outcome)
                told(outcome)
        self.has_started = True

    async def go_on(self) -> None:
        """Ask all of them again and again, for as long as the engine takes requests."""
        while self.goldens:
            began = monotonic()
            for arm in self._engine.arms:
                await self._gently(arm)
            is_right = all(outcome.kind == RIGHT for outcome in self.last.values())
            left = self._schedule.every - (monotonic() - began) if is_right else 0.0
            await asyncio.sleep(max(self._schedule.retry, left))

    def slower(self, arm: str, node: str) -> tuple[float, int]:
        """How many times as long as at first a node takes, as the median over goldens; and over how many."""
        ratios = []
        for golden in self.goldens:
            outcome, first = self._last.get((arm, golden.sample.name)), self._first[arm, golden.sample.name, node]
            if outcome is not None and outcome.kind == RIGHT and node in outcome.seconds and len(first) > 1:
                ratios.append(outcome.seconds[node] / max(_SHORTEST, statistics.median(first)))
        return (statistics.median(ratios), len(ratios)) if ratios else (0.0, 0)

    async def _gently(self, arm: str) -> None:
        skipped = 0
        for golden in sorted(self.goldens, key=lambda one: self._was_right(arm, one)):
            if not await self._is_quiet():
                skipped += 1
                self.skipped[arm] += 1
                continue
            began = monotonic()
            await self._asked(golden, arm)
            took = monotonic() - began
            await asyncio.sleep(took / self._schedule.share - took)
        self.missed[arm] = skipped

    def _was_right(self, arm: str, golden: Golden) -> bool:
        outcome = self._last.get((arm, golden.sample.name))
        return outcome is not None and outcome.kind == RIGHT

    async def _round(self, arm: str, goldens: Sequence[Golden]) -> list[Outcome]:
        return [await self._asked(golden, arm) for golden in goldens]

    async def _is_quiet(self) -> bool:
        until = monotonic() + self._schedule.patience
        while self._engine.under_way >= self._schedule.busy:
            if monotonic() >= until:
                return False
            await asyncio.sleep(_PAUSE)
        return True

    async def end(self, grace: float) -> None:
        """Ask no more, and wait for what is under way: native code that nobody waits for would outlive its process."""
        self._is_ending = True
        with suppress(TimeoutError):
            await asyncio.wait_for(self._is_idle.wait(), grace)

    async def _asked(self, golden: Golden, arm: str) -> Outcome:
        """One golden; one that is not right is asked once more, so that a single accident says nothing."""
        if self._is_ending:
            await asyncio.Event().wait()  # until it is cancelled
        self._under_way += 1
        self._is_idle.clear()
        try:
            outcome = await ask(self._engine, golden, arm)
            if outcome.kind != RIGHT and golden.request is not None and self.has_started:
                outcome = await ask(self._engine, golden, arm)
        finally:
            self._under_way -= 1
            if not self._under_way:
                self._is_idle.set()
        self._keep(outcome)
        return outcome

    def _keep(self, outcome: Outcome) -> None:
        key = outcome.arm, outcome.name
        self._last[key] = outcome
        self._asked_at[key] = monotonic()
        if outcome.kind != RIGHT:
            return
        digest = outcome.golden.sample.digest
        if self.recorded.get(key, ("",))[0] != digest:
            self.recorded[key] = digest, outcome.answers
        for node, seconds in outcome.seconds.items():
            first = self._first[*key, node]
            if len(first) < _BASELINE:
                first.append(seconds)
