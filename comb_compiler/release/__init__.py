"""Plain types that one part of Comb hands to another, and their serialised forms: nothing here compiles or runs."""

from comb_compiler.release.execution import (
    REQUEST,
    Arm,
    Batch,
    Binding,
    Condition,
    ExecutionPlan,
    Experiment,
    Graph,
    Input,
    Method,
    Model,
    Node,
    OipTarget,
    Port,
    Process,
    Recording,
)
from comb_compiler.release.serialised import BadPlan, parse_plan, plan_bytes

__all__ = [
    "REQUEST",
    "Arm",
    "BadPlan",
    "Batch",
    "Binding",
    "Condition",
    "ExecutionPlan",
    "Experiment",
    "Graph",
    "Input",
    "Method",
    "Model",
    "Node",
    "OipTarget",
    "Port",
    "Process",
    "Recording",
    "parse_plan",
    "plan_bytes",
]
