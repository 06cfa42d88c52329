"""What the gates prove: the part of a comb that its behaviour depends on, the same in every environment.

It is taken from the execution plan: the method and its types, and of one graph what its nodes do with what they are
given. What an environment may change is left out: timeouts, batches and workers of operators, the deadline, the
experiment, what is recorded, and how operators are parted into processes. So is all that only names or orders things:
the numbers of nodes and bindings, and where the bytes of a pinned model lie.
"""

import json
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

from comb_compiler.release.execution import REQUEST, Binding, Condition, ExecutionPlan, Graph, Input, Node
from comb_compiler.release.records import record_data

__all__ = ["subject_digest", "subjects_of"]


def subjects_of(plan: ExecutionPlan, code: str) -> tuple[str, dict[str, str]]:
    """The subject of the comb as written, and those of its arms by name."""
    operators = [_operator(binding) for binding in plan.bindings]
    digests = [_digest(plan, graph, operators, code) for graph in plan.graphs]
    arms = plan.experiment.arms if plan.experiment is not None else ()
    return digests[0], {arm.name: digests[arm.graph] for arm in arms}


def subject_digest(plan: ExecutionPlan, graph: Graph, code: str) -> str:
    """The SHA-256 of the subject that `graph` is, one of the plan's. `code` is the digest of the operators' code."""
    operators = {node.binding: _operator(plan.bindings[node.binding]) for node in graph.nodes}
    return _digest(plan, graph, operators, code)


def _digest(plan: ExecutionPlan, graph: Graph, operators: Mapping[int, Any] | Sequence[Any], code: str) -> str:
    """`operators` are what the bindings of the graph's nodes are, by their indexes."""
    subject = {
        "method": record_data(plan.method),
        "descriptors": sha256(plan.descriptors).hexdigest(),
        "graph": _graph(graph, plan),
        "operators": {plan.bindings[node.binding].operator: operators[node.binding] for node in graph.nodes},
        "code": code,
    }
    text = json.dumps(subject, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return sha256(text.encode()).hexdigest()


def _graph(graph: Graph, plan: ExecutionPlan) -> dict[str, Any]:
    names = {REQUEST: "", **{number: node.name for number, node in enumerate(graph.nodes)}}
    nodes = {node.name: _node(node, names, plan.bindings[node.binding].operator) for node in graph.nodes}
    return {"nodes": nodes, "answer": names[graph.answer], "convert": graph.convert}


def _node(node: Node, names: Mapping[int, str], operator: str) -> dict[str, Any]:
    return {
        "operator": operator,
        "inputs": {one.port: _input(one, names) for one in node.inputs},
        "after": sorted(names[number] for number in node.after),
        "when": _condition(node.when, names) if node.when is not None else None,
        "optional": node.optional,
        "timeout": node.timeout,
    }


def _input(given: Input, names: Mapping[int, str]) -> dict[str, Any]:
    return {"source": names[given.source], "fields": list(given.fields), "convert": given.convert}


def _condition(condition: Condition, names: Mapping[int, str]) -> dict[str, Any]:
    variables = {name: names[number] for name, number in condition.variables.items()}
    return {"expression": condition.expression, "variables": variables}


def _operator(binding: Binding) -> dict[str, Any]:
    """What an operator is, without what an environment may change. Ports are by name: their order means nothing."""
    kept: dict[str, Any] = record_data(binding._replace(name="", timeout=None, batch=None, workers=None, ports=()))
    kept["ports"] = {port.name: record_data(port) for port in binding.ports}
    if binding.model is not None and binding.model.sha256:
        del kept["model"]["artifact"]
    return kept
