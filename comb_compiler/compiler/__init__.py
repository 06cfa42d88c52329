"""SourceSet → what is wrong with it, its graph and its plan: the only place that knows the order of the stages."""

from comb_compiler.compiler.check import Checked, check
from comb_compiler.compiler.compile import Compiled, compile_comb

__all__ = ["Checked", "Compiled", "check", "compile_comb"]
