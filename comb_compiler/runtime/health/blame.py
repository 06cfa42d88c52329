"""Which nodes a golden sample that is not right points at, and how sure that is."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from comb_compiler.release import Graph
from comb_compiler.runtime.codes import Code
from comb_compiler.runtime.health.fingerprints import difference
from comb_compiler.runtime.health.goldens import Outcome
from comb_compiler.runtime.health.subjects import ArmGraph

__all__ = ["Blame", "blame"]


class Blame(NamedTuple):
    """Nodes by name, and how they came to be suspected. `is_sure` says that it was seen, not inferred from the path."""

    nodes: tuple[str, ...]
    why: str
    is_sure: bool


def blame(outcome: Outcome, arm: ArmGraph, recorded: Mapping[str, Any] | None, right_in: Sequence[ArmGraph]) -> Blame:
    """Whom an outcome that is not right points at. The first of these that says anything:

    1. nodes that failed or were late;
    2. nodes whose answers differ from the `recorded` ones, though what they got does not;
    3. nodes on the way to the answer that another arm, which answers it right (`right_in`), does not have;
    4. every node on the way to the answer.
    """
    if outcome.failures:
        failed = [f"`{name}` {_ended(code)}" for name, code in outcome.failures.items()]
        return Blame(tuple(outcome.failures), " and ".join(failed), True)
    if not outcome.answers:
        return Blame((), "", False)
    if recorded is not None:
        places = {name: difference(recorded[name], seen) for name, seen in outcome.answers.items() if name in recorded}
        first = _first_to_differ(arm.graph, {name: place for name, place in places.items() if place is not None})
        if first:
            told = [f"`{name}`{f' (in `{place}`)' if place else ''}" for name, place in first.items()]
            verb = "is the first whose answer differs" if len(told) == 1 else "are the first whose answers differ"
            return Blame(tuple(first), f"{' and '.join(told)} {verb} from what is recorded", True)
    return _by_path(outcome, arm, right_in)


def _ended(code: int) -> str:
    return "was late" if code == Code.DEADLINE_EXCEEDED else f"failed with {Code(code).name}"


def _first_to_differ(graph: Graph, places: Mapping[str, str]) -> dict[str, str]:
    """Of the nodes that differ, those that nothing that differs flows into."""
    names = [node.name for node in graph.nodes]
    found = {}
    for node in graph.nodes:
        if node.name in places and not any(names[source] in places for source in node.after):
            found[node.name] = places[node.name]
    return found


def _by_path(outcome: Outcome, arm: ArmGraph, right_in: Sequence[ArmGraph]) -> Blame:
    path = [name for name in _on_the_way(arm.graph) if name in outcome.answers]
    for other in right_in:
        shared = {node.binding for node in other.graph.nodes}
        own = [node.name for node in arm.graph.nodes if node.name in path and node.binding not in shared]
        if own:
            return Blame(tuple(own), f"arm `{other.name}` answers it right, and differs in {_listed(own)}", True)
    why = f"no intermediate answers are recorded to compare with, so any of {_listed(path)} may be to blame"
    return Blame(tuple(path), why if len(path) != 1 else f"{_listed(path)} alone makes the answer", len(path) == 1)


def _on_the_way(graph: Graph) -> list[str]:
    """The nodes that the answer depends on, in their order."""
    wanted, todo = {graph.answer}, [graph.answer]
    while todo:
        for source in graph.nodes[todo.pop()].after:
            if source not in wanted:
                wanted.add(source)
                todo.append(source)
    return [graph.nodes[index].name for index in sorted(wanted)]


def _listed(names: Iterable[str]) -> str:
    quoted = [f"`{name}`" for name in names]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} and {quoted[-1]}"
