"""Whether conditions can have wanted values together: a search over the operands' samples, with a bound on its work."""

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from comb_compiler.graph.conditions.formula import Formula, Samples, atoms, evaluate, first_open
from comb_compiler.graph.conditions.samples import Sample
from comb_compiler.graph.conditions.truth import System

__all__ = ["Budget", "Goal", "goal", "satisfiable"]


_NOTHING: Mapping[str, Sample] = MappingProxyType({})


class Goal(NamedTuple):
    """A formula, what it is to be (bits, of which any will do), and what it costs to evaluate: its atoms."""

    formula: Formula
    wanted: int
    cost: int

    def is_missed(self, chosen: Samples) -> bool:
        """Whether it cannot be what it is to be any more, whatever is chosen later."""
        return not evaluate(self.formula, chosen) & self.wanted

    def is_reached(self, chosen: Samples) -> bool:
        """Whether it is what it is to be, whatever is chosen later."""
        return not evaluate(self.formula, chosen) & ~self.wanted


def goal(formula: Formula, wanted: int) -> Goal:
    """A goal with its cost."""
    return Goal(formula, wanted, 1 + sum(1 for _ in atoms(formula)))


class Budget:
    """How many atoms may still be evaluated."""

    def __init__(self, evaluations: int) -> None:
        self._left = evaluations

    def spend(self, cost: int) -> bool:
        """Whether that much was left."""
        self._left -= cost
        return self._left >= 0

    @property
    def is_spent(self) -> bool:
        """Whether nothing is left."""
        return self._left <= 0


def satisfiable(
    system: System, goals: Sequence[Goal], budget: Budget, given: Mapping[str, Sample] = _NOTHING, failing: bool = False
) -> bool | None:
    """Whether some values of the operands, beside those `given`, reach all goals; None when the budget is spent.

    Goal by goal, operands are chosen that still matter to it (as Davis, Putnam, Logemann and Loveland do for clauses).
    """
    chosen = dict(given)
    waiting = _waiting(system, goals, given)
    if any(one.is_missed(chosen) for one in goals):
        return False
    index = 0
    choices: list[tuple[str, Iterator[Sample], int]] = []
    while True:
        while index < len(goals) and goals[index].is_reached(chosen):
            index += 1
        if index == len(goals):
            return True
        operand = first_open(goals[index].formula, chosen)
        assert operand is not None, "a goal that is neither reached nor missed is open"
        choices.append((operand, iter(system.samples(operand, failing)), index))
        found: bool | None = False
        while choices and not found:
            operand, samples, index = choices[-1]
            found = _next(samples, operand, waiting[operand], chosen, budget)
            if found is None:
                return None
            if not found:
                choices.pop()
                del chosen[operand]
        if not found:
            return False


def _next(
    samples: Iterator[Sample], operand: str, waiting: list[Goal], chosen: dict[str, Sample], budget: Budget
) -> bool | None:
    """Chooses the next sample with which no goal is missed; False when there is none, None when the budget is spent."""
    for sample in samples:
        chosen[operand] = sample
        for one in waiting:
            if not budget.spend(one.cost):
                return None
            if one.is_missed(chosen):
                break
        else:
            return True
    chosen[operand] = None
    return False


def _waiting(system: System, goals: Sequence[Goal], given: Mapping[str, Sample]) -> dict[str, list[Goal]]:
    """By operand, the goals that depend on it."""
    waiting: dict[str, list[Goal]] = {}
    for one in goals:
        for key in system.operands(one.formula):
            if key not in given:
                waiting.setdefault(key, []).append(one)
    return waiting
