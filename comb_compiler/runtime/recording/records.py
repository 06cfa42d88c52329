"""A request that has ended → its Record, without what nobody gets to see."""

import os
import time
from collections.abc import Mapping, Sequence
from hashlib import sha256
from secrets import token_hex
from typing import Any, NamedTuple

from comb_compiler.release import REQUEST, ExecutionPlan, Graph, Rule
from comb_compiler.release.subject import subject_digest
from comb_compiler.runtime.engine import Finished
from comb_compiler.runtime.instance import unpacked
from comb_compiler.runtime.recording.captures import Captures
from comb_compiler.runtime.recording.gpus import Gpus
from comb_compiler.runtime.recording.hiding import Hidden, Hiding
from comb_compiler.samples.record_pb2 import Input, Mark, Operator, Record, Value
from comb_compiler.samples.users import user_digest

__all__ = ["About", "Records"]

_SCHEMA = 1
_NANO = 1e9
_PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096
_ERROR = "error"
_STALE = 0.5
"""Seconds after which the process's memory is looked at again."""


class About(NamedTuple):
    """What records say of the process that makes them. `salt` goes into the digests that stand for users, and `code`,
    the digest of the operators' code, into the subject: where it is not known, no subject is named."""

    environment: str = ""
    code: str = ""
    host: str = ""
    salt: str = ""


class Records:
    """Makes records of one plan's requests."""

    def __init__(self, plan: ExecutionPlan, about: About, hiding: Hiding, captures: Captures) -> None:
        self._salt = about.salt
        self._hiding = hiding
        self._captures = captures
        self.gpus: Gpus | None = None
        """Where it is looked what processes take of GPUs: it is made in the thread that makes records."""
        self._looked = -_STALE
        self._resident = 0
        self._templates = tuple(_template(plan, about, graph) for graph in plan.graphs)

    def of(
        self, request: Finished, graph: int, values: Sequence[Any], reason: int, rules: Sequence[Rule] = ()
    ) -> bytes:
        """The record of a request, serialised. `values` are what the nodes of its graph gave, the request last."""
        whole = [unpacked(value) for value in values]
        hidden = self._hiding.of([*whole, request.answer])
        serialised = _Serialised(hidden)
        now = time.time_ns()
        record = Record()
        record.CopyFrom(self._templates[graph])
        record.id = _new_id(now)
        record.request_id = hidden.name(request.request_id)
        record.time = now - round((time.monotonic() - request.began) * _NANO)
        record.duration = round((request.ended - request.began) * _NANO)
        record.release, record.arm = request.release, request.arm
        record.reason = reason  # type: ignore[assignment]
        if request.key:
            record.user = user_digest(request.key, self._salt)
        serialised.into(record.request, request.request)
        if request.answer is not None:
            serialised.into(record.answer, request.answer)
        if request.error is not None:
            record.code = int(request.error.code)
            record.error = hidden.text(request.error.message)
        for index, operator in enumerate(record.operators):
            if whole[index] is not None:
                serialised.into(operator.output, whole[index])
            _add_ending(operator, request, index)
            if index in request.errors:
                operator.error = hidden.text(request.errors[index].message)
        self._add_resources(record)
        if self.gpus is not None:
            _add_gpus(self.gpus, record, request)
        self._add_captures(record, request.request, hidden)
        record.marks.extend(_mark(rule, now) for rule in rules)
        record.redacted.extend(sorted(hidden.paths))
        return record.SerializeToString()

    def _add_resources(self, record: Record) -> None:
        """Of the request as a whole: the CPU time that was measured, and the memory of the process that answers."""
        measured = [one.resources.cpu for one in record.operators if one.resources.HasField("cpu")]
        if measured:
            record.resources.cpu = sum(measured)
        now = time.monotonic()
        if now - self._looked > _STALE:
            self._looked, self._resident = now, _resident()
        if self._resident:
            record.resources.rss = self._resident

    def _add_captures(self, record: Record, request: Any, hidden: Hidden) -> None:
        for capture in self._captures.of(request):
            capture.path = hidden.text(capture.path)
            capture.content = hidden.content(capture.content)
            record.captures.append(capture)


