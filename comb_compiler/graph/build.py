"""Steps as they are written → `OperatorGraph`."""

from comb_compiler.diagnostics import Diagnostic, Span, codes
from comb_compiler.graph.calls import Call, CallError, Token, parse_call, parse_source
from comb_compiler.graph.findings import bad_call, bad_return, missing_return, unknown_step
from comb_compiler.graph.model import REQUEST, Edge, OperatorGraph, Source, Step
from comb_compiler.graph.order import find_cycles
from comb_compiler.spec import Bound, Comb
from comb_compiler.spec.checks.names import part_of, unknown_name
from comb_compiler.spec.places import Place

__all__ = ["build_graph"]


def build_graph(bound: Bound[Comb]) -> tuple[OperatorGraph, list[Diagnostic]]:
    """The graph of a comb, and what is wrong with its steps. Steps that cannot be read are left out."""
    assert bound.value is not None
    builder = _Builder(bound)
    for name in bound.value.graph:
        step = builder.step(name) if name != "return" else None
        if step is not None:
            builder.steps[name] = step
    answer = builder.answer()
    for step in builder.steps.values():
        builder.check_names(step)
    graph = OperatorGraph(builder.steps, answer)
    return graph, [*builder.diagnostics, *find_cycles(graph)]


class _Builder:
    def __init__(self, bound: Bound[Comb]) -> None:
        assert bound.value is not None
        self.diagnostics: list[Diagnostic] = []
        self.steps: dict[str, Step] = {}
        self._bound = bound
        self._nodes = bound.value.graph
        self._names = tuple(name for name in bound.declared("graph") if name != "return")

    def step(self, name: str) -> Step | None:
        node = self._nodes[name]
        name_span = self._bound.place("graph", name).key_span
        if node.call is not None:
            return self._from_text(name, name_span, self._bound.place("graph", name, "call"), node.call)
        if node.operator is not None:
            place = self._bound.place("graph", name, "operator")
            edges = [self._edge(name, port, source) for port, source in node.inputs.items()]
            return Step(name, node.operator, tuple(edge for edge in edges if edge), name_span, place.span)
        return None

    def answer(self) -> str | None:
        node = self._nodes.get("return")
        if node is None:
            declared = self._bound.declared("graph")
            if declared and "return" not in declared and self._bound.is_sound("graph", "return"):
                self.diagnostics.append(missing_return(self._bound.place("graph"), self._unused()))
            return None
        place = self._bound.place("graph", "return", "call")
        name = (node.call or "").strip()
        if not name:
            return None
        if name not in self._names:
            self.diagnostics.append(bad_return(place, name, self._names))
            return None
        return name

    def _unused(self) -> list[str]:
        """The steps that no other uses."""
        used = {edge.source.step for step in self.steps.values() for edge in step.inputs}
        return [name for name in self.steps if name not in used]

    def check_names(self, step: Step) -> None:
        """Operators and steps that are named must be declared."""
        operators = self._bound.declared("operators")
        at = self._bound.place("graph", step.name, "operator")
        text = at if at.path[-1] == "operator" else self._bound.place("graph", step.name, "call")
        if step.operator not in operators and self._bound.is_readable("operators"):
            known, span = operators, step.operator_span
            finding = unknown_name(text, codes.UNKNOWN_OPERATOR, step.operator, known, "operator", at=span)
            self.diagnostics.append(finding)
        for edge in step.inputs:
            if edge.source.step not in (*self._names, REQUEST):
                place = text if at.path[-1] != "operator" else self._bound.place("graph", step.name, "in", edge.port)
                self.diagnostics.append(self._no_step(place, step, edge.source))

    def _no_step(self, place: Place, step: Step, source: Source) -> Diagnostic:
        known = [other for other in self._names if other != step.name]
        calling = [one.name for one in self.steps.values() if one.operator == source.step and one is not step]
        return unknown_step(place, source, known, calling, self._bound.declared("operators"))

    def _from_text(self, name: str, name_span: Span, place: Place, text: str) -> Step | None:
        call = parse_call(text)
        if isinstance(call, CallError):
            self.diagnostics.append(bad_call(place, call))
            return None
        operator_span = part_of(place, call.operator.start, call.operator.end)
        return Step(name, call.operator.text, _edges(call, place), name_span, operator_span)

    def _edge(self, name: str, port: str, text: str) -> Edge | None:
        place = self._bound.place("graph", name, "in", port)
        parsed = parse_source(text)
        if isinstance(parsed, CallError):
            self.diagnostics.append(bad_call(place, parsed))
            return None
        root, fields = parsed
        source = Source(root.text, tuple(field.text for field in fields), _part(place, root))
        return Edge(port, source, place.key_span)


def _edges(call: Call, place: Place) -> tuple[Edge, ...]:
    return tuple(
        Edge(
            item.port.text,
            Source(item.source.text, tuple(field.text for field in item.fields), _part(place, item.source)),
            _part(place, item.port),
        )
        for item in call.inputs
    )


def _part(place: Place, token: Token) -> Span:
    return part_of(place, token.start, token.end)
