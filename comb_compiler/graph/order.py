"""Order and cycles."""

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


def find_cycles(graph: OperatorGraph) -> list[Diagnostic]:
    """One finding for each cycle that a depth-first walk closes, shown as its whole path."""
    done: set[str] = set()
    found: list[Diagnostic] = []
    for root in graph.steps:
        if root not in done:
            _walk(graph, root, done, found)
    return found


def _walk(graph: OperatorGraph, root: str, done: set[str], found: list[Diagnostic]) -> None:
    path = [root]
    on_path = {root: 0}
    pending = [list(reversed(graph.sources(root)))]
    while path:
        if not pending[-1]:
            pending.pop()
            name = path.pop()
            del on_path[name]
            done.add(name)
            continue
        source = pending[-1].pop()
        if source in on_path:
            found.append(_explain(graph, path[on_path[source] :]))
        elif source not in done:
            on_path[source] = len(path)
            path.append(source)
            pending.append(list(reversed(graph.sources(source))))


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
