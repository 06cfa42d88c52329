"""Load on a schedule, and what was observed under it: an open model, in a process of its own.

Requests come when they are due, whatever became of those before; each latency is counted from the scheduled arrival.
"""

from comb_compiler.load.calls import Refused
from comb_compiler.load.generating import Generator, GeneratorFailed
from comb_compiler.load.histogram import ERROR, Histogram
from comb_compiler.load.model import GRPC, HTTP, Input, Job, Observed, Step, Target, Tls, code_name
from comb_compiler.load.results import LATENESS, PERCENTILES, Counts, Lateness, Second, StepResult

__all__ = [
    "ERROR",
    "GRPC",
    "HTTP",
    "LATENESS",
    "PERCENTILES",
    "Counts",
    "Generator",
    "GeneratorFailed",
    "Histogram",
    "Input",
    "Job",
    "Lateness",
    "Observed",
    "Refused",
    "Second",
    "Step",
    "StepResult",
    "Target",
    "Tls",
    "code_name",
]
