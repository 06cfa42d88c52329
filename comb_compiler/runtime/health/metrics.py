"""A report as measures for a metrics page: plain values, by whoever writes the page."""

from collections.abc import Callable, Iterator, Sequence

from comb_compiler.runtime.engine.meters import Measure
from comb_compiler.runtime.health.drift import Shift
from comb_compiler.runtime.health.status import Level, ModelHealth, Report

__all__ = ["Measure", "measures"]


_OF_MODELS: tuple[tuple[str, Callable[[ModelHealth], float | None]], ...] = (
    ("comb_model_answers_looked_at_total", lambda model: model.answers),
    ("comb_model_answers_not_finite_total", lambda model: model.bad),
    ("comb_model_golden_samples_blamed", lambda model: model.blamed),
    ("comb_model_golden_slower_ratio", lambda model: model.slower or None),
    ("comb_model_drift_psi", lambda model: max((shift.psi for shift in model.shifts), default=None)),
    ("comb_model_drift_ks", lambda model: max((shift.ks for shift in model.shifts), default=None)),
    ("comb_model_drift_shifted", lambda model: _shifted(model.shifts)),
)


def measures(report: Report) -> Iterator[Measure]:
    """All measures of a report, those of one name together. What is not known yet is left out: it is not 0."""
    models = [(_labels(model), model) for model in report.models]
    for labels, model in models:
        for level in Level:
            yield Measure("comb_model_health", {**labels, "level": level.word}, float(level == model.level))
    for name, value in _OF_MODELS:
        for labels, model in models:
            figure = value(model)
            if figure is not None:
                yield Measure(name, labels, figure)
    shifted = _shifted(report.inputs.shifts)
    if shifted is not None:
        yield Measure("comb_requests_drift_shifted", {}, shifted)
    for arm in report.arms:
        for kind in ("right", "wrong", "failed", "unasked"):
            yield Measure("comb_golden_samples", {"arm": arm.arm, "kind": kind}, getattr(arm, kind))
    for arm in report.arms:
        yield Measure("comb_golden_samples_skipped_total", {"arm": arm.arm}, arm.skipped)


def _shifted(shifts: Sequence[Shift]) -> int | None:
    """How many features have shifted; None until a window has been compared."""
    return sum(shift.is_shifted for shift in shifts) if shifts else None


def _labels(model: ModelHealth) -> dict[str, str]:
    return {
        "arm": model.arm,
        "operator": model.operator,
        "model": model.model,
        "version": model.version,
        "params": model.params,
    }
