"""gRPC reflection, versions 1 and 1alpha, of what is served now.

The two versions are the same messages under two names, so that one servicer answers both.
"""

from typing import Any

import grpc
from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet
from google.protobuf.descriptor_pool import DescriptorPool
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha import reflection_pb2
from grpc_reflection.v1alpha._async import ReflectionServicer

from comb_compiler.runtime.service.face import Face
from comb_compiler.runtime.service.stage import Stage

__all__ = ["Reflection"]

_SERVICES = ("grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection")
_METHODS = frozenset(f"/{service}/ServerReflectionInfo" for service in _SERVICES)
_HEALTH = "grpc.health.v1.Health"


class Reflection(grpc.GenericRpcHandler):  # type: ignore[misc]
    """Handles both versions' method."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._shown: tuple[Face, Any] | None = None

    def service(self, call: Any) -> Any:
        """The handler of a call, for gRPC."""
        if call.method not in _METHODS:
            return None
        return grpc.stream_stream_rpc_method_handler(
            self._servicer().ServerReflectionInfo,
            request_deserializer=reflection_pb2.ServerReflectionRequest.FromString,
            response_serializer=reflection_pb2.ServerReflectionResponse.SerializeToString,
        )

    def _servicer(self) -> Any:
        face = self._stage.face
        if face is None:
            return ReflectionServicer((_HEALTH, *_SERVICES), _pool(b""))
        if self._shown is None or self._shown[0] is not face:
            names = (face.service, _HEALTH, *_SERVICES)
            self._shown = (face, ReflectionServicer(names, _pool(face.served.plan.descriptors)))
        return self._shown[1]


def _pool(descriptors: bytes) -> DescriptorPool:
    """The comb's files, and those of the services that each service has."""
    pool = DescriptorPool()
    known = set()
    for file in FileDescriptorSet.FromString(descriptors).file:
        pool.AddSerializedFile(file.SerializeToString())
        known.add(file.name)
    for name, content in _OURS:
        if name not in known:
            pool.AddSerializedFile(content)
    return pool


def _version_1() -> FileDescriptorProto:
    """The file of version 1: that of 1alpha under its own names."""
    file = FileDescriptorProto.FromString(reflection_pb2.DESCRIPTOR.serialized_pb)
    file.name, file.package = "grpc/reflection/v1/reflection.proto", "grpc.reflection.v1"
    for field in (field for message in file.message_type for field in message.field):
        if field.type_name:
            field.type_name = field.type_name.replace(".v1alpha.", ".v1.")
    for method in file.service[0].method:
        method.input_type = method.input_type.replace(".v1alpha.", ".v1.")
        method.output_type = method.output_type.replace(".v1alpha.", ".v1.")
    return file


_OURS = (
    (health_pb2.DESCRIPTOR.name, health_pb2.DESCRIPTOR.serialized_pb),
    (reflection_pb2.DESCRIPTOR.name, reflection_pb2.DESCRIPTOR.serialized_pb),
    (_version_1().name, _version_1().SerializeToString()),
)
