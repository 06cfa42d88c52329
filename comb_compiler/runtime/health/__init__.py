"""Whether the models of a running engine are well: golden samples, numbers that are none, drift; and what follows."""

from comb_compiler.runtime.health.health import Health, Settings
from comb_compiler.runtime.health.metrics import Measure, measures
from comb_compiler.runtime.health.saved import NOTHING, BadReference, Saved, read_saved, saved_bytes
from comb_compiler.runtime.health.status import BadReport, Level, ModelHealth, Report, read_report, report_json

__all__ = [
    "NOTHING",
    "BadReference",
    "BadReport",
    "Health",
    "Level",
    "Measure",
    "ModelHealth",
    "Report",
    "Saved",
    "Settings",
    "measures",
    "read_report",
    "read_saved",
    "report_json",
    "saved_bytes",
]
