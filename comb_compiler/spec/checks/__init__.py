"""What must hold between the fields of one comb. Each check is a function; their order is the order of this tuple."""

from collections.abc import Callable, Iterable

from comb_compiler.diagnostics import Diagnostic
from comb_compiler.spec.binding import Bound
from comb_compiler.spec.checks.numbers import check_parameters
from comb_compiler.spec.checks.operators import check_operators
from comb_compiler.spec.checks.promises import check_promises
from comb_compiler.spec.checks.queries import check_queries
from comb_compiler.spec.checks.references import check_references
from comb_compiler.spec.checks.reserved import check_reserved
from comb_compiler.spec.checks.traffic import check_traffic
from comb_compiler.spec.comb import Comb

__all__ = ["COMB_CHECKS", "Check"]

Check = Callable[[Bound[Comb], Comb], Iterable[Diagnostic]]

COMB_CHECKS: tuple[Check, ...] = (
    check_references,
    check_operators,
    check_parameters,
    check_traffic,
    check_promises,
    check_queries,
    check_reserved,
)
