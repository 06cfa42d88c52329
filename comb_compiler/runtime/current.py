"""Which call the running code is part of: what a line of its log needs to know."""

from contextvars import ContextVar

__all__ = ["CURRENT", "NO_CALL", "Current"]

Current = tuple[str, str, str, str]
"""A call: the request's id, the node, the arm, and its span (W3C Trace Context). A bare tuple, made for every call."""

NO_CALL: Current = ("", "", "", "")
"""What runs is part of no call."""

CURRENT: ContextVar[Current] = ContextVar("comb_call", default=NO_CALL)
"""Set before every call of an operator: in the loop, in threads and in worker processes."""
