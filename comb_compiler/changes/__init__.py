"""What a cluster is told of a comb, before and after → what that does, and the objects that differ."""

from comb_compiler.changes.compare import compare
from comb_compiler.changes.model import Cause, CombChanges, Fate, Hunk, ObjectChange, Side, Told

__all__ = ["Cause", "CombChanges", "Fate", "Hunk", "ObjectChange", "Side", "Told", "compare"]
