"""What a comb's dashboard shows: rows of panels, each with its queries."""

from datetime import timedelta
from functools import lru_cache

from comb_compiler.render.monitoring.devices import device_row, device_selectors
from comb_compiler.render.monitoring.objectives import entry_labels
from comb_compiler.render.monitoring.views import ENTRY, EVERYWHERE, FAILURES, Panel, Query, Row
from comb_compiler.render.promql import any_of, rate, selector
from comb_compiler.render.rendering import Rendering

__all__ = ["rows", "selectors"]

_EACH = "$__rate_interval"
"""Grafana's own: a window that holds enough scrapes."""
_QUANTILES = ("p50", "p90", "p95", "p99")
_MODEL = ("operator", "model", "version")


def rows(rendering: Rendering) -> tuple[Row, ...]:
    """The rows, from what callers see to what it runs on; `selectors` says what selects their series."""
    comb = rendering.comb
    promised = tuple((name, value) for name in _QUANTILES if (value := getattr(comb.sla, name)))
    has_arms = comb.experiment is not None or comb.rollout is not None
    return (*_own_rows(promised, has_arms, bool(comb.models)), *device_row(rendering))


def selectors(rendering: Rendering) -> dict[str, str]:
    """What selects the series of a comb, by what stands for it in the queries."""
    entry, processes = entry_labels(rendering), any_of(rendering.service(group) for group in rendering.groups)
    return {
        ENTRY: selector(entry),
        FAILURES: selector(entry, unlike={"code": "OK"}),
        EVERYWHERE: selector({"namespace": rendering.namespace}, like={"service": processes}),
        **device_selectors(rendering),
    }


@lru_cache(maxsize=256)
def _own_rows(promised: tuple[tuple[str, timedelta], ...], has_arms: bool, has_models: bool) -> tuple[Row, ...]:
    arms, models = [_arms()] if has_arms else [], [_models()] if has_models else []
    return (_requests(), _latency(promised), _operators(), *arms, *models, _processes())


def _answering(metric: str) -> str:
    return metric + ENTRY


def _failing(metric: str) -> str:
    return metric + FAILURES


def _everywhere(metric: str) -> str:
    return metric + EVERYWHERE


def _requests() -> Row:
    total, bad = _answering("comb_requests_total"), _failing("comb_requests_total")
    return Row(
        "Requests",
        (
            Panel("Requests by arm", "reqps", (Query(rate(total, _EACH, "arm"), "{{arm}}"),)),
            Panel(
                "Requests that were not answered",
                "reqps",
                (Query(rate(bad, _EACH, "code", "arm"), "{{code}} {{arm}}"),),
            ),
            Panel(
                "Under way, and not taken on",
                "short",
                (
                    Query(f"sum({_answering('comb_requests_under_way')})", "under way"),
                    Query(rate(_answering("comb_requests_refused_total"), _EACH, "by"), "refused a second by {{by}}"),
                ),
            ),
        ),
    )


def _quantile(share: str, buckets: str, *by: str) -> str:
    return f"histogram_quantile({share}, {rate(buckets, _EACH, 'le', *by)})"


def _latency(promised: tuple[tuple[str, timedelta], ...]) -> Row:
    buckets = _answering("comb_request_seconds_bucket")
    asked = [Query(_quantile(f"0.{name[1:]}", buckets), name) for name in _QUANTILES]
    lines = [Query(f"vector({value.total_seconds():g})", f"{name} promised") for name, value in promised]
    return Row(
        "Latency",
        (
            Panel("Latency, and what is promised", "s", (*asked, *lines)),
            Panel("p99 by arm", "s", (Query(_quantile("0.99", buckets, "arm"), "{{arm}}"),)),
            Panel(
                "How long requests took",
                "s",
                (Query(rate(buckets, _EACH, "le"), "{{le}}", format="heatmap"),),
                kind="heatmap",
            ),
        ),
    )


