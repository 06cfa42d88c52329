"""Real servers of the protocol: MLServer, KServe's model server and Triton, each with the same models."""

import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.runtime.oip.serving import NARROW, OWN, SIZE, Server, free_port, model_file

__all__ = ["KINDS", "MODELS", "started"]

SERVED = Path(__file__).parent / "served"
_ECHOES: Mapping[str, tuple[int, Mapping[str, str]]] = {
    "own": (1, OWN),
    "narrow": (1, NARROW),
    "one": (1, {"one": "INT32"}),
    "pairs": (2, {"exact": "FP64"}),
}
"""Models that give back what they get: how many values a row has, and the tensors."""
MODELS = (*_ECHOES, "behaves", "nsfw")

Started = tuple[list[str], Mapping[str, str]]
"""A command, and what its environment has besides PATH."""


def _mlserver(python: Path, home: Path, port: int, models: Collection[str]) -> Started:
    nsfw: dict[str, Any] = {
        "implementation": "models.Onnx",
        "inputs": [{"name": "input:0", "datatype": "FP32", "shape": [-1, *SIZE]}],
        "outputs": [{"name": "outputs", "datatype": "FP32", "shape": [-1, 2]}],
    }
    other = {"implementation": "models.Echo"}
    for name in models:
        settings = {"nsfw": nsfw, "behaves": {"implementation": "models.Behaves"}}.get(name, other)
        (home / name).mkdir(exist_ok=True)
        shutil.copy(SERVED / "mlserver" / "models.py", home / name)
        (home / name / "model-settings.json").write_text(json.dumps({"name": name, **settings}))
    environment = {
        "MLSERVER_HOST": "127.0.0.1",
        "MLSERVER_GRPC_PORT": str(port),
        "MLSERVER_HTTP_PORT": str(free_port()),
        "MLSERVER_METRICS_PORT": str(free_port()),
        "MLSERVER_PARALLEL_WORKERS": "0",
    }
    return [str(python), "-c", "from mlserver.cli import main; main()", "start", str(home)], environment


def _kserve(python: Path, home: Path, port: int, models: Collection[str]) -> Started:
    return [str(python), str(SERVED / "kserve" / "models.py"), str(port), *models], {}


def _triton(python: Path, home: Path, port: int, models: Collection[str]) -> Started:
    """Triton as the wheel of PyTriton brings it: a binary, its Python backend, and the libraries of both."""
    [packages] = python.parent.parent.glob("lib/python*/site-packages")
    there = packages / "pytriton" / "tritonserver"
    version = packages.parent.name.removeprefix("python")
    stub = there / "python_backend_stubs" / version / "triton_python_backend_stub"
    if not (home / "backends").is_dir():
        shutil.copytree(there / "backends", home / "backends")
        shutil.copy(stub, home / "backends" / "python")
    for name in models:
        (home / "models" / name / "1").mkdir(parents=True, exist_ok=True)
        (home / "models" / name / "config.pbtxt").write_text(_config(name))
        for file in (SERVED / "triton" / "model.py", SERVED / "common" / "scores.py"):  # it looks beside the model
            shutil.copy(file, home / "models" / name / "1")
    options = {
        "model-repository": home / "models",
        "backend-directory": home / "backends",
        "grpc-address": "127.0.0.1",
        "grpc-port": port,
        "grpc-header-forward-pattern": "x-request-id|traceparent",
        "allow-http": "false",
        "allow-metrics": "false",
    }
    command = [str(there / "bin" / "tritonserver"), *(f"--{name}={value}" for name, value in options.items())]
    return command, {"LD_LIBRARY_PATH": str(packages / "nvidia_pytriton.libs"), "PYTHONPATH": str(packages)}


def _config(name: str) -> str:
    """A model's configuration, which Triton wants to have whole."""
    if name == "nsfw":
        inputs, outputs = _tensors({"input:0": "FP32"}, SIZE), _tensors({"outputs": "FP32"}, (2,))
    elif name == "behaves":
        inputs, outputs = _tensors({"text": "BYTES"}, ()), _tensors({"scores": "FP32"}, (-1,))
    else:
        width, of = _ECHOES[name]
        inputs, outputs = _tensors(of, (width,)), _tensors({**of, "seen": "BYTES"}, (width,))
    more = f"instance_group [{{count: {2 if name == 'behaves' else 1} kind: KIND_CPU}}]"
    return f'backend: "python"\nmax_batch_size: 0\ninput [{inputs}]\noutput [{outputs}]\n{more}\n'


def _tensors(of: Mapping[str, str], row: Collection[int]) -> str:
    sizes = ", ".join(map(str, (-1, *row)))
    types = {name: "STRING" if datatype == "BYTES" else datatype for name, datatype in of.items()}
    return ", ".join(f'{{name: "{name}" data_type: TYPE_{of} dims: [{sizes}]}}' for name, of in types.items())


KINDS: Mapping[str, Callable[[Path, Path, int, Collection[str]], Started]] = {
    "mlserver": _mlserver,
    "kserve": _kserve,
    "triton": _triton,
}


@contextmanager
def started(
    kind: str, python: Path, home: Path, models: Collection[str] = MODELS, port: int | None = None
) -> Iterator[Server]:
    """A server with these models, in the block; it listens when this returns. `home` is a directory for its files."""
    port = port or free_port()
    command, more = KINDS[kind](python, home, port, models)
    paths = ":".join(filter(None, (str(SERVED / "common"), more.get("PYTHONPATH"))))
    environment = {"PATH": f"{python.parent}:{os.environ['PATH']}", **more, "PYTHONPATH": paths}
    if "nsfw" in models:
        environment["NSFW"] = str(model_file())

    def start() -> Server:
        with (home / "log.txt").open("ab") as log:
            process = subprocess.Popen(
                command, cwd=home, env=environment, stdout=log, stderr=log, start_new_session=True
            )
        return Server(kind, port, process)

    server = start()
    try:
        if not _listens(server, home / "log.txt"):  # on a busy machine Triton may fail in locking memory that it shares
            server = start()
            assert _listens(server, home / "log.txt"), (home / "log.txt").read_text()
        yield server
    finally:
        if server.process.poll() is None:
            server.kill()


def _listens(server: Server, log: Path) -> bool:
    """Wait until it does; False where it ended instead."""
    bound = time.monotonic() + 180
    while server.process.poll() is None:
        assert time.monotonic() < bound, log.read_text()
        try:
            socket.create_connection(("127.0.0.1", server.port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return True
    return False
