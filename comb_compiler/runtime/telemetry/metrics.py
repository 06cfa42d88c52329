"""What a process of a comb counts, as Prometheus and OpenMetrics read it.

Nothing is counted here: what is there is read when somebody asks. `FAMILIES` is all that there can be.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from prometheus_client import ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import choose_encoder

from comb_compiler.release import ExecutionPlan
from comb_compiler.runtime.codes import Code
from comb_compiler.runtime.engine.meters import BOUNDS, Measure, Meter, Meters

__all__ = ["FAMILIES", "Family", "Page", "arms_of", "measures_of", "page"]


class Family(NamedTuple):
    """Metrics of one name. A counter's name ends in `_total`; times are in seconds, shares from 0 to 1."""

    name: str
    kind: str
    labels: tuple[str, ...]
    meaning: str


_MODEL = ("arm", "operator", "model", "version", "params")

FAMILIES = (
    Family("comb_build_info", "gauge", ("comb", "release", "version"), "Always 1: what runs here."),
    Family("comb_ready", "gauge", (), "Whether requests should come here."),
    Family("comb_requests_total", "counter", ("arm", "code"), "Requests that have ended, by gRPC's code."),
    Family("comb_request_seconds", "histogram", ("arm",), "How long requests took."),
    Family("comb_requests_under_way", "gauge", (), "Requests that were taken on and have not ended."),
    Family(
        "comb_requests_refused_total",
        "counter",
        ("by",),
        "Requests that were not taken on, by the service or the engine.",
    ),
    Family("comb_steps_total", "counter", ("arm", "step", "operator", "code"), "Calls of operators that have ended."),
    Family("comb_step_seconds", "histogram", ("arm", "step", "operator"), "How long calls of operators took."),
    Family("comb_step_turns_total", "counter", ("arm", "step", "operator"), "Calls of operators whose turn has come."),
    Family(
        "comb_step_waiting_seconds_total",
        "counter",
        ("arm", "step", "operator"),
        "How long calls of operators waited for their turn.",
    ),
    Family("comb_step_timed_total", "counter", ("arm", "step", "operator"), "Calls whose CPU time was measured."),
    Family("comb_step_cpu_seconds_total", "counter", ("arm", "step", "operator"), "CPU time of those calls."),
    Family("comb_calls_total", "counter", ("arm", "operator", "code"), "Calls that were answered for another process."),
    Family("comb_call_seconds", "histogram", ("arm", "operator"), "How long calls from another process took."),
    Family("comb_calls_under_way", "gauge", (), "Calls from another process that have not ended."),
    Family("comb_queue_length", "gauge", ("arm", "operator"), "Calls that wait for their turn."),
    Family("comb_batches_total", "counter", ("arm", "operator", "size"), "Batches by how many calls were in them."),
    Family("comb_batch_seconds_total", "counter", ("arm", "operator", "size"), "How long batches took."),
    Family("comb_workers", "gauge", ("arm", "operator"), "How many calls, or batches, of an operator run at once."),
    Family(
        "comb_worker_restarts_total", "counter", ("arm", "operator"), "Worker processes that had to be started again."
    ),
    Family("comb_retries_total", "counter", (), "Calls of operators that were tried again."),
    Family("comb_abandoned_calls", "gauge", (), "Calls that nobody waits for any more and that have not ended."),
    Family(
        "comb_log_lines_dropped_total",
        "counter",
        (),
        "Lines of the log, and of what is printed, that were not read fast enough.",
    ),
    Family(
        "comb_exposures_total",
        "counter",
        ("release", "arm", "how"),
        "Requests by who answered them, and why that one.",
    ),
    Family(
        "comb_exposed_users",
        "gauge",
        ("release", "arm"),
        "Users since the weights last changed, counted from a sample.",
    ),
    Family("comb_sample_ratio_mismatch_p_value", "gauge", ("of",), "How likely such shares of users are by chance."),
    Family("comb_release_refusals_total", "counter", ("release",), "Requests that a release did not take on."),
    Family("comb_failovers_total", "counter", (), "Requests that the stable release answered for a candidate."),
    Family("comb_candidate_share", "gauge", (), "The share of users that a candidate gets."),
    Family("comb_arm_weight", "gauge", ("arm",), "The weights of arms that hold now."),
    Family("comb_weights_loads_total", "counter", (), "How often the file of weights was taken over."),
    Family("comb_weights_refusals_total", "counter", (), "How often the file of weights could not be used."),
    Family("comb_weights_refused", "gauge", (), "Whether the file of weights as it is now cannot be used."),
    Family("comb_model_health", "gauge", (*_MODEL, "level"), "1 for the level that a model version is at."),
    Family("comb_model_answers_looked_at_total", "counter", _MODEL, "Answers of a model version that were looked at."),
    Family("comb_model_answers_not_finite_total", "counter", _MODEL, "Of these, those with NaN or infinity in them."),
    Family("comb_model_golden_samples_blamed", "gauge", _MODEL, "Golden samples whose wrong answers point at it."),
    Family("comb_model_golden_slower_ratio", "gauge", _MODEL, "How much slower golden samples are than at the start."),
    Family("comb_model_drift_psi", "gauge", _MODEL, "The largest population stability index of its answers."),
    Family("comb_model_drift_ks", "gauge", _MODEL, "The largest Kolmogorov-Smirnov distance of its answers."),
    Family("comb_model_drift_shifted", "gauge", _MODEL, "How many features of its answers have shifted."),
    Family("comb_requests_drift_shifted", "gauge", (), "How many features of the requests have shifted."),
    Family("comb_recording_records_total", "counter", (), "Records that were made of requests."),
    Family(
        "comb_recording_lost_total", "counter", ("reason",), "Requests that should have been recorded and were not."
    ),
    Family("comb_recording_shipped_total", "counter", (), "Records that the sample store has taken."),
    Family("comb_recording_waiting_bytes", "gauge", (), "Records that wait for the sample store."),
    Family("comb_recording_store_answers", "gauge", (), "Whether the sample store takes records."),
    Family(
        "comb_store_records_total", "counter", ("came",), "Records put into a store on servers, by what came of it."
    ),
    Family("comb_store_calls_total", "counter", ("server",), "Calls of a server of the sample store that have ended."),
    Family("comb_store_call_seconds", "histogram", ("server",), "How long these took, with all their attempts."),
    Family("comb_store_retries_total", "counter", ("server",), "Attempts at such calls beside the first."),
    Family("comb_store_failures_total", "counter", ("server",), "Such calls that failed for good."),
    Family(
        "comb_store_rejected_total", "counter", ("server",), "Such calls that were not tried, as it was left alone."
    ),
    Family("comb_store_circuit_open", "gauge", ("server",), "Whether that server is left alone, as it kept failing."),
    Family("comb_recording_rules_left_out_total", "counter", (), "Requests that rules had no time to look at."),
    Family("comb_recording_rule_failures_total", "counter", ("rule",), "How often a rule could not be evaluated."),
    Family("comb_recording_rule_off", "gauge", ("rule",), "Whether a rule was switched off, being slow or failing."),
    Family("comb_golden_samples", "gauge", ("arm", "kind"), "Golden samples by how they were answered last."),
    Family("comb_golden_samples_skipped_total", "counter", ("arm",), "Golden samples that were left out while busy."),
)
"""All metrics of a comb's process, beside those that Prometheus' own client has of any process (`process_*`)."""

