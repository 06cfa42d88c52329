"""What must hold of a graph. Each analysis is a function; their order is the order of this tuple.

Of a variant they look at what it touches alone (`changes`): the rest is known to be as in the comb as written.
"""

from collections.abc import Callable, Iterable

from comb_compiler.diagnostics import Diagnostic
from comb_compiler.graph.analyses.absence import check_absence
from comb_compiler.graph.analyses.comparisons import check_comparisons
from comb_compiler.graph.analyses.conditions import check_conditions
from comb_compiler.graph.analyses.fallback import check_fallbacks
from comb_compiler.graph.analyses.fits import check_answer, check_fits
from comb_compiler.graph.analyses.gates import check_gates
from comb_compiler.graph.analyses.interface import check_interface, check_types
from comb_compiler.graph.analyses.ports import check_ports
from comb_compiler.graph.analyses.recording import check_recording
from comb_compiler.graph.analyses.sources import check_sources
from comb_compiler.graph.analyses.sticky import check_sticky_key
from comb_compiler.graph.analyses.tensors import check_tensors
from comb_compiler.graph.analyses.timing import check_timing
from comb_compiler.graph.view import View

__all__ = ["ANALYSES", "Analysis"]

Analysis = Callable[[View], Iterable[Diagnostic]]

ANALYSES: tuple[Analysis, ...] = (
    check_interface,
    check_types,
    check_ports,
    check_sources,
    check_fits,
    check_answer,
    check_conditions,
    check_absence,
    check_fallbacks,
    check_tensors,
    check_timing,
    check_gates,
    check_comparisons,
    check_sticky_key,
    check_recording,
)
