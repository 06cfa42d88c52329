"""The platform.yaml that names a store, on the command line of something else."""

from typing import TYPE_CHECKING

from comb_compiler.cli.checking import common_root
from comb_compiler.cli.exits import UsageError
from comb_compiler.cli.verdicts import VerdictCache, default_directory
from comb_compiler.diagnostics import has_errors
from comb_compiler.source.sourceset import Unavailable
from comb_compiler.workspace.checkout import Checkout

if TYPE_CHECKING:
    from comb_compiler.spec.platform import Platform

__all__ = ["platform_in"]


def platform_in(file: str) -> "Platform":
    """The platform in a file. Raises UsageError where it has mistakes, which `comb check` shows."""
    from comb_compiler.compiler import check
    from comb_compiler.workspace.sources import load_sources

    checkout = Checkout(common_root([file]))
    relative = checkout.relative(file)
    if isinstance(relative, Unavailable):
        raise UsageError(f"{file}: {relative.message}")
    memo = VerdictCache(default_directory()).memo
    checked = check(load_sources(checkout, relative, memo), memo=memo)
    platform = None if checked.platform is None or has_errors(checked.diagnostics) else checked.platform.value
    if platform is None:
        raise UsageError(f"{file} is no platform, or has mistakes: comb check {file}")
    return platform
