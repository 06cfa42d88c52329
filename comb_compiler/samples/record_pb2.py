"""schemas/record.v1.proto as classes, made from its descriptor: no version of the generator must fit the library."""

from importlib.resources import files

from google.protobuf import descriptor_pb2, descriptor_pool
from google.protobuf.internal import builder

__all__ = [  # noqa: F822  made below
    "Capture",
    "Input",
    "Mark",
    "Operator",
    "Reason",
    "Record",
    "Resources",
    "Value",
]

_SET = descriptor_pb2.FileDescriptorSet.FromString(
    files("comb_compiler.samples").joinpath("record.v1.binpb").read_bytes()
)
DESCRIPTOR = descriptor_pool.Default().AddSerializedFile(_SET.file[0].SerializeToString())
builder.BuildMessageAndEnumDescriptors(DESCRIPTOR, globals())
builder.BuildTopDescriptorsAndMessages(DESCRIPTOR, __name__, globals())
