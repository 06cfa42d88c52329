"""The .proto files that protoc brings along."""

import os
from functools import cache
from importlib.util import find_spec

from comb_compiler.workspace.errors import OutsideFailure

__all__ = ["bundle", "is_bundled"]


def is_bundled(name: str) -> bool:
    """Whether protoc brings a file of this import name along, as it does `google/protobuf/duration.proto`."""
    return name.startswith("google/protobuf/") and ".." not in name and os.path.isfile(os.path.join(bundle(), name))


@cache
def bundle() -> str:
    """The directory of the files that come with protoc."""
    spec = find_spec("grpc_tools")
    if spec is None or not spec.submodule_search_locations:
        raise OutsideFailure("protoc is missing here", "install it: pip install grpcio-tools")
    return os.path.join(next(iter(spec.submodule_search_locations)), "_proto")
