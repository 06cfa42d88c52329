"""Open Inference Protocol: models on servers that speak it (Triton, KServe, MLServer) as operators of a graph.

The protocol: https://github.com/kserve/open-inference-protocol, version 2, over gRPC.
"""

from comb_compiler.runtime.oip.servers import ModelServers

__all__ = ["ModelServers"]
