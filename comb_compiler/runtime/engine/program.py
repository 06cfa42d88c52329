"""A graph of the plan, compiled: steps with closures, and the lists that each request starts from."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from google.protobuf.json_format import ParseDict, ParseError

from comb_compiler.release import REQUEST, Binding, ExecutionPlan, Graph, Input, Node
from comb_compiler.runtime.conditions import BadCondition, Holds, compile_condition
from comb_compiler.runtime.engine.hosts import Callee
from comb_compiler.runtime.engine.inputs import Gather, gatherer, reader
from comb_compiler.runtime.engine.observation import NOT_RUN
from comb_compiler.runtime.instance import unpacked
from comb_compiler.runtime.messages import Messages, reread

__all__ = ["CannotRun", "Program", "Step", "compile_graph"]


class CannotRun(Exception):
    """The plan cannot be run as it is; the message says why."""


class Step:
    """A node, compiled. `after` is how many nodes it waits for, `successors` are the nodes that wait for it."""

    __slots__ = (
        *(
            "after",
            "answer",
            "check",
            "coroutine",
            "fallback",
            "gather",
            "index",
            "inline",
            "is_plain",
            "name",
            "native",
        ),
        *("operator", "optional", "retries", "stuck", "successors", "timeout"),
    )

    def __init__(self, index: int, node: Node, binding: Binding, callee: Callee, native: type) -> None:
        self.index = index
        self.name = node.name
        self.operator = binding.operator
        self.native = native
        self.check = callee.check
        self.inline = callee.inline if not binding.retries else None
        self.coroutine = callee.coroutine or (_async(callee.inline) if callee.inline and binding.retries else None)
        self.answer = callee.answer
        self.is_plain = callee.coroutine is not None and not binding.retries
        self.retries = binding.retries
        self.timeout = binding.timeout if node.timeout is None else node.timeout
        self.optional = node.optional
        self.after = len(node.after)
        self.successors: tuple[int, ...] = ()
        self.stuck = 0
        self.fallback: Callable[[], Any] | None = None
        self.gather: Gather = list


class Program(NamedTuple):
    """A graph, compiled. `blank`, `waits`, `codes` and `zeros` are what a request's own lists are copied from."""

    steps: tuple[Step, ...]
    names: tuple[str, ...]
    first: tuple[int, ...]
    answer: int
    finish: Callable[[Any], Any] | None
    blank: list[Any]
    waits: list[int]
    codes: list[int]
    zeros: list[float]


def compile_graph(plan: ExecutionPlan, graph: Graph, callees: Sequence[Callee], messages: Messages) -> Program:
    """Compile one graph of a plan for the callees of its bindings. Raises CannotRun."""
    steps = tuple(_step(plan, graph, index, callees, messages) for index in range(len(graph.nodes)))
    waiting: list[list[int]] = [[] for _ in steps]
    for index, node in enumerate(graph.nodes):
        for source in set(node.after):
            waiting[source].append(index)
    for step, successors in zip(steps, waiting, strict=True):
        step.successors = tuple(successors)
        step.after = len(set(graph.nodes[step.index].after))
    count = len(steps)
    return Program(
        steps=steps,
        names=tuple(step.name for step in steps),
        first=tuple(step.index for step in steps if not step.after),
        answer=graph.answer,
        finish=_finish(plan, graph, callees, messages),
        blank=[None] * count,
        waits=[step.after for step in steps],
        codes=[NOT_RUN] * count,
        zeros=[0.0] * count,
    )


def _step(plan: ExecutionPlan, graph: Graph, index: int, callees: Sequence[Callee], messages: Messages) -> Step:
    node = graph.nodes[index]
    binding = plan.bindings[node.binding]
    callee = callees[node.binding]
    step = Step(index, node, binding, callee, messages[binding.out])
    step.fallback = _fallback(binding, messages)
    step.gather = _gather(plan, graph, node, callees, messages)
    return step


def _gather(plan: ExecutionPlan, graph: Graph, node: Node, callees: Sequence[Callee], messages: Messages) -> Gather:
    binding, callee = plan.bindings[node.binding], callees[node.binding]
    inputs: Mapping[str, Input] = {one.port: one for one in node.inputs}
    ports = {port.name: port for port in binding.ports}
    _must_fit(node, callee, ports.keys(), inputs.keys())
    reads = []
    for name in callee.ports:
        source, port = inputs.get(name), ports.get(name)
        read = None
        if source is not None and port is not None:
            parcel = _may_be_parcel(graph, callees, source.source) and name not in callee.parcels
            read = reader(source, messages[port.type], optional=port.optional, parcel=parcel)
        reads.append((name, read, port is None or port.optional))
    gather = gatherer(reads)
    return gather if node.when is None else _conditional(_condition(plan, graph, node, messages), gather)


def _must_fit(node: Node, callee: Callee, ports: Any, inputs: Any) -> None:
    if not inputs <= ports or not ports <= set(callee.ports):
        raise CannotRun(f"`{node.name}`: the plan has the ports {', '.join(ports)}, the code {', '.join(callee.ports)}")


def _may_be_parcel(graph: Graph, callees: Sequence[Callee], source: int) -> bool:
    return source != REQUEST and callees[graph.nodes[source].binding].gives_parcel


def _conditional(holds: Holds, gather: Gather) -> Gather:
    return lambda values: gather(values) if holds(values) else None


def _condition(plan: ExecutionPlan, graph: Graph, node: Node, messages: Messages) -> Holds:
    assert node.when is not None
    places = node.when.variables
    types = {name: _type_of(plan, graph, place) for name, place in places.items()}
    try:
        return compile_condition(node.when.expression, places, types, messages)
    except BadCondition as error:
        raise CannotRun(f"`{node.name}`: {error}") from error


def _type_of(plan: ExecutionPlan, graph: Graph, place: int) -> str:
    return plan.method.input if place == REQUEST else plan.bindings[graph.nodes[place].binding].out


def _fallback(binding: Binding, messages: Messages) -> Callable[[], Any] | None:
    """A function that makes the fallback anew, since who gets a message may keep it."""
    if binding.fallback is None:
        return None
    kind = messages[binding.out]
    try:
        content = ParseDict(dict(binding.fallback), kind()).SerializeToString()
    except ParseError as error:
        raise CannotRun(f"the fallback of `{binding.name}` is no {binding.out}: {error}") from error
    return lambda: kind.FromString(content)


def _finish(
    plan: ExecutionPlan, graph: Graph, callees: Sequence[Callee], messages: Messages
) -> Callable[[Any], Any] | None:
    """What is still to be done to the answer; None for nothing."""
    again = reread(messages[plan.method.output]) if graph.convert else None
    if not _may_be_parcel(graph, callees, graph.answer):
        return again
    return unpacked if again is None else lambda value: again(unpacked(value))


def _async(function: Callable[..., Any]) -> Callable[..., Any]:
    async def coroutine(*arguments: Any) -> Any:
        return function(*arguments)

    return coroutine
