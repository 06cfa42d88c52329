"""Where time goes: what operators took, by what the service says of itself in Prometheus's text form."""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

__all__ = ["Calls", "OperatorFound", "calls_of", "operators_found", "slowest"]

_LINE = re.compile(rb"comb_step_seconds_(sum|count)\{([^}]*)\} (\S+)")
_LABEL = re.compile(rb'(\w+)="((?:[^"\\]|\\.)*)"')


class Calls(NamedTuple):
    """Of a step of the graph: how many, and seconds in all."""

    many: float
    seconds: float

    def since(self, earlier: "Calls") -> "Calls":
        """What came after an earlier look."""
        return Calls(self.many - earlier.many, self.seconds - earlier.seconds)


class OperatorFound(NamedTuple):
    """What a step of the graph took on average, in seconds; `before` is the baseline's, None where it has no such step.

    `each` is how many calls of it there were for each request.
    """

    step: str
    operator: str
    each: float
    seconds: float
    before: float | None

    @property
    def slower(self) -> float | None:
        """How many times as long as the baseline's."""
        return self.seconds / self.before if self.before else None


def calls_of(text: bytes) -> dict[tuple[str, str], Calls]:
    """By step and operator, all arms together."""
    found: dict[tuple[str, str], dict[bytes, float]] = {}
    for kind, labels, value in _LINE.findall(text):
        named = {name: one.decode("utf-8", "replace") for name, one in _LABEL.findall(labels)}
        sums = found.setdefault((named.get(b"step", ""), named.get(b"operator", "")), {})
        sums[kind] = sums.get(kind, 0.0) + float(value)
    return {key: Calls(sums.get(b"count", 0.0), sums.get(b"sum", 0.0)) for key, sums in found.items()}


def operators_found(
    candidate: Mapping[tuple[str, str], Calls], baseline: Mapping[tuple[str, str], Calls], requests: int
) -> tuple[OperatorFound, ...]:
    """What was called, what took most in all first."""
    before = {step: calls.seconds / calls.many for (step, _), calls in baseline.items() if calls.many}
    called = sorted(
        ((key, calls) for key, calls in candidate.items() if calls.many), key=lambda one: (-one[1].seconds, one[0])
    )
    return tuple(
        OperatorFound(step, operator, calls.many / max(1, requests), calls.seconds / calls.many, before.get(step))
        for (step, operator), calls in called
    )


def slowest(operators: Sequence[OperatorFound], slower: float) -> OperatorFound | None:
    """The one that grew by most for each request, if it is by more than a share of `slower`."""

    def growth(one: OperatorFound) -> float:
        return one.each * (one.seconds - (one.before or 0.0))

    grown = [one for one in operators if one.before is None or one.seconds > one.before * (1 + slower)]
    return max(grown, key=growth, default=None)
