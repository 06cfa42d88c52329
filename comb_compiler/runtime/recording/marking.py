"""Rules that mark requests which were answered, and perhaps wrongly: evaluated off the request's way."""

import logging
from collections.abc import Mapping, Sequence
from time import thread_time
from typing import Any, NamedTuple

from comb_compiler.release import REQUEST, ExecutionPlan, Graph, Rule
from comb_compiler.runtime.codes import OperatorError
from comb_compiler.runtime.conditions import BadCondition, Holds, compile_condition
from comb_compiler.runtime.engine.program import CannotRun
from comb_compiler.runtime.messages import Messages

__all__ = ["Marking"]

_log = logging.getLogger("comb.recording")
_SLOW = 0.05
"""Seconds of CPU time: a rule that takes longer once is switched off, since it holds the interpreter meanwhile."""
_MOST_FAILURES = 10
_REQUEST = "request"


class _Compiled(NamedTuple):
    rule: Rule
    holds: Holds
    places: tuple[int, ...]


class Marking:
    """The rules of a plan. Raises CannotRun for one that cannot be compiled.

    A rule says nothing of a request in which what it names gave nothing. One that is slow, or fails ten times one after
    the other, is switched off until the process ends; `off` says why, and `failures` counts.
    """

    def __init__(self, plan: ExecutionPlan, messages: Messages) -> None:
        self.failures: dict[str, int] = {rule.name: 0 for rule in plan.recording.marks}
        self.off: dict[str, str] = {}
        self.spent = 0.0
        """Seconds of CPU time."""
        self._in_a_row: dict[str, int] = dict(self.failures)
        self._of_graph = tuple(_compiled(plan, graph, messages) for graph in plan.graphs)

    def __call__(self, graph: int, values: Sequence[Any]) -> list[Rule]:
        """The rules that hold for what the nodes of a graph gave; the request comes last."""
        held = []
        for one in self._of_graph[graph]:
            name = one.rule.name
            if name in self.off or any(values[place] is None for place in one.places):
                continue
            began = thread_time()
            try:
                if one.holds(values):  # type: ignore[arg-type]
                    held.append(one.rule)
                self._in_a_row[name] = 0
            except OperatorError as error:
                self._failed(name, error.message)
            except Exception as error:
                self._failed(name, type(error).__name__)
            took = thread_time() - began
            self.spent += took
            if took > _SLOW:
                self._switch_off(name, f"it took {took * 1000:.0f} ms")
        return held

    def _failed(self, name: str, why: str) -> None:
        self.failures[name] += 1
        self._in_a_row[name] += 1
        if self._in_a_row[name] >= _MOST_FAILURES:
            self._switch_off(name, f"it failed {_MOST_FAILURES} times, the last time since {why}")

    def _switch_off(self, name: str, why: str) -> None:
        self.off[name] = why
        _log.error("the rule `%s` is switched off: %s", name, why)


def _compiled(plan: ExecutionPlan, graph: Graph, messages: Messages) -> tuple[_Compiled, ...]:
    places = {node.name: place for place, node in enumerate(graph.nodes)}
    types = {node.name: plan.bindings[node.binding].out for node in graph.nodes}
    places[_REQUEST], types[_REQUEST] = REQUEST, plan.method.input
    found = (_one(rule, places, types, messages) for rule in plan.recording.marks)
    return tuple(one for one in found if one is not None)


def _one(rule: Rule, places: Mapping[str, int], types: Mapping[str, str], messages: Messages) -> _Compiled | None:
    """None where the graph lacks a node that the rule names."""
    if not places.keys() >= set(rule.nodes):
        return None
    named = (_REQUEST, *rule.nodes)
    its = {name: places[name] for name in named}
    try:
        holds = compile_condition(rule.expression, its, {name: types[name] for name in named}, messages)
    except BadCondition as error:
        raise CannotRun(f"the rule `{rule.name}`: {error}") from error
    return _Compiled(rule, holds, tuple(places[name] for name in rule.nodes))
