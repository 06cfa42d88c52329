"""A proven graph → `ExecutionPlan`: what the engine runs, with nothing left to look up."""

from collections.abc import Iterable, Mapping

from comb_compiler.graph.analyses.recording import steps_of_rule
from comb_compiler.graph.model import REQUEST, Edge, Step
from comb_compiler.graph.tensors import target_of
from comb_compiler.graph.view import View
from comb_compiler.protos import Schema
from comb_compiler.release import (
    REQUEST as REQUEST_INDEX,
    Arm,
    Batch,
    Binding,
    Condition,
    ExecutionPlan,
    Experiment,
    Graph,
    Input,
    Method,
    Model,
    Node,
    Port,
    Process,
    Recording,
    Rule,
)
from comb_compiler.spec import Comb
from comb_compiler.spec.comb.operators import Operator
from comb_compiler.spec.comb.serving import Always

__all__ = ["lower"]

_MAIN = "main"


def lower(view: View, arms: Mapping[str, View], digests: Mapping[str, str]) -> ExecutionPlan:
    """The plan of a comb without errors: `view` as it is, and `arms` by name, those that change something.

    `digests` are the SHA-256 of artifacts by URI, for those that comb.yaml leaves to comb.lock. Steps that the answer
    does not rest on are left out. All bindings are in one process; how they are parted is for the plan to decide.
    """
    comb = view.comb
    assert view.schema is not None
    method = view.schema.method(comb.interface.method)
    assert method is not None
    bindings = _Bindings(view.schema, digests)
    graphs = [_graph(view, bindings, method.output)]
    numbers = dict.fromkeys(comb.experiment.arms, 0) if comb.experiment else {}
    known: dict[_Swaps, int] = {(): 0}
    for name, arm in arms.items():
        if arm.graph is view.graph and arm.bound.changed is not None:
            swaps = _swaps(graphs[0], arm, arm.bound.changed, bindings, name)
            numbers[name] = known.setdefault(swaps, len(graphs))
            graph = _swapped(graphs[0], dict(swaps))
        else:
            numbers[name] = len(graphs)
            graph = _graph(arm, bindings, method.output, name, _kept(view, graphs[0], arm))
        if numbers[name] == len(graphs):
            graphs.append(graph)
    service = comb.interface.method.partition("/")[0]
    return ExecutionPlan(
        comb=comb.metadata.name,
        method=Method(service, method.name, method.input, method.output, method.server_streaming),
        graphs=tuple(graphs),
        bindings=tuple(bindings.all),
        descriptors=view.descriptors,
        deadline=comb.sla.deadline.total_seconds() if comb.sla.deadline else None,
        experiment=_experiment(comb, numbers),
        recording=_recording(view),
        processes=(Process(_MAIN, tuple(range(len(bindings.all)))),),
    )


class _Bindings:
    """Operators with all that they are given, each there once."""

    def __init__(self, schema: Schema, digests: Mapping[str, str]) -> None:
        self._schema = schema
        self.all: list[Binding] = []
        self._digests = digests
        self._numbers: dict[str, list[int]] = {}

    def number(self, comb: Comb, name: str, arm: str) -> int:
        """The number of an operator's binding in a variant."""
        operator = comb.operators[name]
        binding = _binding(self._schema, name, operator, self._model(comb, operator))
        for number in self._numbers.get(name, ()):
            if self.all[number]._replace(name=name) == binding:
                return number
        if name in self._numbers:
            binding = binding._replace(name=f"{name}@{arm}")
        self._numbers.setdefault(name, []).append(len(self.all))
        self.all.append(binding)
        return len(self.all) - 1

    def _model(self, comb: Comb, operator: Operator) -> Model | None:
        if operator.model is None:
            return None
        name, version = operator.model
        model = comb.models[name]
        found = model.versions[version]
        digest = found.sha256 or self._digests.get(found.artifact, "")
        return Model(name, version, model.format.value, found.artifact, digest, found.params)


def _binding(schema: Schema, name: str, operator: Operator, model: Model | None) -> Binding:
    batch = operator.batch
    return Binding(
        name=name,
        operator=name,
        ports=tuple(Port(port, declared.type, declared.optional) for port, declared in operator.inputs.items()),
        out=operator.out,
        run=operator.run or "",
        image=operator.image or "",
        oip=target_of(schema, operator),
        model=model,
        timeout=operator.timeout.total_seconds() if operator.timeout else None,
        batch=Batch(batch.max, batch.wait.total_seconds() if batch.wait else 0.0) if batch else None,
        fallback=operator.fallback.value if operator.fallback else None,
        retries=operator.retries,
        workers=operator.workers,
    )


