"""The functions that Kubernetes' CEL has beyond the standard, as plain functions of plain values, each exact.

Where exactness ends (`Lacking`), nothing is answered.
"""

from comb_compiler.policy.functions.addresses import ADDRESSES
from comb_compiler.policy.functions.collections import COLLECTIONS
from comb_compiler.policy.functions.declared import Function
from comb_compiler.policy.functions.quantities import QUANTITIES
from comb_compiler.policy.functions.texts import TEXTS
from comb_compiler.policy.functions.versions import VERSIONS

__all__ = ["FUNCTIONS", "Function"]

FUNCTIONS: tuple[Function, ...] = (*QUANTITIES, *COLLECTIONS, *ADDRESSES, *TEXTS, *VERSIONS)
"""All of them."""
