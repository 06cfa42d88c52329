"""Comb → `OperatorGraph`: operators wired by their steps into a DAG, proven to be one.

Pure: steps are parsed, wired and ordered; every finding names its place.
"""

from comb_compiler.graph.build import build_graph
from comb_compiler.graph.model import Edge, OperatorGraph, Source, Step
from comb_compiler.graph.order import execution_levels, find_cycles

__all__ = ["Edge", "OperatorGraph", "Source", "Step", "build_graph", "execution_levels", "find_cycles"]
