"""What a recorder counts, for a page of metrics. Values of requests are in none of it."""

from collections.abc import Iterator
from itertools import accumulate

from comb_compiler.runtime.engine.meters import Measure
from comb_compiler.runtime.recording.recorder import Recorder
from comb_compiler.samples.figures import BOUNDS, StoreFigures

__all__ = ["measures"]


def measures(recorder: Recorder) -> Iterator[Measure]:
    """The measures of a recorder; what each means is in `telemetry.metrics`."""
    yield Measure("comb_recording_records_total", {}, recorder.recorded)
    for reason, count in sorted(recorder.losses.counts.items()):
        yield Measure("comb_recording_lost_total", {"reason": reason}, count)
    yield Measure("comb_recording_shipped_total", {}, recorder.shipping.shipped)
    yield Measure("comb_recording_waiting_bytes", {}, recorder.waiting)
    yield Measure("comb_recording_store_answers", {}, float(recorder.shipping.answers))
    figures = recorder.shipping.figures
    if figures is not None:
        yield from _of_store(figures)
    marking = recorder.marking
    if marking is not None and marking.failures:
        yield Measure("comb_recording_rules_left_out_total", {}, recorder.left_out)
        for rule, count in marking.failures.items():
            yield Measure("comb_recording_rule_failures_total", {"rule": rule}, count)
            yield Measure("comb_recording_rule_off", {"rule": rule}, float(rule in marking.off))


def _of_store(figures: StoreFigures) -> Iterator[Measure]:
    for came in ("new", "known", "refused"):
        yield Measure("comb_store_records_total", {"came": came}, getattr(figures, came))
    for server, calls in figures.servers.items():
        labels = {"server": server}
        for name in ("calls", "retries", "failures", "rejected"):
            yield Measure(f"comb_store_{name}_total", labels, getattr(calls, name))
        yield Measure("comb_store_circuit_open", labels, float(calls.open))
        yield Measure("comb_store_call_seconds", labels, calls.seconds)
        for bound, count in zip((*map(str, BOUNDS), "+Inf"), accumulate(calls.buckets), strict=True):
            yield Measure("comb_store_call_seconds", {**labels, "le": bound}, count)
