"""Recording: which requests are kept as samples, what nobody gets to see of them, and how they reach the store."""

from comb_compiler.runtime.recording.hiding import Hiding
from comb_compiler.runtime.recording.measures import measures
from comb_compiler.runtime.recording.recorder import Bounds, Recorder
from comb_compiler.runtime.recording.records import About

__all__ = ["About", "Bounds", "Hiding", "Recorder", "measures"]