_BY_NAME = {family.name: family for family in FAMILIES}


_STEPS = "comb_steps_total"
_OF_TURNS: tuple[tuple[str, Callable[[Meter], float]], ...] = (
    ("comb_step_turns_total", lambda meter: meter.turns),
    ("comb_step_waiting_seconds_total", lambda meter: meter.waited),
    ("comb_step_timed_total", lambda meter: meter.timed),
    ("comb_step_cpu_seconds_total", lambda meter: meter.cpu),
)


class Page(NamedTuple):
    """A metrics page, and what it is in."""

    content: bytes
    content_type: str


class _Metered(NamedTuple):
    """Meters of one kind, each with its labels' values."""

    counts: str
    seconds: str
    rows: Sequence[tuple[tuple[str, ...], Meter]]


def page(
    measures: Iterable[Measure],
    plan: ExecutionPlan | None = None,
    meters: Meters | None = None,
    accept: str = "",
    calls: Sequence[tuple[tuple[str, str], Meter]] = (),
) -> Page:
    """The page of some measures and meters, in the form that is asked for: Prometheus' text, or OpenMetrics.

    `calls` are meters of those that came from another process, each with arm and operator.
    """
    metrics = list(_of_measures(measures))
    if plan is not None and meters is not None:
        for metered in _metered(plan, meters):
            metrics += [*_of_meters(metered), *(_of_turns(metered) if metered.counts == _STEPS else ())]
    if calls:
        metrics += _of_meters(_Metered("comb_calls_total", "comb_call_seconds", calls))
    metrics += ProcessCollector(registry=None).collect()
    encode, content_type = choose_encoder(accept)
    return Page(encode(_Collected(metrics)), content_type)


