"""Who watches the requests of a process: failures are logged, and spans are sent where the environment says so."""

import logging
from collections.abc import Mapping

from comb_compiler.release import ExecutionPlan
from comb_compiler.runtime.engine import Observer
from comb_compiler.runtime.recording.hiding import hidden_in
from comb_compiler.runtime.telemetry.failures import FailureLog

__all__ = ["ENDPOINTS", "observers_of", "traced"]

_log = logging.getLogger("comb.traces")
ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
"""OpenTelemetry's own variables: spans are sent where one of them says so."""


def traced(environment: Mapping[str, str]) -> bool:
    """Whether spans go anywhere."""
    is_off = environment.get("OTEL_SDK_DISABLED", "").lower() == "true"
    return not is_off and any(environment.get(name) for name in ENDPOINTS)


def observers_of(
    plan: ExecutionPlan, environment: Mapping[str, str], *, release: str = "", share: float = 0.01
) -> tuple[Observer, ...]:
    """The observers of a process that answers requests. Those that have a `close` are closed by who has them."""
    failures = FailureLog(hide=hidden_in(plan))
    if not traced(environment):
        return (failures,)
    try:
        from comb_compiler.runtime.telemetry.traces import Traces, batched, resource_of
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] != "opentelemetry":
            raise
        # Whoever runs the cluster may say where spans go to all pods at once; that is no reason not to serve.
        _log.warning("spans are not sent: the Python package `%s` is missing (the extra `telemetry`)", error.name)
        return (failures,)

    return failures, Traces(plan, batched(), resource_of(plan.comb, release), share=share)
