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
from comb_compiler.release.weights import BadWeights, Candidate, Weights, parse_weights, weights_bytes

__all__ = [
    "REQUEST",
    "Arm",
    "BadPlan",
    "BadWeights",
    "Batch",
    "Binding",
    "Candidate",
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
    "Weights",
    "parse_plan",
    "parse_weights",
    "plan_bytes",
    "weights_bytes",
]
