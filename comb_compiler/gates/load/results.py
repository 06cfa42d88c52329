"""What is reported of a load."""

from collections.abc import Mapping
from typing import NamedTuple

from comb_compiler.gates.load.judging import Finding, quantile_name
from comb_compiler.gates.load.operators import OperatorFound
from comb_compiler.gates.load.ratios import quantile
from comb_compiler.gates.load.seen import Side, Step

__all__ = ["QUANTILES", "LoadFound", "SideFound", "StepFound", "figures_of", "step_found"]

QUANTILES = (0.5, 0.9, 0.95, 0.99, 0.999)


class SideFound(NamedTuple):
    """Of one target in one step: latencies in seconds by `p50` and so on, codes by how often they came.

    `cpu` is in seconds for each request and `memory` in bytes, at its most; None where they could not be measured.
    """

    requests: int
    codes: Mapping[str, int]
    latencies: Mapping[str, float]
    cpu: float | None
    memory: float | None


class StepFound(NamedTuple):
    """A rate in requests a second, which the candidate was held at for so many seconds.

    The baseline's figures are of its turns, which are shorter: how the two compare is among the findings.
    """

    rate: float
    seconds: float
    candidate: SideFound
    baseline: SideFound | None
    findings: tuple[Finding, ...]
    faults: tuple[str, ...] = ()
    operators: tuple[OperatorFound, ...] = ()


class LoadFound(NamedTuple):
    """All steps; `machine` is the class that the history is kept by, as `x86_64, 2 CPUs, AMD EPYC`.

    `promised` are the latencies of the SLA in seconds, by `p95`.
    """

    machine: str
    steps: tuple[StepFound, ...]
    promised: Mapping[str, float]


def step_found(step: Step, findings: tuple[Finding, ...]) -> StepFound:
    """What is reported of a step."""
    before = step.baseline if step.turned is None else step.turned.baseline
    sides = (step.candidate, step.baseline, *(step.turned or ()))
    faults = dict.fromkeys(fault for side in sides if side is not None for fault in side.faults)
    baseline = None if before is None else _side(before)
    return StepFound(step.rate, step.candidate.seconds, _side(step.candidate), baseline, findings, tuple(faults))


def _side(side: Side) -> SideFound:
    codes: dict[str, int] = {}
    for turn in side.turns:
        for code in turn.codes:
            codes[code] = codes.get(code, 0) + 1
    answered = sorted(
        took for turn in side.turns for took, code in zip(turn.took, turn.codes, strict=True) if code == "OK"
    )
    latencies = {quantile_name(one): quantile(answered, one) for one in QUANTILES} if answered else {}
    memory = max((value for _, value in side.memory), default=None)
    return SideFound(side.requests, dict(sorted(codes.items())), latencies, side.cpu, memory)


def figures_of(found: StepFound) -> dict[str, float]:
    """What the history keeps of a step: of the candidate, by name; more of each is worse."""
    side = found.candidate
    kept = {name: side.latencies[name] for name in ("p50", "p95") if name in side.latencies}
    return kept | {name: value for name, value in (("cpu", side.cpu), ("memory", side.memory)) if value is not None}
