"""The servers of the service's benchmark, each a process of its own, ended with the stack that it is started in."""

import os
import socket
import subprocess
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from service_load import GRPC, HTTP, Target
from service_operators import write_plan

__all__ = ["BARE", "COMB", "PEERS", "free_ports", "marked", "start_comb", "start_peer"]

COMB, BARE = "Comb", "bare grpc.aio"
RAY, RAY_TUNED, BENTOML = "Ray Serve", "Ray Serve, tuned", "BentoML"
PEERS = (RAY, RAY_TUNED, BENTOML)
_HERE = Path(__file__).resolve().parent
_MARK = "COMB_BENCHMARK_SERVER"
_RAY = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_AUTH_MODE": "disabled", "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}
"""The last one keeps all of it to the loopback interface."""
_PATIENCE = 120.0
_REPLICA = 10
"""How far a replica's first port is from the proxy's."""


def start_comb(stack: ExitStack, directory: Path) -> dict[str, Target]:
    """Comb's service, as a pod starts it, and the bare server."""
    plan, (grpc, http) = write_plan(directory), free_ports()
    command = [sys.executable, "-m", "comb_compiler.runtime.service", str(plan), "--artifacts", str(directory)]
    command += ["--code", str(_HERE), "--grpc-port", str(grpc), "--http-port", str(http)]
    comb, mark = _started(stack, [*command, "--connection-age", "0", "--settle", "0"])
    stack.callback(comb.terminate)
    bare, of_bare = _started(stack, [sys.executable, str(_HERE / "service_bare.py")])
    return {COMB: Target(GRPC, grpc, mark), BARE: Target(GRPC, int(bare.stdout.readline()), of_bare)}


def start_peer(stack: ExitStack, directory: Path, python: str, name: str) -> dict[str, Target]:
    """A peer, in its own environment: each way to speak to it. Raises SystemExit where it does not come up."""
    port, kind = _free_block(), "bentoml" if name == BENTOML else "ray"
    with directory.joinpath("peer.log").open("wb") as said:
        command = [python, str(_HERE / "service_peers.py"), kind, str(port)]
        peer, mark = _started(stack, command, _RAY | (_tuned(port) if name == RAY_TUNED else {}), said)
    if not any(line.strip() == "ready" for line in peer.stdout):
        told = directory.joinpath("peer.log").read_text(errors="replace")
        raise SystemExit(f"{name} did not come up:\n{told[-4000:]}")
    targets = {name: Target(HTTP if kind == "bentoml" else GRPC, port, mark)}
    if name == RAY_TUNED:
        targets[f"{name}, its replica"] = Target(GRPC, port + _REPLICA, mark)
    return targets


def _tuned(port: int) -> dict[str, str]:
    """Ray's own switch; clients may then also speak to a replica itself, past the proxy."""
    bounds = {}
    for what, first in (("GRPC", port + _REPLICA), ("HTTP", port + 2 * _REPLICA)):
        bounds[f"RAY_SERVE_DIRECT_INGRESS_MIN_{what}_PORT"] = str(first)
        bounds[f"RAY_SERVE_DIRECT_INGRESS_MAX_{what}_PORT"] = str(first + 5)
    return {"RAY_SERVE_THROUGHPUT_OPTIMIZED": "1", "RAY_SERVE_DIRECT_INGRESS_MIN_DRAINING_PERIOD_S": "0", **bounds}


def _started(
    stack: ExitStack, command: list[str], more: Mapping[str, str] | None = None, said: Any = subprocess.DEVNULL
) -> tuple[Any, str]:
    """A process that ends when its standard input does, and the mark in its environment."""
    mark, environment = marked(more)
    process = subprocess.Popen(
        command,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=said,
        text=True,
    )
    stack.callback(process.wait, _PATIENCE)
    assert process.stdin is not None
    stack.callback(process.stdin.close)
    return process, mark


def marked(more: Mapping[str, str] | None = None) -> tuple[str, dict[str, str]]:
    """A mark of its own for a server, and the environment that has it."""
    word = os.urandom(8).hex()
    return f"{_MARK}={word}", {**os.environ, **(more or {}), _MARK: word}


def free_ports() -> tuple[int, int]:
    """Two ports that nobody listens on."""
    with socket.socket() as one, socket.socket() as other:
        one.bind(("127.0.0.1", 0))
        other.bind(("127.0.0.1", 0))
        return one.getsockname()[1], other.getsockname()[1]


def _free_block(size: int = 30) -> int:
    """The first of some ports in a row that are free."""
    for first in range(21000, 29000, size):
        try:
            for port in range(first, first + size):
                with socket.socket() as one:
                    one.bind(("127.0.0.1", port))
        except OSError:
            continue
        return first
    raise SystemExit("there are no free ports")
