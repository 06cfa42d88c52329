"""Values that flow down a graph: each step's rests on those of the steps that it waits for.

A variant's are its base's, but for the steps that it touches and for what lies below them as far as values differ.
"""

from collections.abc import Callable, Mapping
from heapq import heapify, heappop, heappush
from typing import Generic, NamedTuple, TypeVar

from comb_compiler.graph.changes import Changes
from comb_compiler.graph.model import Step
from comb_compiler.graph.view import View

__all__ = ["Flow", "flow"]

V = TypeVar("V")


class Flow(NamedTuple, Generic[V]):
    """The values by step, and the steps that were visited to have them, in order; what a cycle holds up is left out."""

    values: Mapping[str, V]
    visited: tuple[str, ...]


def flow(view: View, of_step: Callable[[View, Step, Mapping[str, V]], V], *, is_new: bool = False) -> Flow[V]:
    """What `of_step` makes of each step and of the values before it; worked out once for a view.

    `is_new`: it rests on something that is not the base's either, so that nothing can be taken from there.
    """
    found: Flow[V] | None = view.flows.get(of_step)
    if found is None:
        found = _whole(view, of_step) if view.changes is None or is_new else _changed(view, view.changes, of_step)
        view.flows[of_step] = found
    return found


def _whole(view: View, of_step: Callable[[View, Step, Mapping[str, V]], V]) -> Flow[V]:
    values: dict[str, V] = {}
    for name in view.order:
        values[name] = of_step(view, view.graph.steps[name], values)
    return Flow(values, view.order)


def _changed(view: View, changes: Changes, of_step: Callable[[View, Step, Mapping[str, V]], V]) -> Flow[V]:
    known = flow(changes.base, of_step).values
    values = {name: known[name] for name in view.order if name in known}
    position, touched = view.position, frozenset(changes.touched)
    queued = {name for name in changes.retimed if name in position}
    ready = [position[name] for name in queued]
    heapify(ready)
    visited: list[str] = []
    while ready:
        name = view.order[heappop(ready)]
        visited.append(name)
        step = view.graph.steps[name]
        value = of_step(view, step, values)
        # What a touched condition says may be other for those below although it is written alike.
        is_other = name not in known or known[name] != value or (step.condition is not None and name in touched)
        values[name] = value
        for reader in changes.base.readers.get(name, ()) if is_other else ():
            if reader in position and reader not in queued:
                queued.add(reader)
                heappush(ready, position[reader])
    return Flow(values, tuple(visited))
