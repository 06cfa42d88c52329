"""Flux's kustomize-controller on 127.0.0.1, real, beside a control plane, for as long as a block of code."""

import os
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.servers.control_plane import ControlPlane
from tests.servers.processes import Server, free_ports, running

__all__ = ["PROGRAM", "kustomize_controller"]

PROGRAM = "kustomize-controller"

_SECONDS = 240.0
_FLAGS = (
    "--events-addr=",
    "--watch-all-namespaces=true",
    "--interval-jitter-percentage=0",
    "--log-encoding=console",
)


@contextmanager
def kustomize_controller(
    plane: ControlPlane, program: Path, directory: Path, flags: Sequence[str] = ()
) -> Iterator[Server]:
    """Start it and wait until it is ready; raises `Failed`. The API server must know Flux's kinds already."""
    health, metrics = free_ports(2)
    temporary = directory / "temporary"
    temporary.mkdir(parents=True)
    environment = {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(directory),
        "KUBECONFIG": str(plane.kubeconfig),
        "RUNTIME_NAMESPACE": "flux-system",
        "TMPDIR": str(temporary),
    }
    addresses = (f"--health-addr=127.0.0.1:{health}", f"--metrics-addr=127.0.0.1:{metrics}")
    with running(PROGRAM, [program, *addresses, *_FLAGS, *flags], directory, environment) as server:
        server.wait(lambda: _is_ready(f"http://127.0.0.1:{health}/readyz"), _SECONDS)
        yield server


def _is_ready(url: str) -> bool:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
