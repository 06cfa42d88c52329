"""Conditions of steps, in CEL: read, checked against the messages that flow, and compared with each other.

Everything but the official checker's word is worked out without it: it costs 40 ms to load.
"""

from comb_compiler.graph.conditions.check import check_conditions
from comb_compiler.graph.conditions.guards import guaranteed, unguarded
from comb_compiler.graph.conditions.needs import needs
from comb_compiler.graph.conditions.packages import unnameable_package
from comb_compiler.graph.conditions.reading import Parsed, Reading, Use, read_condition, unnameable, used_variables
from comb_compiler.graph.conditions.types import UNTYPED, Scope
from comb_compiler.graph.conditions.verdicts import constancy, implies
from comb_compiler.graph.conditions.worlds import Worlds, worlds

__all__ = [
    "UNTYPED",
    "Parsed",
    "Reading",
    "Scope",
    "Use",
    "Worlds",
    "check_conditions",
    "constancy",
    "guaranteed",
    "implies",
    "needs",
    "read_condition",
    "unguarded",
    "unnameable",
    "unnameable_package",
    "used_variables",
    "worlds",
]
