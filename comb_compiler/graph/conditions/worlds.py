"""Which conditions can hold together.

A graph whose steps have conditions is several graphs, one for each set of conditions that hold at once. For a longest
path only the sets count that no other contains.
"""

from collections.abc import Iterable, Mapping
from itertools import product
from typing import NamedTuple, TypeVar

from comb_compiler.cel.tree import written
from comb_compiler.graph.conditions.formula import TRUE, evaluate
from comb_compiler.graph.conditions.guards import guaranteed
from comb_compiler.graph.conditions.reading import Parsed
from comb_compiler.graph.conditions.samples import Sample
from comb_compiler.graph.conditions.solve import Budget, goal, satisfiable
from comb_compiler.graph.conditions.truth import System
from comb_compiler.graph.conditions.types import UNTYPED, Scope

__all__ = ["Worlds", "worlds"]

_MOST_WORLDS = 64
_MOST_EVALUATIONS = 200_000
"""Of atoms: less than a second."""

_Set = frozenset[int]
_T = TypeVar("_T")


class Worlds(NamedTuple):
    """Sets of names whose conditions hold at once; none contains another.

    With `exact` False there were too many: conditions that could not be told apart were taken to hold together, so that
    each set that is possible is still contained in one of these.
    """

    worlds: tuple[frozenset[str], ...]
    exact: bool


def worlds(conditions: Mapping[str, Parsed], scope: Scope = UNTYPED) -> Worlds:
    """The largest sets of `conditions`, by the names of their steps, that can hold together.

    A condition that rests on the result of another step does not hold where that step's own condition does not.
    """
    texts = {parsed.text: parsed for parsed in conditions.values()}
    writings = {text: written(parsed.root) for text, parsed in texts.items()}
    by_writing: dict[str, list[str]] = {}
    for name, parsed in conditions.items():
        by_writing.setdefault(writings[parsed.text], []).append(name)
    names = list(by_writing.values())
    search = _Search([conditions[group[0]] for group in names], scope)
    found = search.largest(range(len(names)), {})
    known = {text: guaranteed(parsed, scope) & conditions.keys() for text, parsed in texts.items()}
    needs = {name: known[parsed.text] for name, parsed in conditions.items()}
    sets = [_supported({name for index in world for name in names[index]}, needs) for world in found]
    return Worlds(tuple(_only_largest(sets)), search.exact)


def _supported(names: set[str], needs: Mapping[str, frozenset[str]]) -> frozenset[str]:
    """The names whose needs are among them, and the needs of those, and so on."""
    users: dict[str, list[str]] = {}
    for name in names:
        for need in needs[name]:
            users.setdefault(need, []).append(name)
    gone = [name for name in names if not needs[name] <= names]
    left = names - set(gone)
    while gone:
        for user in users.get(gone.pop(), ()):
            if user in left:
                left.remove(user)
                gone.append(user)
    return frozenset(left)


def _only_largest(sets: Iterable[frozenset[_T]]) -> list[frozenset[_T]]:
    """Those that no other contains, in their order."""
    different = list(dict.fromkeys(sets))
    return [one for one in different if not any(one < other for other in different)]


class _Search:
    def __init__(self, conditions: list[Parsed], scope: Scope) -> None:
        self.exact = True
        self._system = System(scope)
        formulas = [self._system.add(parsed.root) for parsed in conditions]
        self._goals = [goal(self._system.settled(formula), TRUE) for formula in formulas]
        self._operands = [self._system.operands(one.formula) for one in self._goals]
        self._budget = Budget(_MOST_EVALUATIONS)

    def largest(self, indexes: Iterable[int], given: Mapping[str, Sample]) -> list[_Set]:
        """The largest sets that can hold with the values `given`."""
        certain: list[int] = []
        open_ones: list[int] = []
        for index in indexes:
            self._budget.spend(self._goals[index].cost)
            outcome = evaluate(self._goals[index].formula, given)
            if outcome == TRUE:
                certain.append(index)
            elif outcome & TRUE:
                open_ones.append(index)
        parts = [self._largest_of_part(part, given) for part in self._parts(open_ones, given)]
        return [frozenset(certain).union(*chosen) for chosen in self._combined(parts)]

    def _combined(self, parts: list[list[_Set]]) -> Iterable[tuple[_Set, ...]]:
        """One set of each part, in all ways; where that are too many, all of a part's together."""
        count = 1
        kept: list[list[_Set]] = []
        for part in sorted(parts, key=len):
            count *= len(part)
            self.exact = self.exact and count <= _MOST_WORLDS
            kept.append(part if count <= _MOST_WORLDS else [frozenset().union(*part)])
        return product(*kept)

    def _parts(self, indexes: list[int], given: Mapping[str, Sample]) -> list[list[int]]:
        """Conditions that share operands belong together; parts that share none do not touch each other."""
        users: dict[str, list[int]] = {}
        for index in indexes:
            for key in self._operands[index]:
                if key not in given:
                    users.setdefault(key, []).append(index)
        parts: list[list[int]] = []
        seen: set[int] = set()
        for start in indexes:
            part, pending = [], [start]
            while pending:
                index = pending.pop()
                if index not in seen:
                    seen.add(index)
                    part.append(index)
                    pending += [other for key in self._operands[index] for other in users.pop(key, ())]
            if part:
                parts.append(sorted(part))
        return parts

    def _largest_of_part(self, part: list[int], given: Mapping[str, Sample]) -> list[_Set]:
        together = satisfiable(self._system, [self._goals[index] for index in part], self._budget, given)
        if together is None:
            self.exact = False
        if together is not False:
            return [frozenset(part)]
        if len(part) == 1:
            return [frozenset()]
        operand = self._most_used(part, given)
        found: list[_Set] = []
        for sample in self._system.samples(operand):
            if self._budget.is_spent:
                self.exact = False
                return [frozenset(part)]
            found += self.largest(part, {**given, operand: sample})
        return _only_largest(found)

    def _most_used(self, part: list[int], given: Mapping[str, Sample]) -> str:
        counts: dict[str, int] = {}
        for index in part:
            for key in self._operands[index]:
                if key not in given:
                    counts[key] = counts.get(key, 0) + 1
        return max(counts, key=lambda key: counts[key])
