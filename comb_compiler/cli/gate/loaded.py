"""A target under load, which is measured where it is a process of this machine."""

from collections.abc import Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, NamedTuple, Protocol
from urllib.request import urlopen

from comb_compiler.gates.asking import Gone
from comb_compiler.gates.load.guide.metrics import Page, page_of
from comb_compiler.gates.load.seen import Gpu, Observation, Side, Turned, Used
from comb_compiler.gates.load.turns import Turns

if TYPE_CHECKING:
    from comb_compiler.load import Generator, Input, Job, Observed, Step as Asked
    from comb_compiler.load.measuring import Measure
    from comb_compiler.runtime.client.tls import Certificates

__all__ = ["Loaded", "turned"]

_WARM_SECONDS, _WARM_REQUESTS, _WARM_TIMES = 3.0, 20.0, 4
_PATIENCE, _MOST_BYTES = 10.0, 10_000_000


class Loadable(Protocol):
    """What a load has to know of a service: `targets.Service` is one."""

    @property
    def name(self) -> str: ...
    @property
    def place(self) -> tuple[str, int]:
        """Host and port."""

    @property
    def path(self) -> str:
        """Of its method."""

    @property
    def certificates(self) -> "Certificates | None": ...
    @property
    def process(self) -> int | None:
        """Its id, where it is one of this machine."""

    @property
    def metrics(self) -> str:
        """Where its page is; empty where there is none."""

    @property
    def start(self) -> float | None:
        """Seconds until it was ready."""


class _Turn(NamedTuple):
    asked: "Asked"
    seen: "Observed"
    faults: tuple[str, ...]
    used: tuple[Used, ...]


def turned(baseline: "Loaded", candidate: "Loaded", rate: float, turns: Turns) -> Turned:
    """Both by turns, which go A B B A, with the same arrivals of the same requests."""
    before, after = [], []
    for number in range(turns.rounds):
        first, second = 2 * number, 2 * number + 1  # seeds
        before.append(baseline.turn(rate, turns.seconds, first))
        after.append(candidate.turn(rate, turns.seconds, first))
        after.append(candidate.turn(rate, turns.seconds, second))
        before.append(baseline.turn(rate, turns.seconds, second))
    return Turned(_side(before), _side(after))


def _side(turns: Sequence[_Turn]) -> Side:
    """Turns of one target together. Whether the generator kept its schedule is said of all of them."""
    from comb_compiler.load import Observed, code_name
    from comb_compiler.load.results import result

    every = Observed()
    for one in turns:
        every.extend(one.seen)
    told = dict.fromkeys(fault for one in turns for fault in one.faults)
    observations = tuple(
        Observation(
            one.asked.seconds,
            one.seen.due,
            one.seen.took,
            [code_name(code) for code in one.seen.code],
            one.used,
            one.seen.late,
        )
        for one in turns
    )
    cpu = [one.used[-1].cpu - one.used[0].cpu for one in turns if one.used]
    return Side(
        observations,
        sum(cpu) / len(every) if len(cpu) == len(turns) and len(every) else None,
        result(turns[0].asked, every, tuple(told)).faults,
    )


class Loaded:
    """Raises Gone wherever the target takes no connection, and GeneratorFailed."""

    def __init__(
        self, service: Loadable, inputs: "tuple[Input, ...]", timeout: float, generator: "Generator", stack: ExitStack
    ) -> None:
        from comb_compiler.load.measuring import Measuring

        self.name = service.name
        self.start = service.start
        self._generator = generator
        self._timeout = timeout
        self._job = _job(service, inputs)
        self._metrics = service.metrics
        self._measuring: Measuring | None = None
        if service.process is not None:
            self._measuring = stack.enter_context(Measuring(service.process))

    def warm_up(self, rate: float) -> None:
        """Until what it takes does not change any more, or long enough."""
        from comb_compiler.load import Step as Asked
        from comb_compiler.load.results import result

        seconds = max(_WARM_SECONDS, _WARM_REQUESTS / rate)
        for number in range(_WARM_TIMES):
            asked = Asked(rate, seconds, self._timeout, seed=-1 - number)
            found = result(asked, *self._observe(asked))
            if found.settled and not found.warm_up:
                break

    def held(self, rate: float, seconds: float) -> Side:
        """Loaded without a break."""
        return _side([self.turn(rate, seconds, -1)])

    def turn(self, rate: float, seconds: float, seed: int) -> _Turn:
        """Loaded for so long, until all is answered or given up on."""
        from comb_compiler.load import Step as Asked

        asked = Asked(rate, seconds, self._timeout, seed=seed)
        began = self._look()
        seen, faults = self._observe(asked)
        return _Turn(asked, seen, faults, tuple(self._used(began)))

    def _used(self, began: "Measure | None") -> list[Used]:
        """What it used since then."""
        ended = self._look()
        if began is None or ended is None:
            return []
        between = [one for one in self._measures() if began.at < one.at < ended.at]
        return [_used(one, began.at) for one in (began, *between, ended)]

    def page(self) -> Page:
        """What it says of its operators by now; nothing where it does not say."""
        return page_of(self._said())

    def _said(self) -> bytes:
        """Its page of metrics."""
        if not self._metrics:
            return b""
        try:
            with urlopen(self._metrics, timeout=_PATIENCE) as answer:  # noqa: S310  an address of this machine
                return bytes(answer.read(_MOST_BYTES))
        except OSError:
            return b""

    def _observe(self, asked: "Asked") -> "tuple[Observed, tuple[str, ...]]":
        from comb_compiler.load import Refused

        try:
            return self._generator.observe(self._job, asked)
        except Refused as problem:
            raise Gone(f"the {self.name} takes no connection: {problem}", self.name) from problem

    def memory(self) -> list[tuple[float, float]]:
        """All that was measured, at which times."""
        return [(one.at, float(one.memory)) for one in self._measures()]

    def _measures(self) -> "Sequence[Measure]":
        return self._measuring.measures if self._measuring is not None else ()

    def _look(self) -> "Measure | None":
        return self._measuring.now() if self._measuring is not None else None


def _used(one: "Measure", began: float) -> Used:
    gpus = tuple(
        Gpu(device.name or device.uuid, device.utilization, device.memory_used, device.power, device.slowed_by or ())
        for device in one.devices
    )
    return Used(one.at - began, one.cpu, float(one.memory), one.descriptors, one.threads, gpus)


def _job(service: Loadable, inputs: "tuple[Input, ...]") -> "Job":
    from comb_compiler.load import GRPC, Job, Target, Tls

    host, port = service.place
    tls = None if service.certificates is None else Tls(*(path or "" for path in service.certificates))
    return Job(Target(GRPC, host, port, service.path, tls=tls), inputs)
