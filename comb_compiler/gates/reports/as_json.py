"""A gate report as JSON, of which schemas/gate-report.v1.schema.json says the form."""

import json
from math import isfinite, isnan
from typing import Any

from comb_compiler.diagnostics import Fix
from comb_compiler.diagnostics.render.json import fix_form
from comb_compiler.gates.results import GateReport

__all__ = ["VERSION", "report_json"]

VERSION = 1


def report_json(report: GateReport) -> str:
    """The file's content. The verdict comes first: whoever reads no further has that."""
    data = {"version": VERSION, "verdict": report.verdict.value, **_data(report)}
    return json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False, default=str) + "\n"


def _data(value: Any) -> Any:
    if isinstance(value, Fix):
        return fix_form(value)
    if hasattr(value, "_asdict"):
        return {name: _data(one) for name, one in value._asdict().items()}
    if isinstance(value, tuple | list):
        return [_data(one) for one in value]
    if isinstance(value, dict):
        return {str(key): _data(one) for key, one in value.items()}
    if isinstance(value, float) and not isfinite(value):
        return "NaN" if isnan(value) else "Infinity" if value > 0 else "-Infinity"  # as Protobuf's JSON form has it
    return value
