"""What an analysis looks at."""

from collections.abc import Mapping
from datetime import timedelta
from functools import cached_property

from comb_compiler.graph.conditions import Scope
from comb_compiler.graph.model import REQUEST, Edge, OperatorGraph, Source, Step
from comb_compiler.graph.order import execution_order
from comb_compiler.protos import Message, Method, Schema
from comb_compiler.protos.compiled import Protos
from comb_compiler.source.memo import NOTHING_KEPT, Memo
from comb_compiler.spec import Bound, Comb
from comb_compiler.spec.comb.operators import Operator
from comb_compiler.spec.places import Place

__all__ = ["View"]


class View:
    """One variant of a comb: what is written, its graph, and its types where they could be had."""

    def __init__(
        self, bound: Bound[Comb], graph: OperatorGraph, protos: Protos | None = None, memo: Memo = NOTHING_KEPT
    ) -> None:
        assert bound.value is not None
        self.bound = bound
        self.comb: Comb = bound.value
        self.graph = graph
        self.schema: Schema | None = protos.schema if protos is not None else None
        self.descriptors = protos.descriptors if protos is not None else b""
        self.memo = memo

    def of(self, bound: Bound[Comb]) -> "View":
        """The view of a variant that has the same graph."""
        assert bound.value is not None
        view = View.__new__(View)
        view.__dict__.update(self.__dict__, bound=bound, comb=bound.value)
        return view

    @cached_property
    def order(self) -> tuple[str, ...]:
        """Each step after those that it waits for; without what a cycle holds up."""
        return execution_order(self.graph)

    @cached_property
    def in_order(self) -> frozenset[str]:
        """The steps that no cycle holds up."""
        return frozenset(self.order)

    @cached_property
    def needed(self) -> frozenset[str]:
        """The steps that the answer rests on, itself included; all, where none answers."""
        if self.graph.answer not in self.graph.steps:
            return frozenset(self.graph.steps)
        reached: set[str] = set()
        pending = [self.graph.answer]
        while pending:
            name = pending.pop()
            if name is not None and name not in reached:
                reached.add(name)
                pending += self.graph.sources(name)
        return frozenset(reached)

    def operator(self, step: Step) -> Operator | None:
        """What a step calls; None where there is no such operator, or none that could be read."""
        return self.comb.operators.get(step.operator)

    def timeout(self, step: Step) -> timedelta | None:
        """How long a step may take; None where only the deadline bounds it."""
        operator = self.operator(step)
        return step.timeout or (operator.timeout if operator else None)

    def text_of(self, step: Step, edge: Edge) -> Place:
        """The place of the text that gives a port its source."""
        place = self.bound.place("graph", step.name, "in", edge.port)
        return place if place.path[-1] == edge.port else self.bound.place("graph", step.name, "call")

    @cached_property
    def method(self) -> Method | None:
        """What the comb answers; None where it is not known."""
        if self.schema is None or not self.bound.is_sound("interface"):
            return None
        return self.schema.method(self.comb.interface.method)

    @cached_property
    def types(self) -> Mapping[str, Message]:
        """What the request and each step give, by name; those are missing of which it is not known."""
        if self.schema is None:
            return {}
        names = {step.name: operator.out for step in self.graph.steps.values() if (operator := self.operator(step))}
        if self.method is not None:
            names[REQUEST] = self.method.input
        messages = self.schema.messages
        return {name: messages[type_name] for name, type_name in names.items() if type_name in messages}

    @cached_property
    def scope(self) -> Scope:
        """What conditions may name: the request, as `request`, and every step, each with its message."""
        steps = dict.fromkeys((name for name in self.bound.declared("graph") if name != "return"), "")
        known = {name.lstrip("$"): message.name for name, message in self.types.items()}
        return Scope({**steps, **known}, self.schema or Schema(), frozenset({REQUEST.lstrip("$")}))

    def type_of(self, source: Source) -> Message | None:
        """The message that a source gives; None where it is none, or it cannot be told."""
        message = self.types.get(source.step)
        for name in source.fields:
            field = message.field(name) if message is not None else None
            if field is None or not field.is_message or field.is_repeated or self.schema is None:
                return None
            message = self.schema.messages.get(field.type)
        return message
