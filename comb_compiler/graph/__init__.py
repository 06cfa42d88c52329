"""Comb → `OperatorGraph`: operators wired by their steps into a DAG, proven to be one, and lowered for the engine.

Pure: steps are parsed, wired, ordered and analysed; every finding names its place.
"""

from comb_compiler.graph.analyses import ANALYSES, Analysis
from comb_compiler.graph.analyses.breaking import Published, check_breaking
from comb_compiler.graph.build import build_graph
from comb_compiler.graph.lowering import lower
from comb_compiler.graph.model import Condition, Edge, OperatorGraph, Source, Step
from comb_compiler.graph.order import execution_levels, execution_order, find_cycles
from comb_compiler.graph.variants import analyse
from comb_compiler.graph.view import View

__all__ = [
    "ANALYSES",
    "Analysis",
    "Condition",
    "Edge",
    "OperatorGraph",
    "Published",
    "Source",
    "Step",
    "View",
    "analyse",
    "build_graph",
    "check_breaking",
    "execution_levels",
    "execution_order",
    "find_cycles",
    "lower",
]
