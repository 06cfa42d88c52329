"""SourceSet → what is wrong with it, its graph and its plan: the only place that knows the order of the stages.

What lowers a graph is loaded when it is first used: a check does not need it.
"""

from typing import TYPE_CHECKING, Any

from comb_compiler.compiler.check import Checked, check

if TYPE_CHECKING:
    from comb_compiler.compiler.compile import Compiled, compile_comb, parted_by_groups

__all__ = ["Checked", "Compiled", "check", "compile_comb", "parted_by_groups"]


def __getattr__(name: str) -> Any:
    if name not in ("Compiled", "compile_comb", "parted_by_groups"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from comb_compiler.compiler import compile as module

    return getattr(module, name)
