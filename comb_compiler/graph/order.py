"""Order and cycles."""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence

from comb_compiler.diagnostics import Diagnostic, Label, codes
from comb_compiler.diagnostics.model import diagnose
from comb_compiler.graph.model import OperatorGraph

__all__ = ["execution_levels", "execution_order", "find_cycles"]


def execution_order(graph: OperatorGraph) -> tuple[str, ...]:
    """Each step after those that it waits for; what a cycle holds up is left out."""
    return tuple(name for level in execution_levels(graph) for name in level)


def execution_levels(graph: OperatorGraph) -> tuple[tuple[str, ...], ...]:
    """Steps by depth (Kahn's algorithm): those of one level run at the same time. What a cycle holds up is left out."""
    sources = {name: graph.sources(name) for name in graph.steps}
    waiting = {name: len(found) for name, found in sources.items()}
    followers: dict[str, list[str]] = {name: [] for name in graph.steps}
    for name, found in sources.items():
        for source in found:
            followers[source].append(name)
    levels: list[tuple[str, ...]] = []
    ready = [name for name, count in waiting.items() if count == 0]
    while ready:
        levels.append(tuple(ready))
        following: list[str] = []
        for name in ready:
            for follower in followers[name]:
                waiting[follower] -= 1
                if waiting[follower] == 0:
                    following.append(follower)
        ready = following
    return tuple(levels)


def find_cycles(graph: OperatorGraph) -> Iterator[Diagnostic]:
    """Cycles, each with its whole path: for each edge that closes one on a depth-first walk, the shortest over it."""
    sources = {name: graph.sources(name) for name in graph.steps}
    told: set[tuple[str, ...]] = set()
    for name, source in _closing(sources):
        cycle = _way(sources, source, name)
        first = cycle.index(min(cycle))
        ring = (*cycle[first:], *cycle[:first])
        if ring not in told:
            told.add(ring)
            yield _explain(graph, cycle)


def _closing(sources: Mapping[str, Sequence[str]]) -> Iterator[tuple[str, str]]:
    """The edges of a depth-first walk that lead back to where it is, each as a step and what that waits for."""
    done: set[str] = set()
    for root in sources:
        path = [] if root in done else [root]
        on_path = set(path)
        pending = [iter(sources[name]) for name in path]
        while path:
            source = next(pending[-1], None)
            if source is None:
                pending.pop()
                on_path.remove(path[-1])
                done.add(path.pop())
            elif source in on_path:
                yield path[-1], source
            elif source not in done:
                path.append(source)
                on_path.add(source)
                pending.append(iter(sources[source]))


def _way(sources: Mapping[str, Sequence[str]], start: str, end: str) -> list[str]:
    """The shortest way from a step to one that it rests on, both included; there must be one."""
    after: dict[str, str] = {start: ""}
    reached = deque((start,))
    while end not in after:
        name = reached.popleft()
        for source in sources[name]:
            if source not in after:
                after[source] = name
                reached.append(source)
    way = [end]
    while way[-1] != start:
        way.append(after[way[-1]])
    return way[::-1]


def _explain(graph: OperatorGraph, cycle: list[str]) -> Diagnostic:
    """`cycle` lists steps each of which waits for the next, and the last for the first."""
    edges = []
    for name, source in zip(cycle, [*cycle[1:], cycle[0]], strict=True):
        edges.append(Label(graph.steps[name].waits_for[source], f"`{name}` waits for `{source}`"))
    shown = " → ".join([*cycle, cycle[0]])
    return diagnose(
        codes.CYCLIC_GRAPH,
        f"these steps wait for each other: {shown}" if len(cycle) > 1 else f"the step `{cycle[0]}` waits for itself",
        edges[0].span,
        label=edges[0].text,
        related=tuple(edges[1:]),
        path=f"graph.{cycle[0]}",
        hints=("take one of these inputs away: a step can only use what is ready before it",),
    )
