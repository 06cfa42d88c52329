"""A report as measures for a metrics page: plain values, by whoever writes the page."""

from collections.abc import Callable, Iterator

from comb_compiler.runtime.engine.meters import Measure
from comb_compiler.runtime.health.status import Level, ModelHealth, Report

__all__ = ["Measure", "measures"]


_OF_MODELS: tuple[tuple[str, Callable[[ModelHealth], float]], ...] = (
    ("comb_model_answers_looked_at_total", lambda model: model.answers),
    ("comb_model_answers_not_finite_total", lambda model: model.bad),
    ("comb_model_golden_samples_blamed", lambda model: model.blamed),
    ("comb_model_golden_slower_ratio", lambda model: model.slower),
    ("comb_model_drift_psi", lambda model: max((shift.psi for shift in model.shifts), default=0.0)),
    ("comb_model_drift_ks", lambda model: max((shift.ks for shift in model.shifts), default=0.0)),
    ("comb_model_drift_shifted", lambda model: sum(shift.is_shifted for shift in model.shifts)),
)


def measures(report: Report) -> Iterator[Measure]:
    """All measures of a report, those of one name together."""
    models = [(_labels(model), model) for model in report.models]
    for labels, model in models:
        for level in Level:
            yield Measure("comb_model_health", {**labels, "level": level.word}, float(level == model.level))
    for name, value in _OF_MODELS:
        for labels, model in models:
            yield Measure(name, labels, value(model))
    yield Measure("comb_requests_drift_shifted", {}, sum(shift.is_shifted for shift in report.inputs.shifts))
    for arm in report.arms:
        for kind in ("right", "wrong", "failed", "unasked"):
            yield Measure("comb_golden_samples", {"arm": arm.arm, "kind": kind}, getattr(arm, kind))
    for arm in report.arms:
        yield Measure("comb_golden_samples_skipped_total", {"arm": arm.arm}, arm.skipped)


def _labels(model: ModelHealth) -> dict[str, str]:
    return {
        "arm": model.arm,
        "operator": model.operator,
        "model": model.model,
        "version": model.version,
        "params": model.params,
    }
