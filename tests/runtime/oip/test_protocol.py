"""The protocol's messages as they are kept: compiled from the .proto beside them."""

from pathlib import Path

from google.protobuf.descriptor_pb2 import FileDescriptorSet
from grpc_tools import protoc

import comb_compiler.runtime.oip as package

HERE = Path(package.__file__).parent
KEPT = HERE / "open_inference.binpb"


def test_the_descriptors_are_those_of_the_proto(tmp_path: Path, update: bool) -> None:
    made = tmp_path / "made.binpb"
    assert protoc.main(["protoc", f"-I{HERE}", f"--descriptor_set_out={made}", "open_inference.proto"]) == 0
    if update:
        KEPT.write_bytes(made.read_bytes())
    assert FileDescriptorSet.FromString(KEPT.read_bytes()) == FileDescriptorSet.FromString(made.read_bytes())
