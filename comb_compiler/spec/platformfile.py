"""A platform file, bound and checked."""

from comb_compiler.diagnostics import Diagnostic
from comb_compiler.spec.binding import Bound, bind_node
from comb_compiler.spec.checks.platform import PLATFORM_CHECKS
from comb_compiler.spec.nulls import FREE_IN_PLATFORM, told_empty
from comb_compiler.spec.platform import Platform
from comb_compiler.spec.reading import Reading

__all__ = ["bind_platform"]


def bind_platform(reading: Reading) -> Bound[Platform]:
    """Bind and check a file that declares a Platform; `reading.root` must be there."""
    assert reading.root is not None
    bound = bind_node(reading.root, Platform)
    if reading.twice:
        bound = bound._replace(unsound=(*bound.unsound, *reading.twice))
    if reading.has_nulls:
        bound = told_empty(bound, FREE_IN_PLATFORM)
    found: list[Diagnostic] = []
    if bound.value is not None:
        found = [diagnostic for check in PLATFORM_CHECKS for diagnostic in check(bound, bound.value)]
    said = dict.fromkeys((*reading.diagnostics, *bound.diagnostics, *found))
    return bound._replace(diagnostics=tuple(said))
