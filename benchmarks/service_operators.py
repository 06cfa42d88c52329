"""The operator and the plan of the service's benchmark: no work at all, with all that a service does around it."""

from hashlib import sha256
from pathlib import Path
from typing import Any

from google.protobuf import wrappers_pb2
from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet
from google.protobuf.wrappers_pb2 import StringValue

from comb_compiler.release import (
    REQUEST,
    Arm,
    Binding,
    ExecutionPlan,
    Experiment,
    Graph,
    Input,
    Method,
    Model,
    Node,
    Port,
    Process,
    plan_bytes,
)
from comb_compiler.runtime import Model as Given, operator

__all__ = ["METHOD", "Same", "write_plan"]

METHOD = Method("benchmark.v1.Benchmark", "Run", "google.protobuf.StringValue", "google.protobuf.StringValue")
_FILE = FileDescriptorProto.FromString(wrappers_pb2.DESCRIPTOR.serialized_pb)
_CONTENT = b"nothing is computed"


@operator(execution="loop")
class Same:
    """Gives back what it got. It has a model, so that the model's health is watched."""

    def __init__(self, model: Given[dict[str, Any]]) -> None:
        self.model = model

    def __call__(self, text: StringValue) -> StringValue:
        return text


def write_plan(directory: Path) -> Path:
    """The plan of one operator with a model and two arms, so that a router is there; and the model's file beside it."""
    directory.joinpath("same.bin").write_bytes(_CONTENT)
    model = Model("same", "1.0.0", "custom", "same.bin", sha256(_CONTENT).hexdigest(), {})
    port = Port("text", METHOD.input, optional=False)
    binding = Binding("same", "same", (port,), METHOD.output, run="service_operators:Same", model=model)
    plan = ExecutionPlan(
        comb="benchmark",
        method=METHOD,
        graphs=(Graph((Node("answer", 0, (Input("text", REQUEST),), ()),), 0),),
        bindings=(binding,),
        descriptors=FileDescriptorSet(file=[_FILE]).SerializeToString(),
        deadline=10.0,
        processes=(Process("main", (0,)),),
        experiment=Experiment("header/x-user-id", "benchmark", (Arm("control", 90, 0), Arm("other", 10, 0))),
    )
    path = directory / "plan.json"
    path.write_bytes(plan_bytes(plan))
    return path
