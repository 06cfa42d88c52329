"""`View` → `Picture`: everything that is told of a graph, before any form."""

from collections.abc import Iterator, Set
from itertools import pairwise

from comb_compiler.graph.analyses.timing import critical_path
from comb_compiler.graph.drawing.cycles import cyclic_groups
from comb_compiler.graph.drawing.model import ANSWER, Arrow, Box, Kind, Picture, TimedPath
from comb_compiler.graph.model import REQUEST, Step
from comb_compiler.graph.view import View

__all__ = ["read_picture"]


def read_picture(view: View, title: str) -> Picture:
    """The picture of one variant of a comb, also of one that has errors: what can be read of it is there."""
    arrows = tuple(_arrows(view))
    path = _path(view)
    marked = _marked(view, path)
    groups = _groups(view)
    arrows = tuple(
        arrow._replace(
            is_critical=(arrow.source, arrow.target) in marked,
            is_cyclic=arrow.source in groups and groups[arrow.source] == groups.get(arrow.target),
        )
        for arrow in arrows
    )
    boxes = {box.name: box for box in _boxes(view, arrows, path, groups.keys())}
    return Picture(title, boxes, arrows, path)


def _boxes(view: View, arrows: tuple[Arrow, ...], path: TimedPath | None, cyclic: Set[str]) -> Iterator[Box]:
    types = view.types
    yield Box(REQUEST, Kind.REQUEST, type=types[REQUEST].name if REQUEST in types else "")
    critical = path.steps if path is not None else ()
    for step in view.graph.steps.values():
        yield _box(view, step)._replace(
            is_critical=step.name in critical,
            is_cyclic=step.name in cyclic,
            is_unused=step.name not in view.needed,
            is_own_source=step.name in step.waits_for,
        )
    named = dict.fromkeys(arrow.source for arrow in arrows)
    yield from (Box(name, Kind.UNKNOWN) for name in named if name != REQUEST and name not in view.graph.steps)
    if view.graph.answer is not None:
        yield Box(ANSWER, Kind.ANSWER, type=types[view.graph.answer].name if view.graph.answer in types else "")


def _box(view: View, step: Step) -> Box:
    operator = view.operator(step)
    model = operator.model if operator is not None else None
    return Box(
        step.name,
        operator=step.operator,
        model=f"{model[0]}@{model[1]}" if model is not None else "",
        timeout=view.timeout(step),
        type=view.types[step.name].name if step.name in view.types else "",
        when=step.condition.parsed.text if step.condition is not None else "",
        is_optional=step.optional,
    )


def _arrows(view: View) -> Iterator[Arrow]:
    for step in view.graph.steps.values():
        for edge in step.inputs:
            message = view.type_of(edge.source)
            type_name = message.name if message is not None else ""
            yield Arrow(edge.source.step, step.name, edge.port, edge.source.fields, type_name)
        for used in step.condition.uses if step.condition is not None else ():
            yield Arrow(used, step.name, is_condition=True)
    answer = view.graph.answer
    if answer is not None:
        yield Arrow(answer, ANSWER, type=view.types[answer].name if answer in view.types else "")


def _path(view: View) -> TimedPath | None:
    """The critical path, where there is one that a timeout bounds."""
    if len(view.order) < len(view.graph.steps):
        return None
    found = critical_path(view)
    steps = {name: view.timeout(view.graph.steps[name]) for name in found.steps} if found.bound else {}
    return TimedPath(steps, found.bound, view.comb.sla.deadline, found.unbounded, found.exact)


def _marked(view: View, path: TimedPath | None) -> Set[tuple[str, str]]:
    """The pairs of boxes between which the critical path runs."""
    if path is None or not path.steps:
        return frozenset()
    last = [ANSWER] if view.graph.answer in path.steps else []
    return frozenset(pairwise([REQUEST, *path.steps, *last]))


def _groups(view: View) -> dict[str, int]:
    """The steps that wait for themselves, by the cycles that they are in."""
    sources = {name: view.graph.sources(name) for name in view.graph.steps}
    return {name: number for number, group in enumerate(cyclic_groups(sources)) for name in group}
