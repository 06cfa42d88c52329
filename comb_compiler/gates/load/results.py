"""What is reported of a load."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from statistics import fmean
from typing import NamedTuple

from comb_compiler.gates.load.flames import Flame
from comb_compiler.gates.load.guide import Guide
from comb_compiler.gates.load.judging import Finding, quantile_name
from comb_compiler.gates.load.operators import OperatorFound
from comb_compiler.gates.load.ratios import quantile, quantile_bounds
from comb_compiler.gates.load.saturation import Saturation
from comb_compiler.gates.load.seen import REJECTED, TIMEOUTS, Gpu, Side, Step
from comb_compiler.gates.load.timeline import Moment, timeline
from comb_compiler.gates.verdicts import Verdict

__all__ = ["QUANTILES", "GpuFound", "LoadFound", "SideFound", "StepFound", "figures_of", "step_found"]

QUANTILES = (0.5, 0.9, 0.95, 0.99, 0.999)
_BY_TURNS = " by turns"
_DOUBT = 0.05


class GpuFound(NamedTuple):
    """Of a GPU during a step: the share of time in which it was in use and watts on average, bytes at their most."""

    name: str
    utilization: float | None
    memory: float | None
    power: float | None
    slowed_by: tuple[str, ...]


class SideFound(NamedTuple):
    """Of one target in one step: latencies in seconds by `p50` and so on, codes by how often they came.

    `bounds` are those between which each latency lies in truth (95%), the upper one None for want of requests. Of what
    has no answer, `timeouts` was given up on, here or by the target, `rejected` found no room, and `errors` is all
    else. `cpu` is in seconds for each request; `memory` in bytes, `descriptors` and `threads` are at their most; None
    where they could not be measured.
    """

    requests: int
    codes: Mapping[str, int]
    timeouts: int
    rejected: int
    errors: int
    latencies: Mapping[str, float]
    bounds: Mapping[str, tuple[float, float | None]]
    cpu: float | None
    memory: float | None
    descriptors: int | None
    threads: int | None
    gpus: tuple[GpuFound, ...]


class StepFound(NamedTuple):
    """A rate in requests a second, which the candidate was loaded at for so many seconds, without a break where `held`,
    otherwise in its turns.

    The baseline's figures are of its turns: how the two compare is among the findings. `past` are figures of earlier
    runs on machines of this class by name, in the order of their time. `guide` is what would make it faster or cheaper.
    """

    rate: float
    seconds: float
    held: bool
    candidate: SideFound
    baseline: SideFound | None
    timeline: tuple[Moment, ...]
    findings: tuple[Finding, ...]
    faults: tuple[str, ...] = ()
    operators: tuple[OperatorFound, ...] = ()
    past: Mapping[str, Sequence[float]] = {}
    guide: Guide | None = None

    @property
    def is_blocked(self) -> bool:
        """Whether anything that was judged blocks."""
        return any(one.verdict is Verdict.BLOCKED for one in self.findings)


class LoadFound(NamedTuple):
    """All steps; `machine` is the class that the history is kept by, as `x86_64, 2 CPUs, AMD EPYC`.

    `promised` are the latencies of the SLA in seconds, by `p95`. `resources` is the digest of what operators had.
    `saturation` and `flame` are there where they were asked for.
    """

    machine: str
    steps: tuple[StepFound, ...]
    promised: Mapping[str, float]
    resources: str = ""
    saturation: Saturation | None = None
    flame: Flame | None = None

    @property
    def guide(self) -> Guide | None:
        """Of the last step, which is the one with most requests."""
        return self.steps[-1].guide if self.steps else None


def step_found(step: Step, findings: tuple[Finding, ...] = ()) -> StepFound:
    """What is reported of a step that was held, or loaded by turns."""
    turned = step.turned
    shown = step.candidate or (turned.candidate if turned is not None else Side(()))
    before = step.baseline if turned is None else turned.baseline
    sides = (step.candidate, step.baseline, *(turned or ()))
    faults = dict.fromkeys(fault for side in sides if side is not None for fault in side.faults)
    return StepFound(
        step.rate,
        shown.seconds,
        step.candidate is not None,
        _side(shown),
        None if before is None else _side(before),
        timeline(shown),
        findings,
        tuple(faults),
    )


def _side(side: Side) -> SideFound:
    codes = Counter(code for turn in side.turns for code in turn.codes)
    timeouts, rejected = (sum(codes[code] for code in kind) for kind in (TIMEOUTS, REJECTED))
    answered = sorted(
        took for turn in side.turns for took, code in zip(turn.took, turn.codes, strict=True) if code == "OK"
    )
    used = list(side.used())
    return SideFound(
        side.requests,
        dict(sorted(codes.items())),
        timeouts,
        rejected,
        side.requests - len(answered) - timeouts - rejected,
        {quantile_name(one): quantile(answered, one) for one in QUANTILES} if answered else {},
        {quantile_name(one): quantile_bounds(answered, one, _DOUBT) for one in QUANTILES} if answered else {},
        side.cpu,
        max((one.memory for one in used), default=None),
        max((one.descriptors for one in used), default=None),
        max((one.threads for one in used), default=None),
        tuple(_gpus([one.gpus for one in used])),
    )


def _gpus(seen: Sequence[tuple[Gpu, ...]]) -> Iterable[GpuFound]:
    """Of each GPU, in the order that the driver has them in."""
    for several in zip(*seen, strict=False):
        shares = [one.utilization for one in several if one.utilization is not None]
        watts = [one.power for one in several if one.power is not None]
        yield GpuFound(
            several[0].name,
            fmean(shares) if shares else None,
            max((one.memory for one in several if one.memory is not None), default=None),
            fmean(watts) if watts else None,
            tuple(dict.fromkeys(why for one in several for why in one.slowed_by)),
        )


def figures_of(found: StepFound) -> dict[str, float]:
    """What the history keeps of a step: of the candidate, by name; more of each is worse.

    Latencies by turns have names of their own: a queue runs empty between them.
    """
    side, how = found.candidate, "" if found.held else _BY_TURNS
    kept = {name + how: side.latencies[name] for name in ("p50", "p95") if name in side.latencies}
    return kept | {name: value for name, value in (("cpu", side.cpu), ("memory", side.memory)) if value is not None}