class _Collected:
    """What the encoders of prometheus_client take: something that gives its metrics."""

    def __init__(self, metrics: Sequence[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> Sequence[Metric]:
        """The metrics."""
        return self._metrics


def measures_of(plan: ExecutionPlan, meters: Meters, queues: Mapping[str, int], abandoned: int) -> Iterator[Measure]:
    """What an engine counts, beside its requests and calls; bindings are told by operator and arms, as steps are."""
    labels = {
        one.name: {"arm": arms_of(plan, index), "operator": one.operator} for index, one in enumerate(plan.bindings)
    }
    yield Measure("comb_requests_refused_total", {"by": "engine"}, meters.refused)
    for binding, waiting in queues.items():
        yield Measure("comb_queue_length", labels[binding], waiting)
    for binding, sizes in meters.batches.items():
        for size, batches in sorted(sizes.items()):
            yield Measure("comb_batches_total", {**labels[binding], "size": str(size)}, batches.many)
            yield Measure("comb_batch_seconds_total", {**labels[binding], "size": str(size)}, batches.seconds)
    for binding, count in meters.workers.items():
        yield Measure("comb_workers", labels[binding], count)
    for binding, count in meters.restarts.items():
        yield Measure("comb_worker_restarts_total", labels[binding], count)
    yield Measure("comb_retries_total", {}, meters.retries)
    yield Measure("comb_abandoned_calls", {}, abandoned)


def arms_of(plan: ExecutionPlan, binding: int) -> str:
    """The arms whose graphs call a binding, by index: those that share one are counted, and named, together."""
    arms = plan.experiment.arms if plan.experiment is not None else ()
    graphs = {
        number for number, graph in enumerate(plan.graphs) if any(node.binding == binding for node in graph.nodes)
    }
    return ",".join(arm.name for arm in arms if arm.graph in graphs)


def _of_measures(measures: Iterable[Measure]) -> Iterator[Metric]:
    found: dict[str, list[Measure]] = {}
    for measure in measures:
        found.setdefault(measure.name, []).append(measure)
    for name, several in found.items():
        family = _BY_NAME[name]
        if family.kind == "histogram":
            yield _histogram(family, several)
            continue
        kind = CounterMetricFamily if family.kind == "counter" else GaugeMetricFamily
        metric = kind(name, family.meaning, labels=family.labels)
        for one in several:
            metric.add_metric([one.labels.get(label, "") for label in family.labels], one.value)
        yield metric


def _histogram(family: Family, measures: Sequence[Measure]) -> Metric:
    """Of measures that have a bound, `le`, and count what is no more than that; and of sums, which have none."""
    metric = HistogramMetricFamily(family.name, family.meaning, labels=family.labels)
    buckets: dict[tuple[str, ...], list[tuple[str, float]]] = {}
    sums: dict[tuple[str, ...], float] = {}
    for one in measures:
        labels = tuple(one.labels.get(label, "") for label in family.labels)
        if "le" in one.labels:
            buckets.setdefault(labels, []).append((one.labels["le"], one.value))
        else:
            sums[labels] = one.value
    for labels, counts in buckets.items():
        metric.add_metric(labels, counts, sums[labels])
    return metric


def _metered(plan: ExecutionPlan, meters: Meters) -> Iterator[_Metered]:
    arms = plan.experiment.arms if plan.experiment is not None else ()
    names = tuple(arm.name for arm in arms) or ("",)
    rows = [((name,), meter) for name, meter in zip(names, meters.requests, strict=True)]
    yield _Metered("comb_requests_total", "comb_request_seconds", rows)
    # Arms that run the same graph are counted together, and named together.
    sharing = [",".join(arm.name for arm in arms if arm.graph == number) for number in range(len(plan.graphs))]
    steps = [
        ((sharing[number], node.name, plan.bindings[node.binding].operator), meter)
        for number, (graph, of_graph) in enumerate(zip(plan.graphs, meters.nodes, strict=True))
        for node, meter in zip(graph.nodes, of_graph, strict=True)
    ]
    yield _Metered(_STEPS, "comb_step_seconds", steps)


def _of_turns(metered: _Metered) -> Iterator[Metric]:
    """What is known of calls beside how they ended."""
    for name, of in _OF_TURNS:
        family = _BY_NAME[name]
        metric = CounterMetricFamily(family.name, family.meaning, labels=family.labels)
        for labels, meter in metered.rows:
            if meter.turns:
                metric.add_metric(list(labels), of(meter))
        yield metric


def _of_meters(metered: _Metered) -> Iterator[Metric]:
    family = _BY_NAME[metered.counts]
    counts = CounterMetricFamily(family.name, family.meaning, labels=family.labels)
    for labels, meter in metered.rows:
        for code, count in sorted(meter.codes.items()):
            counts.add_metric([*labels, Code(code).name], count)
    yield counts
    family = _BY_NAME[metered.seconds]
    seconds = HistogramMetricFamily(family.name, family.meaning, labels=family.labels)
    for labels, meter in metered.rows:
        taken, total, buckets = meter.histogram, 0, []
        for bound, count in zip((*map(str, BOUNDS), "+Inf"), taken.buckets, strict=True):
            total += count
            buckets.append((bound, total))
        seconds.add_metric(list(labels), buckets, taken.sum)
    yield seconds
