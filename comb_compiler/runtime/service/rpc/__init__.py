"""The comb's method over gRPC, with reflection and health."""

from comb_compiler.runtime.service.rpc.server import open_server

__all__ = ["open_server"]
