"""Steps as they are written → `OperatorGraph`."""

from comb_compiler.diagnostics import Diagnostic, Span, codes
from comb_compiler.diagnostics.model import diagnose
from comb_compiler.graph.calls import Call, CallError, Token, parse_call, parse_source
from comb_compiler.graph.model import REQUEST, Edge, OperatorGraph, Source, Step
from comb_compiler.graph.order import find_cycles
from comb_compiler.source import Scalar
from comb_compiler.spec import Bound, Comb
from comb_compiler.spec.checks.names import unknown_name
from comb_compiler.spec.places import Place, format_path

__all__ = ["build_graph"]


def build_graph(bound: Bound[Comb]) -> tuple[OperatorGraph, list[Diagnostic]]:
    """The graph of a comb, and what is wrong with its steps. Steps that cannot be read are left out."""
    assert bound.value is not None
    builder = _Builder(bound)
    steps = {name: step for name in bound.value.graph if name != "return" and (step := builder.step(name)) is not None}
    answer = builder.answer()
    for step in steps.values():
        builder.check_names(step)
    graph = OperatorGraph(steps, answer)
    return graph, [*builder.diagnostics, *find_cycles(graph)]


class _Builder:
    def __init__(self, bound: Bound[Comb]) -> None:
        assert bound.value is not None
        self.diagnostics: list[Diagnostic] = []
        self._bound = bound
        self._nodes = bound.value.graph
        self._names = tuple(name for name in bound.declared("graph") if name != "return")

    def step(self, name: str) -> Step | None:
        node = self._nodes[name]
        name_span = self._bound.place("graph", name).key_span
        if node.call is not None:
            return self._from_text(name, name_span, self._text_place("graph", name, "call"), node.call)
        if node.operator is not None:
            place = self._bound.place("graph", name, "operator")
            edges = [self._edge(name, port, source) for port, source in node.inputs.items()]
            return Step(name, node.operator, tuple(edge for edge in edges if edge), name_span, place.span)
        return None

    def answer(self) -> str | None:
        node = self._nodes.get("return")
        if node is None:
            declared = self._bound.declared("graph")
            if declared and "return" not in declared:
                self._no_return()
            return None
        place = self._text_place("graph", "return", "call")
        name = (node.call or "").strip()
        if name in self._names:
            return name
        if "(" in name:
            self._say(
                place,
                f"`return` names a step, and `{name}` is a call",
                "give the call a step of its own, and name it here",
            )
        else:
            self.diagnostics.append(unknown_name(place, codes.UNKNOWN_STEP, name, self._names, "step"))
        return None

    def check_names(self, step: Step) -> None:
        """Operators and steps that are named must be declared."""
        operators = self._bound.declared("operators")
        if step.operator not in operators:
            place = self._bound.place("graph", step.name, "operator")
            place = place if place.path[-1] == "operator" else self._text_place("graph", step.name, "call")
            finding = unknown_name(place, codes.UNKNOWN_OPERATOR, step.operator, operators, "operator")
            self.diagnostics.append(_at(finding, step.operator_span))
        for edge in step.inputs:
            if edge.source.step not in (*self._names, REQUEST):
                place = self._text_place("graph", step.name, "call")
                finding = unknown_name(place, codes.UNKNOWN_STEP, edge.source.step, self._names, "step")
                self.diagnostics.append(_at(finding, edge.source.span))

    def _from_text(self, name: str, name_span: Span, place: Place, text: str) -> Step | None:
        call = parse_call(text)
        if isinstance(call, CallError):
            self._bad_call(place, call)
            return None
        edges = _edges(call, place)
        return Step(name, call.operator.text, edges, name_span, _part(place, call.operator))

    def _edge(self, name: str, port: str, text: str) -> Edge | None:
        place = self._bound.place("graph", name, "in", port)
        parsed = parse_source(text)
        if isinstance(parsed, CallError):
            self._bad_call(place, parsed)
            return None
        root, fields = parsed
        source = Source(root.text, tuple(field.text for field in fields), _part(place, root))
        return Edge(port, source, place.key_span)

    def _text_place(self, *path: str) -> Place:
        """The place of a step's text, whether it is written short or as `call`."""
        return self._bound.place(*path)

    def _bad_call(self, place: Place, error: CallError) -> None:
        span = _part(place, Token("", error.start, error.end))
        path = format_path(place.path)
        self.diagnostics.append(diagnose(codes.BAD_CALL, error.message, span, path=path, hints=(error.hint,)))

    def _say(self, place: Place, message: str, hint: str) -> None:
        path = format_path(place.path)
        self.diagnostics.append(diagnose(codes.BAD_CALL, message, place.span, path=path, hints=(hint,)))

    def _no_return(self) -> None:
        self.diagnostics.append(
            diagnose(
                codes.MISSING_RETURN,
                "the graph does not say which step answers",
                self._bound.place("graph").key_span,
                path="graph",
                hints=("write `return: <step>`, usually the last one",),
            )
        )


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
    return place.value.part(token.start, token.end) if isinstance(place.value, Scalar) else place.span


def _at(finding: Diagnostic, span: Span) -> Diagnostic:
    """The finding at exactly the name, with its fix there too."""
    assert finding.primary is not None
    fix = finding.fix
    if fix is not None:
        name = fix.title.split("`")[1]
        fix = fix._replace(edits=(fix.edits[0]._replace(span=span, text=name),))
    return finding._replace(primary=finding.primary._replace(span=span), fix=fix)
