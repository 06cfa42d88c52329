"""A grpc.aio server with nothing around it, as one would write it by hand; prints its port."""

import asyncio
import sys

import grpc
import grpc.aio
import uvloop
from google.protobuf.wrappers_pb2 import StringValue


async def same(request: StringValue, context: object) -> StringValue:
    return request


async def serve() -> None:
    server = grpc.aio.server()
    method = grpc.unary_unary_rpc_method_handler(same, StringValue.FromString, StringValue.SerializeToString)
    handler = grpc.method_handlers_generic_handler("benchmark.v1.Benchmark", {"Run": method})
    server.add_generic_rpc_handlers((handler,))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    print(port, flush=True)
    await asyncio.to_thread(sys.stdin.read)  # until who began it closes this
    await server.stop(None)


uvloop.run(serve())
