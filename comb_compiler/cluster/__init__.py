"""A cluster's objects → how a comb stands there. The only package that imports kubernetes."""

from comb_compiler.cluster.standing import Objects, Standing, Trouble, standing_of
from comb_compiler.cluster.unreachable import Unreachable

__all__ = ["Objects", "Standing", "Trouble", "Unreachable", "standing_of"]
