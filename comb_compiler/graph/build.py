"""Steps as they are written → `OperatorGraph`."""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

from comb_compiler.cel import Mistake
from comb_compiler.diagnostics import Diagnostic, Span, codes, has_errors
from comb_compiler.diagnostics.bounds import bounded
from comb_compiler.graph.calls import Call, Token, parse_call, parse_source
from comb_compiler.graph.conditions import read_condition, unnameable, unnameable_package, used_variables
from comb_compiler.graph.findings import (
    bad_call,
    bad_condition,
    bad_return,
    empty_return,
    misnamed_return,
    missing_return,
    return_with,
    unknown_step,
    unnameable_step,
)
from comb_compiler.graph.model import REQUEST, Condition, Edge, OperatorGraph, Source, Step
from comb_compiler.graph.order import find_cycles
from comb_compiler.protos import Schema
from comb_compiler.source import Mapping
from comb_compiler.spec import Bound, Comb
from comb_compiler.spec.checks.names import part_of, unknown_name
from comb_compiler.spec.comb.graph import Node
from comb_compiler.spec.places import Place

if TYPE_CHECKING:
    from comb_compiler.graph.changes import Changes

__all__ = ["build_graph"]

_parsed = lru_cache(maxsize=512)(parse_call)
"""A variant says most of its comb's calls again, and combs say each other's."""
_FIELDS = frozenset(field.alias or name for name, field in Node.model_fields.items())


def build_graph(
    bound: Bound[Comb], schema: Schema | None = None, changes: "Changes | None" = None
) -> tuple[OperatorGraph, list[Diagnostic]]:
    """The graph of a comb, and what is wrong with its steps. Steps that cannot be read are left out.

    Of a variant only what it changes is read and looked at.
    """
    assert bound.value is not None
    builder = _Builder(bound, schema)
    known = {} if changes is None else changes.base.graph.steps
    anew = frozenset((*bound.value.graph,) if changes is None else changes.steps)
    for name in bound.value.graph:
        if name in ("return", builder.misnamed):
            continue
        step = builder.step(name) if name in anew else known[name]
        if step is not None:
            builder.steps[name] = step
    answer = builder.answer()
    if changes is None:
        graph = OperatorGraph(builder.steps, answer)
        touched: Iterable[str] = builder.steps
    else:
        graph = changes.base.graph.like(builder.steps, answer, changes.touched)
        touched = [name for name in changes.touched if name in builder.steps]
    dangling = bounded(finding for name in touched for finding in builder.check_names(builder.steps[name]))
    cycles = () if changes is not None and changes.keeps_order(graph) else bounded(find_cycles(graph))
    diagnostics = [*bounded(builder.unnameable()), *bounded(builder.diagnostics), *dangling, *cycles]
    graph.has_errors = has_errors(diagnostics) or builder.lacks_steps
    return graph, diagnostics


