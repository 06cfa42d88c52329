"""What would make a comb faster or cheaper: rules that look at what a load saw, each with the gain that it expects."""

from comb_compiler.gates.load.guide.model import Advice, Guide, Kind, Run, Scene, Write, Written
from comb_compiler.gates.load.guide.rules import RULES, guide_of

__all__ = ["RULES", "Advice", "Guide", "Kind", "Run", "Scene", "Write", "Written", "guide_of"]
