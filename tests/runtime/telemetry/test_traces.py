"""Spans, as a collector of OpenTelemetry's protocol receives them."""

import asyncio
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import pytest
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as otlp, trace_service_pb2_grpc as otlp_grpc

from comb_compiler.release import ExecutionPlan
from comb_compiler.runtime import OperatorError
from comb_compiler.runtime.engine import Engine
from comb_compiler.runtime.engine.observation import Probe
from comb_compiler.runtime.engine.tracing import span_id
from comb_compiler.runtime.telemetry.traces import Traces, batched, resource_of
from comb_compiler.runtime.telemetry.watching import observers_of, traced
from tests.runtime.plans import chain
from tests.runtime.post.post_pb2 import Letter, Request

HELLO = Request(letter=Letter(text="hello"))
PARENT = f"00-{'ab' * 16}-{'cd' * 8}-01"


class Collector(otlp_grpc.TraceServiceServicer):
    """Keeps what it is sent, by the name of the span."""

    def __init__(self) -> None:
        self.requests: list[otlp.ExportTraceServiceRequest] = []

    def Export(self, request: Any, context: Any) -> Any:  # noqa: N802
        self.requests.append(request)
        return otlp.ExportTraceServiceResponse()

    @property
    def spans(self) -> list[Any]:
        return [
            span
            for request in self.requests
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]

    @property
    def resource(self) -> dict[str, str]:
        (resource, *_) = [one.resource for request in self.requests for one in request.resource_spans]
        return {one.key: one.value.string_value for one in resource.attributes}


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    """A server that speaks OTLP, and the environment that sends spans there."""
    server = grpc.server(ThreadPoolExecutor(2))
    kept = Collector()
    otlp_grpc.add_TraceServiceServicer_to_server(kept, server)  # type: ignore[no-untyped-call]
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{port}")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_INSECURE", "true")
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment=test")
    yield kept
    server.stop(0).wait()


def attributes(span: Any) -> dict[str, Any]:
    return {one.key: one.value.string_value or one.value.int_value for one in span.attributes}


def run(plan: ExecutionPlan, share: float, *calls: dict[str, Any]) -> None:
    """Answer requests by an engine that is traced, and send all spans."""
    traces = Traces(plan, batched(), resource_of(plan.comb, "r1"), share=share, seed=1)

    async def main() -> None:
        async with Engine(plan, observers=[traces], release="r1") as engine:
            for call in calls:
                await engine.run(HELLO, within=30.0, **call)

    asyncio.run(main())
    traces.close()


def test_a_trace_goes_on_from_the_caller_through_every_node(collector: Collector) -> None:
    run(chain("shout", 2), 0.0, {"traceparent": PARENT, "request_id": "r-1"})
    root, first, second = collector.spans
    assert root.name == "{0.service}/{0.name}".format(chain("shout", 2).method)
    assert (root.trace_id.hex(), root.parent_span_id.hex()) == ("ab" * 16, "cd" * 8)
    own = int.from_bytes(root.span_id, "big")
    for index, node in enumerate((first, second)):
        assert (node.name, node.trace_id, node.parent_span_id) == (f"n{index}", root.trace_id, root.span_id)
        assert int.from_bytes(node.span_id, "big") == span_id(own, index)
        assert root.start_time_unix_nano <= node.start_time_unix_nano <= node.end_time_unix_nano
        assert attributes(node)["comb.operator"] == "shout"
    assert attributes(root)["comb.request_id"] == "r-1"
    assert attributes(root)["rpc.system"] == "grpc"
    assert collector.resource["service.name"] == chain("shout", 2).comb
    assert collector.resource["deployment.environment"] == "test"


def test_a_failure_is_an_error_of_its_node_and_of_the_request(collector: Collector) -> None:
    run(chain("raises", 1), 1.0, {})
    root, node = collector.spans
    assert [one.status.message for one in (root, node)] == ["INTERNAL", "INTERNAL"]
    assert attributes(root)["rpc.grpc.status_code"] == 13
    assert root.parent_span_id == b""


def test_who_does_not_record_is_not_recorded(collector: Collector) -> None:
    run(chain("shout", 1), 1.0, {"traceparent": PARENT[:-2] + "00"}, {"request_id": Probe("golden")})
    assert collector.spans == []


def test_a_share_is_a_share(collector: Collector) -> None:
    run(chain("shout", 1), 0.1, *([{}] * 1000))
    assert 70 <= len(collector.spans) / 2 <= 130
    assert len({span.trace_id for span in collector.spans}) == len(collector.spans) / 2


def test_a_collector_that_is_away_fails_no_request(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "1")
    plan = chain("shout", 1)

    async def main() -> None:
        traces = Traces(plan, batched(), resource_of(plan.comb, ""), share=1.0)
        async with Engine(plan, observers=[traces]) as engine:
            for _ in range(100):
                assert (await engine.call(HELLO)).text == "HELLO"
        assert traces._parents == {}

    asyncio.run(main())


def test_spans_go_where_the_environment_says() -> None:
    assert not traced({})
    assert traced({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4317"})
    assert not traced({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4317", "OTEL_SDK_DISABLED": "true"})
    assert len(observers_of(chain("shout", 1), {})) == 1


def test_requests_that_are_not_admitted_leave_nothing(collector: Collector) -> None:
    plan = chain("shout", 1)
    traces = Traces(plan, batched(), resource_of(plan.comb, ""), share=1.0)

    async def main() -> None:
        async with Engine(plan, observers=[traces]) as engine:
            with pytest.raises(OperatorError):
                await engine.run(HELLO, within=-1.0)

    asyncio.run(main())
    traces.close()
    assert collector.spans == []


def test_without_the_package_for_spans_a_process_serves_and_says_so(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.delitem(sys.modules, "comb_compiler.runtime.telemetry.traces")
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.grpc.trace_exporter", None)
    watching = observers_of(chain("shout", 1), {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4317"})
    assert len(watching) == 1
    assert "spans are not sent: the Python package `opentelemetry" in caplog.text
