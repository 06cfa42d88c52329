"""Message types for comparisons, of answer.proto."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import grpc_tools
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.json_format import ParseDict
from google.protobuf.message_factory import GetMessageClass
from grpc_tools import protoc

__all__ = ["Answer", "answer"]


@cache
def _pool() -> DescriptorPool:
    here, known = Path(__file__).parent, Path(grpc_tools.__file__).parent / "_proto"
    with TemporaryDirectory() as directory:
        out = Path(directory, "answer.binpb")
        given = [f"-I{here}", f"-I{known}", "--include_imports", f"--descriptor_set_out={out}", "answer.proto"]
        assert protoc.main(["protoc", *given]) == 0
        files = FileDescriptorSet.FromString(out.read_bytes())
    pool = DescriptorPool()
    for file in files.file:
        pool.Add(file)
    return pool


Answer: Any = GetMessageClass(_pool().FindMessageTypeByName("gates.Answer"))


def answer(**fields: Any) -> Any:
    """An answer, of values in Protobuf's JSON form."""
    return ParseDict(fields, Answer(), descriptor_pool=_pool())
