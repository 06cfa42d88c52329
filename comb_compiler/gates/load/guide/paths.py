"""Which steps a request waits for: the longest path through the graph (Kelley and Walker, 1959), by what steps take."""

from collections.abc import Mapping, Sequence

from comb_compiler.gates.load.guide.model import OperatorSeen, Run, Scene
from comb_compiler.gates.load.guide.queue import SAME, Span
from comb_compiler.release import Graph

__all__ = ["demand", "longest", "on_path", "saved", "shortened", "taken"]


def taken(run: Run) -> dict[str, float]:
    """Seconds of each step, for a request on average: those that are not always called count for less."""
    requests = max(1, len(run.due))
    return {one.step: one.seconds / requests for one in run.operators}


def longest(graph: Graph, took: Mapping[str, float]) -> tuple[float, tuple[str, ...]]:
    """How long the longest path is, and its steps."""
    ends: list[tuple[float, tuple[str, ...]]] = []
    for node in graph.nodes:
        before = max((ends[one] for one in node.after), default=(0.0, ()))
        ends.append((before[0] + took.get(node.name, 0.0), (*before[1], node.name)))
    return ends[graph.answer] if ends else (0.0, ())


def on_path(scene: Scene) -> Sequence[OperatorSeen]:
    """The operators of the longest path, what takes most first."""
    took = taken(scene.run)
    steps = longest(scene.graph, took)[1]
    return sorted(
        (one for one in scene.run.operators if one.step in steps), key=lambda one: took[one.step], reverse=True
    )


def shortened(scene: Scene, one: OperatorSeen, saved: float) -> float:
    """Seconds that a request takes less, if each call of an operator took `saved` less."""
    before = taken(scene.run)
    each = one.calls / max(1, len(scene.run.due))
    after = {**before, one.step: max(0.0, before[one.step] - saved * each)}
    return longest(scene.graph, before)[0] - longest(scene.graph, after)[0]


def saved(scene: Scene, one: OperatorSeen, after: Span) -> tuple[float, float]:
    """At least and at most, if a call of it took what is said; all else of a request may differ a little as well."""
    rest = SAME * max(0.0, scene.run.latency - one.seconds / max(1, len(scene.run.due)))
    least, most = (shortened(scene, one, one.mean - took) for took in (after.upper, after.lower))
    return max(0.0, least - rest), min(most + rest, scene.run.latency) if most > 0 else 0.0


def demand(scene: Scene) -> float:
    """How many cores requests would keep at work if all of them were answered: the utilisation law."""
    run = scene.run
    each = sum((one.computing or 0.0) * one.calls for one in run.operators) / max(1, len(run.due))
    return max(run.cpu or 0.0, each) * run.rate
