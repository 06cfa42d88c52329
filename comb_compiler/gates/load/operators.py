"""Where time goes: what steps of the graph took, when in a request they ran, and which of them grew slower."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from comb_compiler.gates.load.guide.model import OperatorSeen
from comb_compiler.release import Graph

__all__ = ["OperatorFound", "operators_found", "slowest"]


class OperatorFound(NamedTuple):
    """What a step of the graph took, in seconds: on average, and by quantiles where they are known.

    `each` is how many calls of it there were for each request, and `start` when in a request it began, if each step
    takes what it does on average. `before` is the baseline's average, None where it has no such step.
    """

    step: str
    operator: str
    each: float
    start: float
    seconds: float
    p50: float | None
    p95: float | None
    before: float | None

    @property
    def slower(self) -> float | None:
        """How many times as long as the baseline's."""
        return self.seconds / self.before if self.before else None


def operators_found(
    candidate: Sequence[OperatorSeen], baseline: Iterable[OperatorSeen], requests: int, graph: Graph
) -> tuple[OperatorFound, ...]:
    """What was called, what took most in all first."""
    before = {one.step: one.mean for one in baseline}
    starts = _starts(graph, {one.step: one.seconds / max(1, requests) for one in candidate})
    return tuple(
        OperatorFound(
            one.step,
            one.operator,
            one.calls / max(1, requests),
            starts.get(one.step, 0.0),
            one.mean,
            _quantile(one.buckets, one.calls, 0.5),
            _quantile(one.buckets, one.calls, 0.95),
            before.get(one.step),
        )
        for one in sorted(candidate, key=lambda one: (-one.seconds, one.step))
    )


def _starts(graph: Graph, took: Mapping[str, float]) -> dict[str, float]:
    """When each step begins, as soon as all that it waits for has ended."""
    starts: dict[str, float] = {}
    ends: list[float] = []
    for node in graph.nodes:
        starts[node.name] = max((ends[one] for one in node.after), default=0.0)
        ends.append(starts[node.name] + took.get(node.name, 0.0))
    return starts


def _quantile(buckets: Iterable[tuple[float, float]], calls: float, share: float) -> float | None:
    """Of a histogram whose counts add up, as Prometheus reads them; None where it is beyond the last bound."""
    bounds = sorted(buckets)
    for (low, before), (high, by_then) in pairwise([(0.0, 0.0), *bounds]):
        if by_then >= share * calls and by_then > before:
            return low + (high - low) * (share * calls - before) / (by_then - before)
    return None


def slowest(operators: Sequence[OperatorFound], slower: float) -> OperatorFound | None:
    """The one that grew by most for each request, if it is by more than a share of `slower`."""

    def growth(one: OperatorFound) -> float:
        return one.each * (one.seconds - (one.before or 0.0))

    grown = [one for one in operators if one.before is None or one.seconds > one.before * (1 + slower)]
    return max(grown, key=growth, default=None)
