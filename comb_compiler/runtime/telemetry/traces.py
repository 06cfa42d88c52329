"""Spans of requests and their nodes, sent to whoever collects them by OpenTelemetry's protocol (OTLP).

Spans are made when a request has ended, from the times that the engine has taken anyway; until then only a sampled
request knows anything of its span: its id, for others to hang theirs under.
"""

import random
from collections.abc import Mapping, Sequence
from time import monotonic_ns, time_ns
from typing import Any

from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode, TraceFlags

from comb_compiler.release import ExecutionPlan
from comb_compiler.runtime.codes import Code
from comb_compiler.runtime.engine.observation import Began, Finished, Probe
from comb_compiler.runtime.engine.tracing import is_sampled, span_id

__all__ = ["Traces", "batched", "resource_of"]

_SCOPE = InstrumentationScope("comb")
_SAMPLED = TraceFlags(TraceFlags.SAMPLED)


def resource_of(comb: str, release: str, process: str = "") -> Resource:
    """What all spans of a process say of it; `OTEL_RESOURCE_ATTRIBUTES` and `OTEL_SERVICE_NAME` add to it."""
    named: Mapping[str, str] = {"service.name": comb, "service.version": release, "comb.process": process}
    said = {name: value for name, value in named.items() if value}
    return Resource(said).merge(OTELResourceDetector().detect()).merge(Resource.get_empty())


def batched() -> SpanProcessor:
    """Sends spans in batches, in a thread of its own; the queue is bounded. OpenTelemetry's `OTEL_…` variables hold."""
    return BatchSpanProcessor(OTLPSpanExporter())


class Traces:
    """An Observer: the spans of a share of requests, and of all whose callers record theirs, go to a processor."""

    def __init__(
        self,
        plan: ExecutionPlan,
        processor: SpanProcessor,
        resource: Resource,
        *,
        share: float = 0.01,
        seed: int | None = None,
    ) -> None:
        self._name = f"{plan.method.service}/{plan.method.name}"
        self._method = {"rpc.system": "grpc", "rpc.service": plan.method.service, "rpc.method": plan.method.name}
        self._operators = _operators(plan)
        self._processor = processor
        self._resource = resource
        self._share = share
        self._chance = random.Random(seed)  # noqa: S311
        self._parents: dict[int, str] = {}

    def began(self, request: Began) -> None:
        """Decide whether it is traced, and say so to all that it calls."""
        parent = request.traceparent
        if type(request.request_id) is Probe:
            return
        if not (is_sampled(parent) if parent else self._chance.random() < self._share):
            return
        trace = parent[3:35] if parent else f"{self._chance.getrandbits(128) or 1:032x}"
        request.traceparent = f"00-{trace}-{self._chance.getrandbits(64) or 1:016x}-01"
        self._parents[id(request)] = parent

    def ended(self, request: Finished) -> None:
        """Hand over the spans of a request that is traced."""
        parent = self._parents.pop(id(request), None)
        if parent is None:
            return
        wall = time_ns() - monotonic_ns()
        trace, own = int(request.traceparent[3:35], 16), int(request.traceparent[36:52], 16)
        root = _context(trace, own)
        code = Code.OK if request.error is None else request.error.code
        about = {**self._method, "comb.arm": request.arm, "comb.release": request.release}
        about["comb.request_id"] = str(request.request_id)
        above = _context(trace, int(parent[36:52], 16), remote=True) if parent else None
        self._end(self._name, root, above, (request.began, request.ended), code, about, wall, SpanKind.SERVER)
        operators = self._operators[request.arm]
        times = zip(request.names, request.codes, request.begins, request.ends, strict=True)
        for node, (name, how, began, ended) in enumerate(times):
            if how >= 0 and ended:
                of_node = operators[node] if node < len(operators) else {}
                context = _context(trace, span_id(own, node))
                self._end(name, context, root, (began, ended), Code(how), of_node, wall, SpanKind.INTERNAL)

    def close(self) -> None:
        """Send what has not been sent, within the time that OpenTelemetry's settings allow."""
        self._processor.shutdown()

    def _end(
        self,
        name: str,
        context: SpanContext,
        parent: SpanContext | None,
        times: tuple[float, float],
        code: Code,
        attributes: Mapping[str, str],
        wall: int,
        kind: SpanKind,
    ) -> None:
        began, ended = (wall + int(one * 1e9) for one in times)
        status = Status(StatusCode.ERROR, code.name) if code is not Code.OK else Status(StatusCode.UNSET)
        told: dict[str, Any] = {key: value for key, value in attributes.items() if value}
        told["rpc.grpc.status_code"] = int(code)
        span = ReadableSpan(
            name=name,
            context=context,
            parent=parent,
            resource=self._resource,
            attributes=told,
            kind=kind,
            status=status,
            start_time=began,
            end_time=ended,
            instrumentation_scope=_SCOPE,
        )
        self._processor.on_end(span)


def _context(trace: int, span: int, *, remote: bool = False) -> SpanContext:
    return SpanContext(trace, span, is_remote=remote, trace_flags=_SAMPLED)


def _operators(plan: ExecutionPlan) -> Mapping[str, Sequence[Mapping[str, str]]]:
    """What each node's span says, by arm."""
    arms = plan.experiment.arms if plan.experiment is not None else ()
    graphs = {arm.name: arm.graph for arm in arms} or {"": 0}
    return {arm: [_operator(plan, node.binding) for node in plan.graphs[graph].nodes] for arm, graph in graphs.items()}


def _operator(plan: ExecutionPlan, binding: int) -> Mapping[str, str]:
    one = plan.bindings[binding]
    model = f"{one.model.name}@{one.model.version}" if one.model is not None else ""
    return {"comb.operator": one.operator, "comb.model": model}
