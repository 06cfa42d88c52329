"""Plans in a few words: operators are functions or classes of tests, nodes are `name: (operator, ports)`."""

from collections.abc import Mapping, Sequence
from typing import Any

from comb_compiler.release import (
    REQUEST,
    Binding,
    Condition,
    ExecutionPlan,
    Graph,
    Input,
    Method,
    Node,
    Port,
    Process,
)
from comb_compiler.runtime.declaration import load_entry
from tests.runtime.post.post_pb2 import DESCRIPTORS

__all__ = ["OPERATORS", "chain", "fan", "node", "plan", "when"]

OPERATORS = "tests.runtime.operators"


def plan(nodes: Mapping[str, tuple[str, Mapping[str, str]]], answer: str, **more: Any) -> ExecutionPlan:
    """A plan of one graph. A port's source is a node, `request`, or `request.field`.

    `bindings` has fields of bindings by operator, `nodes` fields of nodes by name; the rest is the plan's own.
    """
    of_binding: Mapping[str, Mapping[str, Any]] = more.pop("bindings", {})
    of_node: Mapping[str, Mapping[str, Any]] = more.pop("of_nodes", {})
    operators = list(dict.fromkeys(operator for operator, _ in nodes.values()))
    names = list(nodes)
    bindings = tuple(_binding(operator, of_binding.get(operator, {})) for operator in operators)
    made = tuple(
        node(name, operators.index(operator), ports, names, **of_node.get(name, {}))
        for name, (operator, ports) in nodes.items()
    )
    method = Method("post.v1.Post", "Send", "post.v1.Request", bindings[made[names.index(answer)].binding].out)
    return ExecutionPlan(
        comb="post",
        method=method,
        graphs=(Graph(made, names.index(answer)),),
        bindings=bindings,
        descriptors=DESCRIPTORS,
        processes=(Process("main", tuple(range(len(bindings)))),),
        **more,
    )


def _binding(operator: str, more: Mapping[str, Any]) -> Binding:
    entry = operator if ":" in operator else f"{OPERATORS}:{operator}"
    declaration = load_entry(entry)
    ports = tuple(Port(port.name, port.full_name, port.optional) for port in declaration.ports)
    return Binding(
        **{
            "name": operator,
            "operator": operator,
            "ports": ports,
            "out": declaration.out.full_name,
            "run": entry,
            **more,
        }
    )


def node(name: str, binding: int, ports: Mapping[str, str], names: Sequence[str], **more: Any) -> Node:
    """A node whose ports flow from earlier ones."""
    inputs = []
    for port, text in ports.items():
        source, *fields = text.split(".")
        inputs.append(Input(port, REQUEST if source == "request" else names.index(source), tuple(fields)))
    when: Condition | None = more.get("when")
    after = {one.source for one in inputs} | (set(when.variables.values()) if when else set())
    return Node(name, binding, tuple(inputs), tuple(sorted(after - {REQUEST})), **more)


def when(expression: str, **variables: int) -> Condition:
    """A condition; `request` is always a variable."""
    return Condition(expression, {"request": REQUEST, **variables})


def chain(operator: str, length: int, **more: Any) -> ExecutionPlan:
    """`length` calls of an operator with the port `letter`, one after the other."""
    sources = ["request.letter", *(f"n{index}" for index in range(length - 1))]
    nodes = {f"n{index}": (operator, {"letter": source}) for index, source in enumerate(sources)}
    return plan(nodes, f"n{length - 1}", **more)


def fan(operator: str, width: int, gather: str, **more: Any) -> ExecutionPlan:
    """`width` calls of an operator side by side, whose answers are the ports `a0`, `a1`… of `gather`."""
    nodes = {f"n{index}": (operator, {"letter": "request.letter"}) for index in range(width)}
    return plan({**nodes, "all": (gather, {f"a{index}": f"n{index}" for index in range(width)})}, "all", **more)
