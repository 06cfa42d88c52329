"""Inputs of steps that are always what was there before the step that they come from: asked of a recording service."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, NamedTuple

from comb_compiler.cli.gate.targets import Answers
from comb_compiler.cli.gate.tracing import asked_for_all
from comb_compiler.gates import Gone, Unreadable
from comb_compiler.release import REQUEST, ExecutionPlan, Graph
from comb_compiler.workspace.errors import OutsideFailure

if TYPE_CHECKING:
    from comb_compiler.runtime.messages import Messages
    from comb_compiler.runtime.service import Source
    from comb_compiler.samples.record_pb2 import Record

__all__ = ["passed_on"]

_MOST, _FEWEST = 12, 3
"""Requests that are asked, and answered, of which something is said."""


class _Place(NamedTuple):
    """A message of a request's: the request, or what a node gave, and the fields from there."""

    node: int
    fields: tuple[str, ...] = ()

    def written(self, graph: Graph) -> str:
        """As comb.yaml writes it."""
        return ".".join(("$request" if self.node == REQUEST else graph.nodes[self.node].name, *self.fields))


class _Doubt(NamedTuple):
    """A port that is given one place, and another of the same type that was there before."""

    node: int
    port: str
    given: _Place
    earlier: _Place


async def passed_on(source: "Source", requests: Sequence[Mapping[str, Any]]) -> dict[tuple[str, str], str]:
    """By step and port, what it could be given instead, as comb.yaml writes it; nothing where that cannot be seen.

    Says so only of what was the same in every request, and not in all requests the same.
    """
    from comb_compiler.runtime.messages import open_messages
    from comb_compiler.samples.store import StoreError

    graph, messages = source.plan.graphs[0], open_messages(source.plan.descriptors)
    doubts = list(_doubts(source.plan, graph, messages))
    if not doubts or len(requests) < _FEWEST:
        return {}
    with TemporaryDirectory(prefix="comb-gate-") as directory:
        try:
            asked = await asked_for_all("candidate", source, requests[:_MOST], Answers(source.plan), Path(directory))
        except (Gone, OSError, OutsideFailure, StoreError, Unreadable):
            return {}
    records = [one.record for one in asked if one.record is not None and not one.answered.failed]
    seen = [_values(record, graph, messages) for record in records]
    found: dict[tuple[str, str], str] = {}
    for doubt in doubts:
        if (key := (graph.nodes[doubt.node].name, doubt.port)) not in found and _holds(doubt, seen):
            found[key] = doubt.earlier.written(graph)
    return found


def _doubts(plan: ExecutionPlan, graph: Graph, messages: "Messages") -> Iterator[_Doubt]:
    for number, node in enumerate(graph.nodes):
        ports = {port.name: port.type for port in plan.bindings[node.binding].ports}
        for given in node.inputs:
            if given.source == REQUEST or given.convert:
                continue
            wanted = ports[given.port]
            for earlier in (REQUEST, *sorted(_before(graph, given.source))):
                kind = plan.method.input if earlier == REQUEST else plan.bindings[graph.nodes[earlier].binding].out
                for fields in _of_type(messages[kind].DESCRIPTOR, wanted):
                    yield _Doubt(number, given.port, _Place(given.source, given.fields), _Place(earlier, fields))


def _before(graph: Graph, node: int) -> set[int]:
    """The nodes that one waits for, and those that they wait for."""
    found: set[int] = set()
    for one in graph.nodes[node].after:
        found |= {one, *_before(graph, one)}
    return found


def _of_type(descriptor: Any, wanted: str) -> Iterator[tuple[str, ...]]:
    """The message itself, or its fields, that are of a type."""
    if descriptor.full_name == wanted:
        yield ()
    for field in descriptor.fields:
        if field.message_type is not None and field.message_type.full_name == wanted and not field.is_repeated:
            yield (field.name,)


def _values(record: "Record", graph: Graph, messages: "Messages") -> dict[int, Any]:
    """The request, and what each node gave, by node; those that gave nothing are not there."""
    from comb_compiler.runtime.messages import read_message

    numbers = {node.name: number for number, node in enumerate(graph.nodes)}
    values = {REQUEST: record.request, **{numbers[one.node]: one.output for one in record.operators if one.code == 0}}
    read = {number: read_message(messages[one.type], one.message) for number, one in values.items()}
    return {number: message for number, message in read.items() if message is not None}


def _holds(doubt: _Doubt, seen: Sequence[Mapping[int, Any]]) -> bool:
    pairs = [(_at(doubt.given, values), _at(doubt.earlier, values)) for values in seen]
    known = [(one, other) for one, other in pairs if one is not None and other is not None]
    return len(known) >= _FEWEST and len(known) == len(pairs) and all(a == b for a, b in known) and len({*known}) > 1


def _at(place: _Place, values: Mapping[int, Any]) -> bytes | None:
    message = values.get(place.node)
    for field in place.fields:
        if message is None or not message.HasField(field):
            return None
        message = getattr(message, field)
    return None if message is None else bytes(message.SerializeToString(deterministic=True))
