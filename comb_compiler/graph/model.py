"""The graph as a value."""

from collections.abc import Mapping
from typing import NamedTuple

from comb_compiler.diagnostics import Span

__all__ = ["REQUEST", "Edge", "OperatorGraph", "Source", "Step"]

REQUEST = "$request"
"""The name of the request where a step is named as a source."""


class Source(NamedTuple):
    """Where a value comes from: a step, or the request; and the fields to follow from there."""

    step: str
    fields: tuple[str, ...]
    span: Span


class Edge(NamedTuple):
    """A value that flows into a port."""

    port: str
    source: Source
    port_span: Span


class Step(NamedTuple):
    """One call of an operator."""

    name: str
    operator: str
    inputs: tuple[Edge, ...]
    name_span: Span
    operator_span: Span


class OperatorGraph(NamedTuple):
    """Steps in the file's order, and the one that answers. Sources of steps that do not exist are left out."""

    steps: Mapping[str, Step]
    answer: str | None

    def sources(self, name: str) -> tuple[str, ...]:
        """The steps that `name` waits for, each once, in the order of its inputs."""
        wanted = (edge.source.step for edge in self.steps[name].inputs)
        return tuple(dict.fromkeys(step for step in wanted if step in self.steps))
