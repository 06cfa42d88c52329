"""What health is said of: each model version with its parameters, as an operator has it in one arm."""

import hashlib
import json
from typing import NamedTuple

from comb_compiler.release import Binding, ExecutionPlan, Graph, Model

__all__ = ["ArmGraph", "Subject", "arms_of", "params_digest", "subjects_of"]


class ArmGraph(NamedTuple):
    """An arm (`name` is empty where there is no experiment) and the graph that its users get."""

    name: str
    graph: Graph


class Subject(NamedTuple):
    """An operator with its model version and parameters in an arm, and the nodes that call it.

    `model` and `version` are empty for an operator without a model: its code is then all that there is. `binding` is an
    index of the plan; `sources` are the nodes that its answers depend on directly, REQUEST for the request.
    """

    arm: str
    operator: str
    model: str
    version: str
    params: str
    binding: int
    nodes: tuple[int, ...]
    sources: tuple[int, ...]

    @property
    def title(self) -> str:
        """Its name in a sentence."""
        return f"`{self.operator}`" + (f" ({self.model}@{self.version})" if self.model else "")


def arms_of(plan: ExecutionPlan) -> tuple[ArmGraph, ...]:
    """The plan's arms in their order; one without a name where there is no experiment."""
    if plan.experiment is None:
        return (ArmGraph("", plan.graphs[0]),)
    return tuple(ArmGraph(arm.name, plan.graphs[arm.graph]) for arm in plan.experiment.arms)


def subjects_of(plan: ExecutionPlan) -> tuple[Subject, ...]:
    """Every subject of a plan: by arm, and in the order in which their nodes can run."""
    return tuple(subject for arm in arms_of(plan) for subject in _of_arm(plan, arm))


def _of_arm(plan: ExecutionPlan, arm: ArmGraph) -> list[Subject]:
    found = []
    for binding in dict.fromkeys(node.binding for node in arm.graph.nodes):
        nodes = tuple(index for index, node in enumerate(arm.graph.nodes) if node.binding == binding)
        sources = {one.source for index in nodes for one in arm.graph.nodes[index].inputs}
        found.append(_subject(arm.name, binding, plan.bindings[binding], nodes, tuple(sorted(sources))))
    return found


def _subject(arm: str, index: int, binding: Binding, nodes: tuple[int, ...], sources: tuple[int, ...]) -> Subject:
    model = binding.model
    if model is None:
        return Subject(arm, binding.operator, "", "", "", index, nodes, sources)
    return Subject(arm, binding.operator, model.name, model.version, params_digest(model), index, nodes, sources)


def params_digest(model: Model) -> str:
    """Twelve hexadecimal digits that stand for the parameters of a model version, whatever their order."""
    text = json.dumps(dict(model.params), sort_keys=True, default=str)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]
