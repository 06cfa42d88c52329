"""Comb → `OperatorGraph`: operators wired by their steps into a DAG, proven to be one, and lowered for the engine.

Pure: steps are parsed, wired, ordered and analysed; every finding names its place. Names are loaded when they are first
used: a check lowers nothing, and compares no schemas.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from comb_compiler.graph.analyses import ANALYSES, Analysis
    from comb_compiler.graph.analyses.breaking import Published, check_breaking
    from comb_compiler.graph.analyses.samples import check_samples
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
    "check_samples",
    "execution_levels",
    "execution_order",
    "find_cycles",
    "lower",
]

_HOME = {
    "ANALYSES": "analyses",
    "Analysis": "analyses",
    "Condition": "model",
    "Edge": "model",
    "OperatorGraph": "model",
    "Published": "analyses.breaking",
    "Source": "model",
    "Step": "model",
    "View": "view",
    "analyse": "variants",
    "build_graph": "build",
    "check_breaking": "analyses.breaking",
    "check_samples": "analyses.samples",
    "execution_levels": "order",
    "execution_order": "order",
    "find_cycles": "order",
    "lower": "lowering",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = value
    return value
