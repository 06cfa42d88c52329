"""The engine: an ExecutionPlan, compiled once, and requests that run through it."""

from comb_compiler.runtime.engine.answering import Answering
from comb_compiler.runtime.engine.engine import Engine, Limits
from comb_compiler.runtime.engine.observation import Finished, Observer, Probe, SampledSpans, Span
from comb_compiler.runtime.engine.program import CannotRun
from comb_compiler.runtime.engine.serving import drain_on, run

__all__ = [
    "Answering",
    "CannotRun",
    "Engine",
    "Finished",
    "Limits",
    "Observer",
    "Probe",
    "SampledSpans",
    "Span",
    "drain_on",
    "run",
]
