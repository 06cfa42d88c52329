"""What was observed of a step → a line that says it, for whoever reads the log of a process that leads."""

from collections.abc import Mapping
from typing import Any

from comb_compiler.load.model import Observed, Step
from comb_compiler.load.results import result

__all__ = ["PROBLEMS", "summary"]

PROBLEMS = ("failed", "refused")
"""What a crew says instead of what it observed: the generator's own trouble, and the target's."""


def summary(step: Step, form: Mapping[str, Any]) -> dict[str, Any]:
    """Plain values; a `problem` where nothing was observed."""
    for problem in PROBLEMS:
        if problem in form:
            return {"rate": step.rate, "seconds": step.seconds, "problem": f"{problem}: {form[problem]}"}
    lost = (form["lost"],) if form.get("lost") else ()
    found = result(step, Observed.from_bytes(form), lost)
    return {
        "rate": step.rate,
        "seconds": step.seconds,
        "scheduled": found.whole.scheduled,
        "codes": dict(found.whole.codes),
        "warmUp": found.warm_up,
        "latencies": {f"p{100 * share:g}": round(value, 6) for share, value in found.percentiles().items()},
        "late": {name: round(value, 6) for name, value in found.lateness._asdict().items()},
        "settled": found.settled,
        "faults": list(found.faults),
    }