def _graph(
    view: View, bindings: _Bindings, output: str, arm: str = "", kept: Mapping[str, Node] | None = None
) -> Graph:
    """`kept` are nodes by name that are known to be as in another graph."""
    known = kept or {}
    order = [name for name in view.order if name in view.needed]
    numbers = {name: number for number, name in enumerate(order)}
    numbers[REQUEST] = REQUEST_INDEX
    steps = view.graph.steps
    nodes = tuple(known.get(name) or _node(view, steps[name], numbers, bindings, arm) for name in order)
    answer = view.graph.answer
    assert answer is not None
    return Graph(nodes, numbers[answer], view.types[answer].name != output)


def _kept(view: View, base: Graph, arm: View) -> dict[str, Node]:
    """The nodes that an arm shares with the comb as written; none where its steps have other numbers."""
    changes, changed = arm.changes, arm.bound.changed
    if changes is None or changed is None or arm.order is not view.order or arm.needed != view.needed:
        return {}
    touched, operators, steps = frozenset(changes.touched), changed.operators, view.graph.steps
    nodes = (node for node in base.nodes if node.name not in touched)
    return {node.name: node for node in nodes if steps[node.name].operator not in operators}


_Swaps = tuple[tuple[int, int], ...]
"""Bindings of the comb as written, each with the one that an arm has in its place."""


def _swaps(base: Graph, arm: View, changed: Comb, bindings: _Bindings, name: str) -> _Swaps:
    used = {bindings.all[node.binding].operator: node.binding for node in base.nodes}
    pairs = ((used[one], bindings.number(arm.comb, one, name)) for one in changed.operators if one in used)
    return tuple(sorted((before, after) for before, after in pairs if before != after))


def _swapped(base: Graph, swaps: Mapping[int, int]) -> Graph:
    """The same graph with other bindings; nodes that keep theirs are shared."""
    nodes = (node._replace(binding=swaps[node.binding]) if node.binding in swaps else node for node in base.nodes)
    return base._replace(nodes=tuple(nodes))


def _node(view: View, step: Step, numbers: Mapping[str, int], bindings: _Bindings, arm: str) -> Node:
    return Node(
        name=step.name,
        binding=bindings.number(view.comb, step.operator, arm),
        inputs=tuple(_input(view, step, edge, numbers) for edge in step.inputs),
        after=tuple(sorted({numbers[source] for source in view.graph.sources(step.name)})),
        when=_condition(step, numbers),
        optional=step.optional,
        timeout=step.timeout.total_seconds() if step.timeout else None,
    )


def _input(view: View, step: Step, edge: Edge, numbers: Mapping[str, int]) -> Input:
    given = view.type_of(edge.source)
    assert given is not None
    wanted = view.comb.operators[step.operator].inputs[edge.port].type
    return Input(edge.port, numbers[edge.source.step], edge.source.fields, given.name != wanted)


def _condition(step: Step, numbers: Mapping[str, int]) -> Condition | None:
    if step.condition is None:
        return None
    used = {use.name for use in step.condition.parsed.uses}
    variables = {name: numbers[name] for name in step.condition.uses}
    if REQUEST.lstrip("$") in used:
        variables[REQUEST.lstrip("$")] = REQUEST_INDEX
    return Condition(step.condition.parsed.text, variables)


def _experiment(comb: Comb, graphs: Mapping[str, int]) -> Experiment | None:
    experiment = comb.experiment
    if experiment is None:
        return None
    arms = tuple(Arm(name, arm.weight, graphs[name]) for name, arm in experiment.arms.items())
    return Experiment(experiment.key, experiment.salt or comb.metadata.name, arms)


def _recording(view: View) -> Recording:
    comb = view.comb
    recording = comb.recording
    slow = comb.sla.p99 or comb.sla.p95
    return Recording(
        sample=float(recording.sample),
        always=_words(recording.always),
        redact=tuple(recording.redact),
        slow=slow.total_seconds() if slow is not None and Always.SLOW in recording.always else None,
        patterns=tuple(recording.patterns),
        files=tuple(recording.files),
        marks=tuple(
            Rule(name, rule.when, steps_of_rule(view, rule.when), rule.why or "")
            for name, rule in recording.marks.items()
        ),
        keep=recording.keep.total_seconds(),
    )


def _words(reasons: Iterable[Always]) -> tuple[str, ...]:
    return tuple(reason.value for reason in reasons)
