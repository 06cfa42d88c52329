"""Gates: a candidate is asked what is known, and what a baseline is asked, and a verdict that holds is given."""

from comb_compiler.gates.asking import Answered, Case, Gone, Recorded, Target, Unreadable
from comb_compiler.gates.comparing import Difference, differences, missed
from comb_compiler.gates.regular import Regular
from comb_compiler.gates.results import GateReport, GateResult, Place, SampleFinding
from comb_compiler.gates.running import Set, Setting, availability, errors, looked_at, optimised, regular
from comb_compiler.gates.strata import shares
from comb_compiler.gates.verdicts import Figure, Ruling, Verdict

__all__ = [
    "Answered", "Case", "Difference", "Figure", "GateReport", "GateResult", "Gone", "Place", "Recorded", "Regular",
    "Ruling", "SampleFinding", "Set", "Setting", "Target", "Unreadable", "Verdict", "availability", "differences",
    "errors", "looked_at", "missed", "optimised", "regular", "shares",
]  # fmt: skip