def _operators() -> Row:
    steps = _answering("comb_step_seconds_bucket")
    spent = rate(_answering("comb_step_seconds_sum"), _EACH, "step")
    ended = rate(_answering("comb_step_seconds_count"), _EACH, "step")
    bad = _failing("comb_steps_total")
    batches = rate(_everywhere("comb_batches_total"), _EACH, "operator", "size")
    queue = _everywhere("comb_queue_length")
    return Row(
        "Operators",
        (
            Panel(
                "Where the time goes: a step's mean", "s", (Query(f"{spent} / {ended}", "{{step}}"),), kind="bargauge"
            ),
            Panel("p95 of each step", "s", (Query(_quantile("0.95", steps, "step"), "{{step}}"),)),
            Panel("Steps that fail", "ops", (Query(rate(bad, _EACH, "step", "code"), "{{step}} {{code}}"),)),
            Panel("Calls that wait", "short", (Query(f"sum by (operator) ({queue})", "{{operator}}"),)),
            Panel("Batches by size", "ops", (Query(batches, "{{operator}}: {{size}}"),)),
            Panel(
                "Tried again, started again, abandoned",
                "short",
                (
                    Query(rate(_everywhere("comb_retries_total"), _EACH), "calls tried again a second"),
                    Query(
                        rate(_everywhere("comb_worker_restarts_total"), _EACH, "operator"),
                        "{{operator}} started again a second",
                    ),
                    Query(f"sum({_everywhere('comb_abandoned_calls')})", "abandoned calls"),
                ),
            ),
        ),
    )


def _arms() -> Row:
    exposed = rate(_answering("comb_exposures_total"), _EACH, "release", "arm", "how")
    return Row(
        "Arms and releases",
        (
            Panel("Who answered, and why", "reqps", (Query(exposed, "{{release}} {{arm}} {{how}}"),)),
            Panel(
                "Weights, and a candidate's share",
                "short",
                (
                    Query(f"max by (arm) ({_answering('comb_arm_weight')})", "{{arm}}"),
                    Query(f"max({_answering('comb_candidate_share')})", "candidate"),
                    Query(f"max({_answering('comb_weights_refused')})", "the file of weights is refused"),
                ),
            ),
            Panel(
                "Whether users are shared as they should be",
                "short",
                (
                    Query(f"min by (of) ({_answering('comb_sample_ratio_mismatch_p_value')})", "p-value: {{of}}"),
                    Query(rate(_answering("comb_failovers_total"), _EACH), "answered for a candidate, a second"),
                ),
                note="Below 0.001 an arm loses users on the way.",
            ),
        ),
    )


def _models() -> Row:
    by = ", ".join(_MODEL)
    named = "{{operator}} {{model}}@{{version}}"
    wrong = rate(_everywhere("comb_model_answers_not_finite_total"), _EACH, *_MODEL)
    return Row(
        "Models",
        (
            Panel(
                "Model health",
                "short",
                (Query(f"sum by ({by}, level) ({_everywhere('comb_model_health')})", f"{named} {{{{level}}}}"),),
                kind="bargauge",
                note="Processes that see a model version at this level.",
            ),
            Panel(
                "Drift of answers",
                "short",
                (Query(f"max by ({by}) ({_everywhere('comb_model_drift_psi')})", f"{named} PSI"),),
            ),
            Panel(
                "Golden samples, and answers that are no numbers",
                "short",
                (
                    Query(f"sum by (arm, kind) ({_everywhere('comb_golden_samples')})", "{{kind}} {{arm}}"),
                    Query(wrong, f"{named}: NaN or infinity, a second"),
                ),
            ),
        ),
    )


def _processes() -> Row:
    cpu = rate(_everywhere("process_cpu_seconds_total"), _EACH, "service", "pod")
    memory = f"max by (service, pod) ({_everywhere('process_resident_memory_bytes')})"
    builds = f"count by (release, service) ({_everywhere('comb_build_info')})"
    return Row(
        "Processes",
        (
            Panel(
                "Pods that are ready, and what runs",
                "short",
                (
                    Query(f"sum by (service) ({_everywhere('comb_ready')})", "{{service}} ready"),
                    Query(builds, "{{service}} {{release}}"),
                ),
            ),
            Panel("Cores", "short", (Query(cpu, "{{pod}}"),)),
            Panel("Memory", "bytes", (Query(memory, "{{pod}}"),)),
        ),
    )
