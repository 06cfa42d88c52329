"""Measurements of a candidate → whether its rollout goes on, waits, or goes back."""

from comb_compiler.rollout.deciding import Decision, Move, decide
from comb_compiler.rollout.looking import Look, Source, Tried, look_at, look_for_end
from comb_compiler.rollout.verdicts import Finding, Limits, Standing

__all__ = [
    "Decision",
    "Finding",
    "Limits",
    "Look",
    "Move",
    "Source",
    "Standing",
    "Tried",
    "decide",
    "look_at",
    "look_for_end",
]
