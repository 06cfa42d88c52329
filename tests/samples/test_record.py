"""The classes of records are those of schemas/record.v1.proto."""

from pathlib import Path

from google.protobuf.descriptor_pb2 import FileDescriptorSet
from grpc_tools import protoc

from comb_compiler.samples import record_pb2
from comb_compiler.samples.record_pb2 import Record
from tests.architecture.imports import ROOT


def generated(directory: Path, *outputs: str) -> None:
    schemas = ROOT / "schemas"
    assert protoc.main(["protoc", f"-I{schemas}", *outputs, str(schemas / "record.v1.proto")]) == 0


def test_the_descriptor_is_what_protoc_makes_of_the_schema(tmp_path: Path) -> None:
    generated(tmp_path, f"--descriptor_set_out={tmp_path / 'set'}")
    kept = (ROOT / "comb_compiler" / "samples" / "record.v1.binpb").read_bytes()
    assert FileDescriptorSet.FromString(kept) == FileDescriptorSet.FromString((tmp_path / "set").read_bytes())


def test_types_are_known_for_every_field(tmp_path: Path) -> None:
    types = (ROOT / "comb_compiler" / "samples" / "record_pb2.pyi").read_text("utf-8")
    for message in record_pb2.DESCRIPTOR.message_types_by_name.values():
        (own,) = (part for part in types.split("\nclass ") if part.startswith(f"{message.name}("))
        for field in message.fields:
            assert f"    {field.name}: " in own, field.full_name


def test_what_a_newer_schema_adds_is_carried_along() -> None:
    newer = Record(schema=2, id="0" * 32).SerializeToString() + b"\xfa\x3f\x05later"  # field 1023
    assert Record.FromString(newer).SerializeToString() == newer
