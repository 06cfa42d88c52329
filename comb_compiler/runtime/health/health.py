"""The health of one engine: started after it, closed before it, asked at any time."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from comb_compiler.release import ExecutionPlan
from comb_compiler.runtime.engine import Engine
from comb_compiler.runtime.health.drift import Windows
from comb_compiler.runtime.health.goldens import FAILED, WRONG, Outcome, read_goldens
from comb_compiler.runtime.health.judging import judge
from comb_compiler.runtime.health.observations import Observations
from comb_compiler.runtime.health.rounds import Rounds, Schedule
from comb_compiler.runtime.health.saved import NOTHING, Saved
from comb_compiler.runtime.health.status import Level, Report, report_json
from comb_compiler.runtime.health.watching import Glance, Sampling, Watching, glance_at
from comb_compiler.samples import SampleSet

__all__ = ["Health", "Settings"]

_log = logging.getLogger("comb.runtime")
_NO_SAMPLES = SampleSet("", (), "")
_SHOWN = 5
_GRACE = 2.0


class Settings(NamedTuple):
    """How health is watched.

    `leave_when_wrong`: an engine that answers a golden sample wrongly, twice in a row, is not ready until it answers it
    right; nothing else that comes after the start has that effect, drift least of all, since it would befall all pods
    at once. `ignore` are figures whose distributions are not compared, such as `request_number`. `seed` fixes what is
    drawn at random.
    """

    schedule: Schedule = Schedule()
    sampling: Sampling = Sampling()
    windows: Windows = Windows()
    leave_when_wrong: bool = True
    ignore: Sequence[str] = ()
    seed: int = 0


_SETTINGS = Settings()


class Health:
    """Watches one engine, in its loop. `observer` has to be among its observers from the start.

        health = Health(plan, samples)
        async with Engine(plan, observers=[health.observer]) as engine:
            health.start(engine)
            ...
            await health.close()

    `samples` are the golden samples; `saved` is a reference of earlier days: with none, the first requests are it.
    """

    def __init__(
        self,
        plan: ExecutionPlan,
        samples: SampleSet = _NO_SAMPLES,
        settings: Settings = _SETTINGS,
        saved: Saved = NOTHING,
    ) -> None:
        self.observer = Watching(settings.sampling, self._look, settings.seed)
        self._plan = plan
        self._samples = samples
        self._settings = settings
        self._saved = saved
        self._rounds: Rounds | None = None
        self._observations: Observations | None = None
        self._task: asyncio.Task[None] | None = None

    def start(self, engine: Engine) -> None:
        """Begin with a started engine: golden samples first, then all of them on their schedule."""
        self._begin(engine)
        self._task = asyncio.get_running_loop().create_task(self._go_on())

    async def once(self, engine: Engine, told: Callable[[Outcome], None] = lambda outcome: None) -> Report:
        """Ask all golden samples once, and say what came of it; `told` is told of each as it is answered.

        What operators gave is looked at as if users had asked: `save` then has it.
        """
        rounds = self._begin(engine)
        assert self._observations is not None
        look = self._observations.look
        await rounds.once(told, lambda run: look(glance_at(run)))
        return self.report()

    async def close(self) -> None:
        """Ask no more, and look at no more requests."""
        if self._task is not None and self._rounds is not None:
            await self._rounds.end(_GRACE)
            self._task.cancel()
            await asyncio.wait([self._task])
            self._task = None
        self.observer.close()

    def reasons(self) -> tuple[str, ...]:
        """Why the engine should get no requests; empty when it may."""
        rounds = self._rounds
        if rounds is None:
            return ("golden samples have not been asked yet",) if self._samples.samples else ()
        if rounds.has_started and not self._settings.leave_when_wrong:
            return ()
        kinds = (WRONG,) if rounds.has_started else (WRONG, FAILED)
        found = [_told(outcome) for outcome in rounds.last.values() if outcome.kind in kinds]
        if not rounds.has_started and not found:
            return ("golden samples are being asked",)
        return tuple(found[:_SHOWN])

    def report(self) -> Report:
        """What is known by now. Before the start: nothing."""
        assert self._rounds is not None
        assert self._observations is not None
        judged = judge(self._plan, self._rounds, self._observations)
        worst = max(
            *(model.level for model in judged.models), judged.inputs.level, *(level for level, _ in judged.findings),
            Level.UNKNOWN,
        )  # fmt: skip
        watching = self.observer
        return Report(
            worst,
            tuple(reason for _, reason in judged.findings),
            self.reasons(),
            self._samples.name,
            self._samples.digest,
            judged.arms,
            judged.models,
            judged.inputs,
            {"all": watching.requests, "lookedAt": watching.looked_at, "leftOut": watching.left_out},
        )

    def status(self) -> dict[str, Any]:
        """What it adds to `/v1/status`; nothing before the start."""
        return {} if self._rounds is None else {"health": report_json(self.report())}

    def save(self) -> Saved:
        """What to compare with on later days: figures, as far as there are enough, and right answers to goldens."""
        assert self._rounds is not None
        assert self._observations is not None
        return Saved(self._plan.comb, self._observations.references(), dict(self._rounds.recorded))

    def _begin(self, engine: Engine) -> Rounds:
        settings, saved = self._settings, self._saved
        self._observations = Observations(
            self._plan,
            engine.messages,
            settings.windows,
            ignore=settings.ignore,
            seed=settings.seed,
            given=saved.references,
        )
        goldens = read_goldens(self._samples, engine.request_type)
        self._rounds = Rounds(engine, goldens, settings.schedule, dict(saved.answers))
        return self._rounds

    async def _go_on(self) -> None:
        assert self._rounds is not None
        try:
            await self._rounds.start()
            await self._rounds.go_on()
        except Exception:
            _log.exception("golden samples are asked no more")

    def _look(self, glance: Glance) -> None:
        if self._observations is not None:
            self._observations.look(glance)


def _told(outcome: Outcome) -> str:
    where = f" in arm `{outcome.arm}`" if outcome.arm else ""
    how = "answered wrongly" if outcome.kind == WRONG else "not answered"
    return f"golden sample `{outcome.name}` is {how}{where}: {outcome.detail}"
