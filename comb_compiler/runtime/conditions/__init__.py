"""Conditions of nodes: CEL expressions, compiled once."""

from comb_compiler.runtime.conditions.compile import BadCondition, Holds, compile_condition

__all__ = ["BadCondition", "Holds", "compile_condition"]
