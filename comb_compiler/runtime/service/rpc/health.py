"""gRPC health (grpc.health.v1): for the whole, and for the comb's own service."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import grpc
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse

from comb_compiler.runtime.service.stage import Stage

__all__ = ["Health"]

_LOOK_AGAIN = 0.2
"""Seconds between two looks at whether a watched health has changed."""
_MOST_WATCHERS = 1000


class Health(grpc.GenericRpcHandler):  # type: ignore[misc]
    """Answers `Check` and `Watch`. A watch ends when the service does, so that it holds up no shutdown."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._watchers = 0
        parse, serialise = HealthCheckRequest.FromString, HealthCheckResponse.SerializeToString
        self._handlers = {
            "/grpc.health.v1.Health/Check": grpc.unary_unary_rpc_method_handler(self._check, parse, serialise),
            "/grpc.health.v1.Health/Watch": grpc.unary_stream_rpc_method_handler(self._watch, parse, serialise),
        }

    def service(self, call: Any) -> Any:
        """The handler of a call, for gRPC."""
        return self._handlers.get(call.method)

    def _status(self, service: str) -> int:
        face = self._stage.face
        if service and (face is None or service != face.service):
            return int(HealthCheckResponse.SERVICE_UNKNOWN)
        return int(HealthCheckResponse.NOT_SERVING if self._stage.reasons else HealthCheckResponse.SERVING)

    async def _check(self, request: Any, context: Any) -> Any:
        status = self._status(request.service)
        if status == HealthCheckResponse.SERVICE_UNKNOWN:
            await context.abort(grpc.StatusCode.NOT_FOUND, "this service is not served here")
        return HealthCheckResponse(status=status)

    async def _watch(self, request: Any, context: Any) -> AsyncIterator[Any]:
        if self._watchers >= _MOST_WATCHERS:
            await context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, f"{self._watchers} clients are watching")
        self._watchers += 1
        last = None
        try:
            while not self._stage.ended.is_set():
                status = self._status(request.service)
                if status != last:
                    last = status
                    yield HealthCheckResponse(status=status)
                await asyncio.sleep(_LOOK_AGAIN)
        finally:
            self._watchers -= 1
