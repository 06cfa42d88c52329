"""Whether conditions can have wanted values together: a search over the operands' samples, with a bound on its work."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from comb_compiler.graph.conditions.formula import Formula, Samples, evaluate
from comb_compiler.graph.conditions.samples import Sample
from comb_compiler.graph.conditions.truth import System

__all__ = ["Budget", "Goal", "satisfiable"]


class Goal(NamedTuple):
    """A formula and what it is to be: bits, of which any will do."""

    formula: Formula
    wanted: int

    def is_missed(self, chosen: Samples) -> bool:
        """Whether it cannot be what it is to be any more, whatever is chosen later."""
        return not evaluate(self.formula, chosen) & self.wanted


class Budget:
    """How many times formulas may still be evaluated."""

    def __init__(self, evaluations: int) -> None:
        self._left = evaluations

    def spend(self) -> bool:
        """Whether one more is allowed."""
        self._left -= 1
        return self._left >= 0

    @property
    def is_spent(self) -> bool:
        """Whether no more is allowed."""
        return self._left <= 0


def satisfiable(
    system: System, goals: Sequence[Goal], budget: Budget, given: Mapping[str, Sample] = {}, failing: bool = False
) -> bool | None:
    """Whether some values of the operands, beside those `given`, reach all goals; None when the budget is spent."""
    order, waiting = _plan(system, goals, given)
    chosen = dict(given)
    for goal in goals:
        if not budget.spend():
            return None
        if goal.is_missed(chosen):
            return False
    choices: list[Iterator[Sample]] = []
    while len(choices) < len(order):
        choices.append(iter(system.samples(order[len(choices)], failing)))
        while choices:
            operand = order[len(choices) - 1]
            found = _next(choices[-1], operand, waiting[operand], chosen, budget)
            if found is None:
                return None
            if found:
                break
            choices.pop()
            del chosen[operand]
        else:
            return False
    return True


def _next(
    samples: Iterator[Sample], operand: str, waiting: list[Goal], chosen: dict[str, Sample], budget: Budget
) -> bool | None:
    """Chooses the next sample with which no goal is missed; False when there is none, None when the budget is spent."""
    for sample in samples:
        chosen[operand] = sample
        for goal in waiting:
            if not budget.spend():
                return None
            if goal.is_missed(chosen):
                break
        else:
            return True
    chosen[operand] = None
    return False


def _plan(
    system: System, goals: Sequence[Goal], given: Mapping[str, Sample]
) -> tuple[list[str], dict[str, list[Goal]]]:
    """The operands to choose, goal by goal, and for each the goals that depend on it."""
    waiting: dict[str, list[Goal]] = {}
    for goal in goals:
        for key in system.operands(goal.formula):
            if key not in given:
                waiting.setdefault(key, []).append(goal)
    return list(waiting), waiting
