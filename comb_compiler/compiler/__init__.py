"""SourceSet → what is wrong with it, and in time its Release: the only place that knows the order of the stages."""

from comb_compiler.compiler.check import Checked, check

__all__ = ["Checked", "check"]
