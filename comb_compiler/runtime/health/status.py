"""What health says: a level, reasons in words and figures, of each model version and parameter set; and its JSON."""

from collections.abc import Mapping
from enum import IntEnum
from typing import Any, NamedTuple

from comb_compiler.runtime.health.drift import Shift

__all__ = ["ArmGoldens", "BadReport", "Level", "ModelHealth", "Report", "read_report", "report_json"]

_MOST_SHIFTS = 10


class Level(IntEnum):
    """How well something is; the larger of two is the graver. Not knowing is no fault."""

    UNKNOWN = 0
    HEALTHY = 1
    DEGRADED = 2
    UNHEALTHY = 3

    @property
    def word(self) -> str:
        """Its name in a sentence, a metric and JSON."""
        return self.name.lower()


class ArmGoldens(NamedTuple):
    """How the golden samples of an arm were answered when each was asked last. `skipped` counts since the start."""

    arm: str
    right: int
    wrong: int
    failed: int
    unasked: int
    skipped: int


class ModelHealth(NamedTuple):
    """A model version with its parameters in an arm; empty `model` and `version`: the operator's code alone.

    `goldens` counts the last answers of golden samples that went through it; `slower` is how many times as long as at
    the start it takes for them, 0 where that is not known. `answers` were looked at, of which `bad` held a number that
    is not finite. `reference` is from 0 to 1: how much of what drift is compared with is there. `shifts` are of the
    last window, the largest first.
    """

    arm: str
    operator: str
    model: str
    version: str
    params: str
    level: Level
    reasons: tuple[str, ...]
    goldens: int
    blamed: int
    slower: float
    answers: int
    bad: int
    reference: float
    windows: int
    shifts: tuple[Shift, ...]


class Report(NamedTuple):
    """The health of an engine. `not_ready` has the reasons for which it should get no requests: empty when it may.

    `requests` says of users' requests how many there were, were looked at, and were left out for their cost.
    """

    level: Level
    reasons: tuple[str, ...]
    not_ready: tuple[str, ...]
    samples: str
    digest: str
    arms: tuple[ArmGoldens, ...]
    models: tuple[ModelHealth, ...]
    inputs: ModelHealth
    requests: Mapping[str, int]


def report_json(report: Report) -> dict[str, Any]:
    """A report as JSON data, for `/v1/status`; `schemas/health.v1.schema.json` has its form."""
    return {
        "version": 1,
        "level": report.level.word,
        "reasons": list(report.reasons),
        "notReady": list(report.not_ready),
        "goldens": {
            "samples": report.samples,
            "digest": report.digest,
            "arms": [arm._asdict() for arm in report.arms],
        },
        "requests": dict(report.requests),
        "inputs": _model(report.inputs),
        "models": [_model(one) for one in report.models],
    }


def _model(one: ModelHealth) -> dict[str, Any]:
    fields = one._asdict()
    fields["level"] = one.level.word
    fields["reasons"] = list(one.reasons)
    fields["slower"] = round(one.slower, 3)
    fields["reference"] = round(one.reference, 3)
    fields["shifts"] = [_shift(shift) for shift in one.shifts[:_MOST_SHIFTS]]
    return fields


def _shift(shift: Shift) -> dict[str, Any]:
    figures = {"psi": round(shift.psi, 4), "ks": round(shift.ks, 4), "chance": float(f"{shift.chance:.3g}")}
    return {"feature": shift.feature, **figures, "shifted": shift.is_shifted}


class BadReport(Exception):
    """What another process sent is no report."""


def read_report(value: Any) -> Report:
    """A report from its JSON data, as another process sent it. Raises BadReport."""
    try:
        if value["version"] != 1:
            raise BadReport(f"it is in version {value['version']!r}, and 1 is known")
        goldens = value["goldens"]
        return Report(
            _level(value["level"]),
            _texts(value["reasons"]),
            _texts(value["notReady"]),
            str(goldens["samples"]),
            str(goldens["digest"]),
            tuple(ArmGoldens(str(arm["arm"]), *(int(arm[name]) for name in _ARM)) for arm in goldens["arms"]),
            tuple(_read_model(one) for one in value["models"]),
            _read_model(value["inputs"]),
            {str(name): int(count) for name, count in value["requests"].items()},
        )
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise BadReport(f"it does not have the form of a report ({type(error).__name__}: {error})") from error


_ARM = ArmGoldens._fields[1:]


def _level(word: Any) -> Level:
    return Level[str(word).upper()]


def _texts(values: Any) -> tuple[str, ...]:
    return tuple(str(value) for value in values)


def _read_model(one: Any) -> ModelHealth:
    return ModelHealth(
        arm=str(one["arm"]),
        operator=str(one["operator"]),
        model=str(one["model"]),
        version=str(one["version"]),
        params=str(one["params"]),
        level=_level(one["level"]),
        reasons=_texts(one["reasons"]),
        goldens=int(one["goldens"]),
        blamed=int(one["blamed"]),
        slower=float(one["slower"]),
        answers=int(one["answers"]),
        bad=int(one["bad"]),
        reference=float(one["reference"]),
        windows=int(one["windows"]),
        shifts=tuple(_read_shift(shift) for shift in one["shifts"]),
    )


def _read_shift(shift: Any) -> Shift:
    return Shift(
        str(shift["feature"]),
        float(shift["psi"]),
        float(shift["ks"]),
        float(shift["chance"]),
        bool(shift["shifted"]),
    )
