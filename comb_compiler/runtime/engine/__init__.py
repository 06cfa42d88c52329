"""The engine: an ExecutionPlan, compiled once, and requests that run through it."""

from comb_compiler.runtime.engine.engine import Engine, Limits
from comb_compiler.runtime.engine.observation import Finished, Observer, SampledSpans, Span

__all__ = ["Engine", "Finished", "Limits", "Observer", "SampledSpans", "Span"]
