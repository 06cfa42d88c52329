"""What a comb's dashboard shows: rows of panels, each with its queries."""

from collections.abc import Iterator
from typing import NamedTuple

from comb_compiler.render.monitoring.devices import device_row
from comb_compiler.render.monitoring.objectives import entry_labels
from comb_compiler.render.monitoring.views import Panel, Query, Row
from comb_compiler.render.promql import any_of, rate, selector
from comb_compiler.render.rendering import Rendering

__all__ = ["rows"]

_EACH = "$__rate_interval"
"""Grafana's own: a window that holds enough scrapes."""
_QUANTILES = ("p50", "p90", "p95", "p99")
_MODEL = ("operator", "model", "version")


class _Series(NamedTuple):
    """What selects the comb's series: those of the process that answers, of these what did not end well, and those of
    all of its processes.
    """

    of_entry: str
    of_failures: str
    of_all: str

    def answering(self, metric: str) -> str:
        return metric + self.of_entry

    def failing(self, metric: str) -> str:
        return metric + self.of_failures

    def everywhere(self, metric: str) -> str:
        return metric + self.of_all


def rows(rendering: Rendering) -> Iterator[Row]:
    """The rows, from what callers see to what it runs on."""
    entry, processes = entry_labels(rendering), any_of(rendering.service(group) for group in rendering.groups)
    series = _Series(
        selector(entry),
        selector(entry, unlike={"code": "OK"}),
        selector({"namespace": rendering.namespace}, like={"service": processes}),
    )
    yield _requests(series)
    yield _latency(rendering, series)
    yield _operators(series)
    if rendering.comb.experiment is not None or rendering.comb.rollout is not None:
        yield _arms(series)
    if rendering.comb.models:
        yield _models(series)
    yield _processes(series)
    yield from device_row(rendering)


def _requests(series: _Series) -> Row:
    total, bad = series.answering("comb_requests_total"), series.failing("comb_requests_total")
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
                    Query(f"sum({series.answering('comb_requests_under_way')})", "under way"),
                    Query(
                        rate(series.answering("comb_requests_refused_total"), _EACH, "by"), "refused a second by {{by}}"
                    ),
                ),
            ),
        ),
    )


def _quantile(share: str, buckets: str, *by: str) -> str:
    return f"histogram_quantile({share}, {rate(buckets, _EACH, 'le', *by)})"


def _latency(rendering: Rendering, series: _Series) -> Row:
    buckets = series.answering("comb_request_seconds_bucket")
    asked = [Query(_quantile(f"0.{name[1:]}", buckets), name) for name in _QUANTILES]
    promised = [(name, getattr(rendering.comb.sla, name)) for name in _QUANTILES]
    lines = [Query(f"vector({value.total_seconds():g})", f"{name} promised") for name, value in promised if value]
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


def _operators(series: _Series) -> Row:
    steps = series.answering("comb_step_seconds_bucket")
    spent = rate(series.answering("comb_step_seconds_sum"), _EACH, "step")
    ended = rate(series.answering("comb_step_seconds_count"), _EACH, "step")
    bad = series.failing("comb_steps_total")
    batches = rate(series.everywhere("comb_batches_total"), _EACH, "operator", "size")
    queue = series.everywhere("comb_queue_length")
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
                    Query(rate(series.everywhere("comb_retries_total"), _EACH), "calls tried again a second"),
                    Query(
                        rate(series.everywhere("comb_worker_restarts_total"), _EACH, "operator"),
                        "{{operator}} started again a second",
                    ),
                    Query(f"sum({series.everywhere('comb_abandoned_calls')})", "abandoned calls"),
                ),
            ),
        ),
    )


def _arms(series: _Series) -> Row:
    exposed = rate(series.answering("comb_exposures_total"), _EACH, "release", "arm", "how")
    return Row(
        "Arms and releases",
        (
            Panel("Who answered, and why", "reqps", (Query(exposed, "{{release}} {{arm}} {{how}}"),)),
            Panel(
                "Weights, and a candidate's share",
                "short",
                (
                    Query(f"max by (arm) ({series.answering('comb_arm_weight')})", "{{arm}}"),
                    Query(f"max({series.answering('comb_candidate_share')})", "candidate"),
                    Query(f"max({series.answering('comb_weights_refused')})", "the file of weights is refused"),
                ),
            ),
            Panel(
                "Whether users are shared as they should be",
                "short",
                (
                    Query(f"min by (of) ({series.answering('comb_sample_ratio_mismatch_p_value')})", "p-value: {{of}}"),
                    Query(rate(series.answering("comb_failovers_total"), _EACH), "answered for a candidate, a second"),
                ),
                note="Below 0.001 an arm loses users on the way.",
            ),
        ),
    )


def _models(series: _Series) -> Row:
    by = ", ".join(_MODEL)
    named = "{{operator}} {{model}}@{{version}}"
    wrong = rate(series.everywhere("comb_model_answers_not_finite_total"), _EACH, *_MODEL)
    return Row(
        "Models",
        (
            Panel(
                "Model health",
                "short",
                (Query(f"sum by ({by}, level) ({series.everywhere('comb_model_health')})", f"{named} {{{{level}}}}"),),
                kind="bargauge",
                note="Processes that see a model version at this level.",
            ),
            Panel(
                "Drift of answers",
                "short",
                (Query(f"max by ({by}) ({series.everywhere('comb_model_drift_psi')})", f"{named} PSI"),),
            ),
            Panel(
                "Golden samples, and answers that are no numbers",
                "short",
                (
                    Query(f"sum by (arm, kind) ({series.everywhere('comb_golden_samples')})", "{{kind}} {{arm}}"),
                    Query(wrong, f"{named}: NaN or infinity, a second"),
                ),
            ),
        ),
    )


def _processes(series: _Series) -> Row:
    cpu = rate(series.everywhere("process_cpu_seconds_total"), _EACH, "service", "pod")
    memory = f"max by (service, pod) ({series.everywhere('process_resident_memory_bytes')})"
    builds = f"count by (release, service) ({series.everywhere('comb_build_info')})"
    return Row(
        "Processes",
        (
            Panel(
                "Pods that are ready, and what runs",
                "short",
                (
                    Query(f"sum by (service) ({series.everywhere('comb_ready')})", "{{service}} ready"),
                    Query(builds, "{{service}} {{release}}"),
                ),
            ),
            Panel("Cores", "short", (Query(cpu, "{{pod}}"),)),
            Panel("Memory", "bytes", (Query(memory, "{{pod}}"),)),
        ),
    )
