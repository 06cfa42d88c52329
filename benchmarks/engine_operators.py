"""The operators and plans that the engine's benchmarks run."""

import asyncio
import time
from typing import Annotated, Any

from google.protobuf import wrappers_pb2
from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet
from google.protobuf.wrappers_pb2 import BytesValue, StringValue

from comb_compiler.release import REQUEST, Binding, ExecutionPlan, Graph, Input, Method, Node, Port, Process
from comb_compiler.runtime import Parcel, operator
from comb_compiler.runtime.declaration import load_entry

__all__ = ["chain", "fan"]

_FILE = FileDescriptorProto.FromString(wrappers_pb2.DESCRIPTOR.serialized_pb)
_DESCRIPTORS = FileDescriptorSet(file=[_FILE]).SerializeToString()


@operator(execution="loop")
def same(text: StringValue) -> StringValue:
    return text


async def same_async(text: StringValue) -> StringValue:
    return text


async def same_later(text: StringValue) -> StringValue:
    await asyncio.sleep(0)
    return text


@operator(execution="loop")
def busy_5ms(text: StringValue) -> StringValue:
    """Five milliseconds of its thread's CPU time."""
    until = time.thread_time() + 0.005
    while time.thread_time() < until:
        pass
    return text


@operator(execution="loop")
def same_bytes(text: BytesValue) -> BytesValue:
    return text


@operator(execution="loop")
def first(
    a0: StringValue,
    a1: StringValue,
    a2: StringValue,
    a3: StringValue,
    a4: StringValue,
    a5: StringValue,
    a6: StringValue,
    a7: StringValue,
    a8: StringValue,
    a9: StringValue,
) -> StringValue:
    return a0


@operator(execution="process")
def echo(text: BytesValue) -> BytesValue:
    return text


@operator(execution="process")
def hangs_when_asked(text: StringValue) -> StringValue:
    if text.value == "hang":
        time.sleep(600)
    return text


@operator(execution="process")
def size(text: BytesValue) -> StringValue:
    return StringValue(value=str(len(text.value)))


@operator(execution="process")
def size_beside(text: Annotated[Parcel[BytesValue], "value"]) -> StringValue:
    return StringValue(value=str(len(text["value"])))


@operator(concurrency=8)
async def wait_2ms(text: StringValue) -> StringValue:
    await asyncio.sleep(0.002)
    return text


@operator(concurrency=8)
async def wait_4ms(text: StringValue) -> StringValue:
    await asyncio.sleep(0.004)
    return text


@operator(concurrency=8)
async def wait_10ms(text: StringValue) -> StringValue:
    await asyncio.sleep(0.010)
    return text


def chain(*operators: str, deadline: float = 30.0) -> ExecutionPlan:
    """Operators one after the other."""
    kinds = list(dict.fromkeys(operators))
    nodes = []
    for index, name in enumerate(operators):
        before = index - 1 if index else REQUEST
        nodes.append(Node(f"n{index}", kinds.index(name), (Input("text", before),), (before,) if index else ()))
    return _plan(kinds, tuple(nodes), deadline)


def fan(name: str, deadline: float = 30.0) -> ExecutionPlan:
    """Ten times an operator, side by side, and one that takes all ten answers."""
    nodes = [Node(f"n{index}", 0, (Input("text", REQUEST),), ()) for index in range(10)]
    nodes.append(Node("all", 1, tuple(Input(f"a{index}", index) for index in range(10)), tuple(range(10))))
    return _plan([name, "first"], tuple(nodes), deadline)


def _plan(kinds: list[str], nodes: tuple[Node, ...], deadline: float) -> ExecutionPlan:
    bindings = tuple(_binding(name) for name in kinds)
    takes, gives = bindings[0].ports[0].type, bindings[nodes[-1].binding].out
    return ExecutionPlan(
        comb="benchmark",
        method=Method("benchmark.v1.Benchmark", "Run", takes, gives),
        graphs=(Graph(nodes, len(nodes) - 1),),
        bindings=bindings,
        descriptors=_DESCRIPTORS,
        deadline=deadline,
        processes=(Process("main", tuple(range(len(bindings)))),),
    )


def _binding(name: str) -> Binding:
    declaration: Any = load_entry(f"engine_operators:{name}")
    ports = tuple(Port(port.name, port.full_name, port.optional) for port in declaration.ports)
    return Binding(name, name, ports, declaration.out.full_name, run=f"engine_operators:{name}")
