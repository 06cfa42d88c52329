"""Graphs over several processes: one answers requests, its peers host the bindings that the plan parts from it.

A peer hosts the bindings of one `Process` of the plan (`host`); the engine of the first process calls them through
`Peers`. Calls go over gRPC, one unary call each.
"""

from comb_compiler.runtime.peers.calling import Peers
from comb_compiler.runtime.peers.hosting import Peer, host

__all__ = ["Peer", "Peers", "host"]
