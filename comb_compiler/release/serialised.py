"""ExecutionPlan ↔ its file: JSON, versioned, the same bytes for the same plan.

`schemas/execution-plan.v1.schema.json` says the form to other tools.
"""

from typing import NamedTuple

from comb_compiler.release.execution import ExecutionPlan
from comb_compiler.release.records import BadRecord, record_bytes, record_from

__all__ = ["BadPlan", "parse_plan", "plan_bytes"]

VERSION = 1


class BadPlan(Exception):
    """The bytes are no ExecutionPlan that this Comb runs; the message says why and where."""


def plan_bytes(plan: ExecutionPlan) -> bytes:
    """The plan's file. Fields that have their default are left out."""
    return record_bytes(plan, VERSION)


def parse_plan(content: bytes) -> ExecutionPlan:
    """A plan from its file. Raises BadPlan for anything else, also for a plan whose indexes lead nowhere."""
    try:
        plan: ExecutionPlan = record_from(ExecutionPlan, content, VERSION, "a plan")
    except BadRecord as problem:
        raise BadPlan(str(problem)) from problem
    _must_hang_together(plan)
    return plan


def _must(holds: bool, path: str, wanted: str) -> None:
    if not holds:
        raise BadPlan(f"`{path}` must be {wanted}")


class _Index(NamedTuple):
    """A reference by number: where it stands, what it is, and how many there are to choose from."""

    path: str
    value: int
    choices: int


def _must_hang_together(plan: ExecutionPlan) -> None:
    _must(bool(plan.graphs), "graphs", "at least one graph")
    _must(bool(plan.processes), "processes", "at least one process")
    for index in _indexes(plan):
        _must(0 <= index.value < index.choices, index.path, f"from 0 to {index.choices - 1}")
    for number, graph in enumerate(plan.graphs):
        for place, node in enumerate(graph.nodes):
            for source in (*node.after, *(one.source for one in node.inputs)):
                _must(source < place, f"graphs[{number}].nodes[{place}]", "after the nodes that it waits for")
    hosted = sorted(one for process in plan.processes for one in process.bindings)
    _must(hosted == list(range(len(plan.bindings))), "processes", "such that each binding is in exactly one")


def _indexes(plan: ExecutionPlan) -> list[_Index]:
    found: list[_Index] = []
    for number, graph in enumerate(plan.graphs):
        at, count = f"graphs[{number}]", len(graph.nodes)
        found.append(_Index(f"{at}.answer", graph.answer, count))
        for place, node in enumerate(graph.nodes):
            here = f"{at}.nodes[{place}]"
            found.append(_Index(f"{here}.binding", node.binding, len(plan.bindings)))
            found += [_Index(f"{here}.after", one, count) for one in node.after]
            found += [_Index(f"{here}.inputs", one.source + 1, count + 1) for one in node.inputs]
            if node.when is not None:
                found += [_Index(f"{here}.when", one + 1, count + 1) for one in node.when.variables.values()]
    if plan.experiment is not None:
        found += [_Index("experiment.arms", arm.graph, len(plan.graphs)) for arm in plan.experiment.arms]
    for process in plan.processes:
        found += [_Index("processes", one, len(plan.bindings)) for one in process.bindings]
    return found
