"""The graph as a value."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from comb_compiler.diagnostics import Span
from comb_compiler.spec.places import Place

if TYPE_CHECKING:
    from comb_compiler.graph.conditions import Parsed

__all__ = ["REQUEST", "Condition", "Edge", "OperatorGraph", "Source", "Step"]

REQUEST = "$request"
"""The name of the request where a step is named as a source."""


class Source(NamedTuple):
    """Where a value comes from: a step, or the request; and the fields to follow from there, each with its place."""

    step: str
    fields: tuple[str, ...]
    span: Span
    field_spans: tuple[Span, ...] = ()

    @property
    def whole_span(self) -> Span:
        """The place of the source with its fields."""
        return self.span._replace(end=self.field_spans[-1].end) if self.field_spans else self.span

    def __str__(self) -> str:
        return ".".join((self.step, *self.fields))


class Edge(NamedTuple):
    """A value that flows into a port."""

    port: str
    source: Source
    port_span: Span


class Condition(NamedTuple):
    """When a step runs: the expression, the place of its text, and each step that it asks for, with the first place."""

    parsed: Parsed
    place: Place
    uses: Mapping[str, Span]


class Step(NamedTuple):
    """One call of an operator. `timeout` is the step's own, which overrides its operator's."""

    name: str
    operator: str
    inputs: tuple[Edge, ...]
    name_span: Span
    operator_span: Span
    condition: Condition | None = None
    optional: bool = False
    timeout: timedelta | None = None

    @property
    def waits_for(self) -> Mapping[str, Span]:
        """The steps, and perhaps the request, whose answers it needs, each with the place that says so."""
        found = {edge.source.step: edge.source.span for edge in reversed(self.inputs)}
        named = {step: found[step] for step in reversed(found)}
        return named if self.condition is None else {**self.condition.uses, **named}


class OperatorGraph:
    """Steps in the file's order, and the one that answers. A step that cannot be read is left out.

    `has_errors` says whether anything is wrong with how steps are written and wired: what is missing may then be meant.
    """

    def __init__(
        self,
        steps: Mapping[str, Step],
        answer: str | None,
        has_errors: bool = False,
        sources: Mapping[str, tuple[str, ...]] | None = None,
    ) -> None:
        """`sources`: of some steps what they wait for, where that is known."""
        self.steps = steps
        self.answer = answer
        self.has_errors = has_errors
        self._sources = dict(sources or {})

    def sources(self, name: str) -> tuple[str, ...]:
        """The steps that `name` waits for, each once; those that do not exist are left out."""
        found = self._sources.get(name)
        if found is None:
            found = self._sources[name] = tuple(one for one in self.steps[name].waits_for if one in self.steps)
        return found

    def like(self, steps: Mapping[str, Step], answer: str | None, but: Collection[str]) -> OperatorGraph:
        """Another graph, whose steps wait for the same ones as here, except `but` those of the names."""
        return OperatorGraph(steps, answer, sources={n: s for n, s in self._sources.items() if n not in but})