class _Builder:
    def __init__(self, bound: Bound[Comb], schema: Schema | None) -> None:
        assert bound.value is not None
        self.diagnostics: list[Diagnostic] = []
        self.steps: dict[str, Step] = {}
        self._bound = bound
        self._schema = schema
        self._nodes = bound.value.graph
        self._graph = bound.place("graph")
        self._names = tuple(name for name in bound.declared("graph") if name != "return")
        self.misnamed = self._misnamed_return()
        self._steps = frozenset(self._names)
        self._known = {*self._names, REQUEST}
        self._vain: dict[str, list[Span]] = {}
        self._operators = bound.declared("operators")
        self._known_operators = set(self._operators)
        self._tells_steps = bound.is_readable("graph")
        self._tells_operators = bound.is_readable("operators")

    def step(self, name: str) -> Step | None:
        node = self._nodes[name]
        written = self._graph.below(name)
        name_span = written.key_span
        edges = [edge for port, source in node.inputs.items() if (edge := self._edge(name, port, source)) is not None]
        step = None
        if node.call is not None and node.operator is not None:
            return None  # which of the two is meant, nobody knows
        if node.call is not None:
            step = self._from_text(name, name_span, written.below("call"), node.call)
        elif node.operator is not None:
            step = Step(name, node.operator, (), name_span, self._text_of(name).span)
        if step is None:
            return None
        given = {edge.port for edge in step.inputs}
        return step._replace(
            inputs=(*step.inputs, *(edge for edge in edges if edge.port not in given)),
            condition=self._condition(name, node),
            optional=node.optional,
            timeout=node.timeout,
        )

    @property
    def lacks_steps(self) -> bool:
        """Whether a step could not be read."""
        return any(name not in self.steps for name in self._names)

    def unnameable(self) -> Iterator[Diagnostic]:
        """Steps that conditions ask for in vain, since CEL takes their name for something else."""
        for name, asked in self._vain.items():
            yield unnameable_step(self._graph.below(name), name, asked)

    def _misnamed_return(self) -> str | None:
        """The one entry that names a step and calls nothing, where `return` is missing."""
        if "return" in self._bound.declared("graph"):
            return None
        calls = ((name, (node.call or "").strip()) for name, node in self._nodes.items())
        found = [name for name, call in calls if call in self._nodes and call != name]
        return found[0] if len(found) == 1 else None

    def answer(self) -> str | None:
        node = self._nodes.get("return")
        if node is None and self.misnamed is not None:
            answer = (self._nodes[self.misnamed].call or "").strip()
            self.diagnostics.append(misnamed_return(self._bound.place("graph"), self.misnamed, answer))
            return answer
        if node is None:
            declared, told = self._bound.declared("graph"), self._bound.is_sound("graph", "return")
            if declared and "return" not in declared and told and self._tells_steps:
                self.diagnostics.append(missing_return(self._bound.place("graph"), self._unused()))
            return None
        self._check_return(node)
        place = self._bound.place("graph", "return", "call")
        name = (node.call or "").strip()
        if not name:
            return None
        if name == REQUEST or name not in self._known:
            finding = bad_return(place, name, self._names)
            if finding.code is not codes.UNKNOWN_STEP or self._tells_steps:
                self.diagnostics.append(finding)
            return None
        return name

    def _check_return(self, node: Node) -> None:
        """A `return` in the long form has the step's name, and nothing else."""
        written = self._bound.declared("graph", "return")
        other = next((field for field in written if field != "call" and field in _FIELDS), None)
        if other is not None:
            self.diagnostics.append(return_with(self._graph.below("return", other), other))
        elif isinstance(self._graph.below("return").value, Mapping) and not written:
            self.diagnostics.append(empty_return(self._graph.below("return")))

    def check_names(self, step: Step) -> Iterator[Diagnostic]:
        """Operators and steps that are named must be declared."""
        if step.operator not in self._known_operators and self._tells_operators:
            text, span = self._text_of(step.name), step.operator_span
            yield unknown_name(text, codes.UNKNOWN_OPERATOR, step.operator, self._operators, "operator", at=span)
        for edge in step.inputs if self._tells_steps else ():
            if edge.source.step not in self._known:
                yield self._no_step(self._text_of(step.name, edge.port), step, edge.source)

    def _unused(self) -> list[str]:
        """The steps that no other uses."""
        used = {source for step in self.steps.values() for source in step.waits_for}
        return [name for name in self.steps if name not in used]

    def _text_of(self, name: str, port: str = "") -> Place:
        """The place of a step's call; in the long form that of its operator, or of what a port is given."""
        written = self._graph.below(name, "operator")
        if written.path[-1] != "operator":
            return self._graph.below(name, "call")
        return self._graph.below(name, "in", port) if port else written

    def _no_step(self, place: Place, step: Step, source: Source) -> Diagnostic:
        known = [other for other in self._names if other != step.name]
        calling = [one.name for one in self.steps.values() if one.operator == source.step and one is not step]
        return unknown_step(place, source, known, calling, self._operators)

    def _from_text(self, name: str, name_span: Span, place: Place, text: str) -> Step | None:
        call = _parsed(text)
        if isinstance(call, Mistake):
            self.diagnostics.append(bad_call(place, call))
            return None
        operator_span = _part(place, call.operator)
        return Step(name, call.operator.text, _edges(call, place), name_span, operator_span)

    def _edge(self, name: str, port: str, text: str) -> Edge | None:
        place = self._graph.below(name, "in", port)
        parsed = parse_source(text)
        if isinstance(parsed, Mistake):
            self.diagnostics.append(bad_call(place, parsed))
            return None
        return Edge(port, _source(place, *parsed), place.key_span)

    def _condition(self, name: str, node: Node) -> Condition | None:
        if node.when is None:
            return None
        place = self._graph.below(name, "when")
        read = read_condition(node.when)
        vain = unnameable(node.when, read, self._steps)
        if vain is not None:
            self._vain.setdefault(vain.name, []).append(part_of(place, vain.start, vain.end))
            return None
        if read.parsed is None:
            package = self._schema and unnameable_package(node.when, read.errors, self._schema)
            self.diagnostics += [bad_condition(place, error) for error in ((package,) if package else read.errors)]
            return None
        used = reversed(used_variables(read.parsed, self._steps, self._schema))
        return Condition(read.parsed, place, {use.name: part_of(place, use.start, use.end) for use in used})


def _edges(call: Call, place: Place) -> tuple[Edge, ...]:
    return tuple(
        Edge(item.port.text, _source(place, item.source, item.fields), _part(place, item.port)) for item in call.inputs
    )


def _source(place: Place, root: Token, fields: tuple[Token, ...]) -> Source:
    names = tuple(field.text for field in fields)
    return Source(root.text, names, _part(place, root), tuple(_part(place, field) for field in fields))


def _part(place: Place, token: Token) -> Span:
    return part_of(place, token.start, token.end)
