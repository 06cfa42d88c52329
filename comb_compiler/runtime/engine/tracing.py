"""Which span is whose: W3C Trace Context, https://www.w3.org/TR/trace-context/.

A node's span has an id that follows from its request's, so that who answers the call elsewhere can hang its own spans
under it before it has ended, and nothing has to be kept meanwhile.
"""

import re

__all__ = ["is_sampled", "is_traceparent", "span_id", "span_of"]

_FORM = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
_STRIDE = 0x9E3779B97F4A7C15
"""Odd, so that no two nodes have one id: 2⁶⁴ divided by the golden ratio, which spreads neighbours."""


def is_traceparent(text: str) -> bool:
    """Whether that is a `traceparent` which names a span."""
    return _FORM.fullmatch(text) is not None


def is_sampled(traceparent: str) -> bool:
    """Whether whoever began the trace records it."""
    return bool(int(traceparent[-2:], 16) & 1)


def span_id(root: int, node: int) -> int:
    """The id of the span of a node, by index, of the request whose span is `root`."""
    return (root + (node + 1) * _STRIDE) % 2**64 or 1


def span_of(traceparent: str, node: int) -> str:
    """The `traceparent` for what a node calls; the request's own where nothing is recorded."""
    if not is_sampled(traceparent):
        return traceparent
    return f"{traceparent[:36]}{span_id(int(traceparent[36:52], 16), node):016x}{traceparent[52:]}"
