"""What an analysis looks at."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from functools import cached_property
from typing import Any

from comb_compiler.graph.changes import Changes
from comb_compiler.graph.conditions import Parsed, Scope, Worlds, constancy, worlds
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
        self,
        bound: Bound[Comb],
        graph: OperatorGraph,
        protos: Protos | None = None,
        memo: Memo = NOTHING_KEPT,
        changes: Changes | None = None,
    ) -> None:
        """`changes`: of a variant, in what it differs from another view, whose findings are known."""
        assert bound.value is not None
        self.bound = bound
        self.comb: Comb = bound.value
        self.graph = graph
        self.schema: Schema | None = protos.schema if protos is not None else None
        self.descriptors = protos.descriptors if protos is not None else b""
        self.memo = memo
        self.changes = changes
        self.flows: dict[object, Any] = {}
        """What flows down the graph, where it was worked out (`flow`)."""
        self._constant: dict[str, bool | None] = {}

    def of(self, bound: Bound[Comb]) -> View:
        """The view of a variant that differs in nothing which a graph rests on."""
        assert bound.value is not None
        view = View.__new__(View)
        view.__dict__.update(self.__dict__, bound=bound, comb=bound.value)
        return view

    def with_timeouts(self, timeouts: Mapping[str, timedelta | None]) -> View:
        """A view that differs in the timeouts of some operators."""
        operators = self.comb.operators
        changed = {name: operators[name].model_copy(update={"timeout": one}) for name, one in timeouts.items()}
        view = self.of(self.bound)
        for name in ("untimed", "worlds", "conditions"):
            view.__dict__.pop(name, None)
        view.comb = self.comb.model_copy(update={"operators": {**operators, **changed}})
        view.changes = Changes(self, (), (), (), tuple(timeouts), is_wired_alike=True, is_promised_alike=True)
        view.flows = {}
        return view

    @property
    def touched_steps(self) -> Iterable[Step]:
        """The steps that have to be looked at: all, or of a variant those about which something else may be found."""
        steps = self.graph.steps
        if self.changes is None:
            return steps.values()
        return [steps[name] for name in self.changes.touched if name in steps]

    @property
    def touched_operators(self) -> Iterable[str]:
        """The operators whose declarations have to be looked at, by name."""
        if self.changes is None:
            return self.bound.declared("operators")
        return [name for name in self.changes.operators if name in self.comb.operators]

    @cached_property
    def order(self) -> tuple[str, ...]:
        """Each step after those that it waits for; without what a cycle holds up."""
        if self.changes is not None and self.changes.keeps_order(self.graph):
            return self.changes.base.order
        return execution_order(self.graph)

    @cached_property
    def position(self) -> Mapping[str, int]:
        """The place of each step in the order."""
        if self.changes is not None and self.order is self.changes.base.order:
            return self.changes.base.position
        return {name: number for number, name in enumerate(self.order)}

    @cached_property
    def place(self) -> Mapping[str, int]:
        """The place of each step in the file."""
        return {name: number for number, name in enumerate(self.graph.steps)}

    @cached_property
    def readers(self) -> Mapping[str, Sequence[str]]:
        """By name, the steps that take what it stands for, or ask for it in their condition."""
        found: dict[str, list[str]] = {}
        for step in self.graph.steps.values():
            named = [edge.source.step for edge in step.inputs]
            named += [use.name for use in step.condition.parsed.uses] if step.condition is not None else []
            for name in dict.fromkeys(named):
                found.setdefault(name, []).append(step.name)
        return found

    @cached_property
    def callers(self) -> Mapping[str, Sequence[str]]:
        """By operator, the steps that call it."""
        found: dict[str, list[str]] = {}
        for step in self.graph.steps.values():
            found.setdefault(step.operator, []).append(step.name)
        return found

    @cached_property
    def needed(self) -> frozenset[str]:
        """The steps that the answer rests on, itself included; all, where none answers."""
        if self.graph.answer not in self.graph.steps:
            return frozenset(self.graph.steps)
        base = self.changes.base if self.changes is not None and self.changes.keeps_sources(self.graph) else None
        if base is not None and base.graph.answer == self.graph.answer:
            return base.needed
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
    def conditions(self) -> Mapping[str, Parsed]:
        """The conditions of the steps that the answer rests on, by step, in the order of these."""
        steps = ((name, self.graph.steps[name]) for name in self.order if name in self.needed)
        return {name: step.condition.parsed for name, step in steps if step.condition is not None}

    @cached_property
    def worlds(self) -> Worlds:
        """Which of the conditions can hold together."""
        if self.changes is not None and self.changes.base._said == self._said:
            return self.changes.base.worlds
        return worlds(self.conditions, self.scope)

    @cached_property
    def _said(self) -> Mapping[str, tuple[object, ...]]:
        """By step the text of its condition, and the types of what that names: all that conditions rest on."""
        request, types = REQUEST.lstrip("$"), self.types
        return {
            name: (one.text, *(types.get(REQUEST if use.name == request else use.name) for use in one.uses))
            for name, one in self.conditions.items()
        }

    @cached_property
    def untimed(self) -> frozenset[str]:
        """The steps that only the deadline bounds."""
        if self.changes is None:
            return frozenset(step.name for step in self.graph.steps.values() if self.timeout(step) is None)
        again = {name: self.graph.steps.get(name) for name in self.changes.retimed}
        kept = self.changes.base.untimed - again.keys()
        return kept | {name for name, step in again.items() if step is not None and self.timeout(step) is None}

    @cached_property
    def types(self) -> Mapping[str, Message]:
        """What the request and each step give, by name; those are missing of which it is not known."""
        if self.schema is None:
            return {}
        names = {step.name: operator.out for step in self.touched_steps if (operator := self.operator(step))}
        if self.method is not None:
            names[REQUEST] = self.method.input
        messages = self.schema.messages
        found = {name: messages[type_name] for name, type_name in names.items() if type_name in messages}
        if self.changes is None:
            return found
        known, touched = self.changes.base.types, frozenset(self.changes.touched)
        mixed = ((name, found if name in touched else known) for name in (*self.graph.steps, REQUEST))
        return {name: types[name] for name, types in mixed if name in types}

    @cached_property
    def scope(self) -> Scope:
        """What conditions may name: the request, as `request`, and every step, each with its message."""
        steps = dict.fromkeys((name for name in self.bound.declared("graph") if name != "return"), "")
        known = {name.lstrip("$"): message.name for name, message in self.types.items()}
        always = (step.name for step in self.graph.steps.values() if step.condition is None and not step.optional)
        return Scope({**steps, **known}, self.schema or Schema(), frozenset((REQUEST.lstrip("$"), *always)))

    def constancy(self, condition: Parsed) -> bool | None:
        """Whether a condition always or never holds here, as `constancy` says; worked out once for each text."""
        text = condition.text
        if text not in self._constant:
            self._constant[text] = constancy(condition, self.scope)
        return self._constant[text]

    def type_of(self, source: Source) -> Message | None:
        """The message that a source gives; None where it is none, or it cannot be told."""
        message = self.types.get(source.step)
        for name in source.fields:
            field = message.field(name) if message is not None else None
            if field is None or not field.is_message or field.is_repeated or self.schema is None:
                return None
            message = self.schema.messages.get(field.type)
        return message