class _Serialised:
    """Messages of one request, each serialised once: what answers is often what a node gave."""

    def __init__(self, hidden: Hidden) -> None:
        self._hidden = hidden
        self._known: dict[int, bytes] = {}

    def into(self, value: Value, message: Any) -> None:
        """Write a message, without what is hidden, into a Value."""
        content = self._known.get(id(message))
        if content is None:
            content = self._known[id(message)] = self._hidden.message(message).SerializePartialToString()
        value.type, value.message = message.DESCRIPTOR.full_name, content


def _add_ending(operator: Operator, request: Finished, index: int) -> None:
    """How a node ended, when, and what is known of its call."""
    code = operator.code = request.codes[index]
    if code < 0:
        return
    if code and operator.HasField("output"):
        operator.fallback = True
    began = request.begins[index]
    operator.began = round((began - request.began) * _NANO)
    operator.duration = round((request.ends[index] - began) * _NANO)
    call = request.calls.get(index)
    if call is None:
        return
    operator.queued = round(max(0.0, call.began - began) * _NANO) if call.began else 0
    operator.batch = call.batch
    if call.cpu >= 0:
        operator.resources.cpu = call.cpu
    if call.rss >= 0:
        operator.resources.rss = call.rss


def _add_gpus(gpus: Gpus, record: Record, request: Finished) -> None:
    """What the processes of the calls take: that of the engine where native code ran in it, in a thread.

    The request takes what all of them do.
    """
    pids = {0}
    for index, call in request.calls.items():
        if call.pid or call.cpu >= 0:
            pids.add(call.pid)
            gpus.add((call.pid,), record.operators[index].resources)
    gpus.add(pids, record.resources)


def _resident() -> int:
    try:
        with open("/proc/self/statm", "rb") as file:
            return int(file.read().split()[1]) * _PAGE
    except (OSError, ValueError, IndexError):
        return 0


def _mark(rule: Rule, now: int) -> Mark:
    return Mark(mark=_ERROR, by=f"rule:{rule.name}", time=now, why=rule.why or rule.expression)


def _template(plan: ExecutionPlan, about: About, graph: Graph) -> Record:
    """What all records of a graph's requests have in common."""
    record = Record(
        schema=_SCHEMA,
        comb=plan.comb,
        environment=about.environment,
        subject=subject_digest(plan, graph, about.code) if about.code else "",
        host=about.host,
        interface=sha256(plan.descriptors).hexdigest(),
        method=f"{plan.method.service}/{plan.method.name}",
        share=plan.recording.sample,
    )
    names = {REQUEST: "", **{number: node.name for number, node in enumerate(graph.nodes)}}
    for node in graph.nodes:
        binding = plan.bindings[node.binding]
        model = f"{binding.model.name}@{binding.model.version}" if binding.model is not None else ""
        inputs = [Input(port=one.port, source=names[one.source], path=".".join(one.fields)) for one in node.inputs]
        record.operators.add(node=node.name, operator=binding.operator, model=model, inputs=inputs)
    return record


def graphs_of(plan: ExecutionPlan) -> Mapping[str, int]:
    """The graph of each arm, by index; that of the empty arm is the comb as written."""
    arms = plan.experiment.arms if plan.experiment is not None else ()
    return {"": 0, **{arm.name: arm.graph for arm in arms}}


def _new_id(now: int) -> str:
    """A UUID of version 7 (RFC 9562): it begins with its time, so that a store can tell by the id where a record is."""
    drawn = token_hex(10)
    return f"{now // 1_000_000:012x}7{drawn[:3]}{'89ab'[int(drawn[3], 16) % 4]}{drawn[4:19]}"
