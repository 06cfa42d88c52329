"""The processes of a comb in containers: apart from this machine, its network and each other's files.

All of them share the loopback of the first, and nothing else: no network is there. What answers is reached through a
relay, a container that has a directory with a socket and no file of anybody else. The root is read-only, the user is
nobody, `/tmp` is in memory and counts as such, and limits are those of comb.yaml.
"""

import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from comb_compiler.images.endings import Ending, in_words
from comb_compiler.images.engines import EngineFailed, asking
from comb_compiler.images.relay import SOURCE

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.containers import Container

__all__ = ["Asked", "Contained", "Limits", "contained"]

_USER = "65532:65532"
_PLAN = "/etc/comb/plan"
_RELAY = "/relay"
_GRPC, _HTTP = 50051, 8080
_TASKS = 4096
_TMP = "rw,nosuid,nodev,mode=1777"
_RELAY_MEMORY = 128 << 20
_LOG = {"type": "json-file", "config": {"max-size": "10m", "max-file": "1"}}


class Limits(NamedTuple):
    """Cores, as many as there are where it is None, and bytes of memory, `/tmp` among them."""

    cpu: float | None
    memory: int


class Asked(NamedTuple):
    """A process of an execution plan, the image that it runs in, as the engine knows it, and what it may use."""

    process: str
    image: str
    limits: Limits


class Contained:
    """Processes that run in containers; `grpc` and `http` are addresses on this machine, of the first."""

    def __init__(self, grpc: str, http: str, containers: "Mapping[Asked, Container]") -> None:
        self.grpc = grpc
        self.http = http
        self._containers = containers

    def endings(self) -> tuple[Ending, ...]:
        """The processes that have ended by now, and why. Raises EngineFailed."""
        return tuple(ending for ending in map(self._ending, self._containers) if ending is not None)

    def _ending(self, asked: Asked) -> Ending | None:
        container = self._containers[asked]
        with asking():
            container.reload()
            state = container.attrs["State"]
        if state["Running"] and not state["OOMKilled"]:
            return None
        code = None if state["Running"] else state["ExitCode"]
        words = in_words(asked.process, code, state, asked.limits.memory)
        return Ending(asked.process, code, state["OOMKilled"], words)

    def said(self, process: str, lines: int = 20) -> str:
        """The last lines that a process wrote. Raises EngineFailed."""
        with asking():
            written: bytes = next(one for asked, one in self._containers.items() if asked.process == process).logs(
                tail=lines
            )
        return written.decode("utf-8", "replace")


@contextmanager
def contained(
    client: "DockerClient",
    plan: bytes,
    processes: Sequence[Asked],
    arguments: Sequence[str] = (),
    doors: tuple[str, str] | None = None,
    note: Callable[[str], None] = lambda text: None,
) -> Iterator[Contained]:
    """Start the processes of an execution plan, the one that answers first in `processes`; all end with the block.

    `arguments` are more of the command of each; `doors` are the addresses on this machine for gRPC and HTTP, free ones
    by default. Raises EngineFailed. That a process answers is not waited for.
    """
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="comb-contained-")))
        (scratch / "plan").mkdir(mode=0o755)
        (scratch / "plan" / "plan.json").write_bytes(plan)
        (scratch / "plan" / "plan.json").chmod(0o644)
        ports = {one.process: (_GRPC + 2 * number, _HTTP + 2 * number) for number, one in enumerate(processes)}
        containers: dict[Asked, Container] = {}
        for one in processes:
            before = containers[processes[0]] if containers else None
            note(f"starting {one.process}")
            command = [*_command(one.process, ports), *arguments]
            mounted = {str(scratch / "plan"): {"bind": _PLAN, "mode": "ro"}}
            containers[one] = stack.enter_context(_container(client, one, command, mounted, before))
        (scratch / "relay").mkdir()
        (scratch / "relay").chmod(0o777)
        first = containers[processes[0]]
        addresses = stack.enter_context(
            _relayed(client, processes[0], scratch / "relay", first, doors or _free_ports())
        )
        yield Contained(*addresses, containers)


def _command(process: str, ports: Mapping[str, tuple[int, int]]) -> list[str]:
    grpc, http = ports[process]
    peers = [f"--peer={name}=127.0.0.1:{port}" for name, (port, _) in ports.items() if name != process]
    places = ["--artifacts=/comb/artifacts", "--code=/comb/code", "--host=127.0.0.1"]
    own = [f"--process={process}", *places, f"--grpc-port={grpc}", f"--http-port={http}"]
    return ["python", "-m", "comb_compiler.runtime.service", f"{_PLAN}/plan.json", *own, *peers]


@contextmanager
def _container(
    client: "DockerClient",
    asked: Asked,
    command: Sequence[str],
    mounted: Mapping[str, Mapping[str, str]],
    first: "Container | None",
) -> "Iterator[Container]":
    more: dict[str, Any] = {"network_mode": "none" if first is None else f"container:{first.id}"}
    with asking():
        container = client.containers.create(
            asked.image,
            list(command[1:]),
            entrypoint=command[0],
            environment={"HOME": "/tmp"},  # noqa: S108
            user=_USER,
            read_only=True,
            tmpfs={"/tmp": f"{_TMP},size={asked.limits.memory}"},  # noqa: S108
            cap_drop=["ALL"],
            security_opt=["no-new-privileges"],
            pids_limit=_TASKS,
            mem_limit=asked.limits.memory,
            memswap_limit=asked.limits.memory,
            nano_cpus=None if asked.limits.cpu is None else max(int(asked.limits.cpu * 1e9), 10_000_000),
            ipc_mode="private",
            volumes=mounted,
            log_config=_LOG,
            labels={"dev.comb.process": asked.process},
            healthcheck={"test": ["NONE"]},
            **more,
        )
    try:
        with asking():
            container.start()
        yield container
    finally:
        _remove(container)


def _remove(container: "Container") -> None:
    """End it and forget it; an engine that is gone has ended it itself."""
    try:
        with asking():
            container.remove(force=True, v=True)
    except EngineFailed:
        pass


@contextmanager
def _relayed(
    client: "DockerClient", first: Asked, directory: Path, container: "Container", doors: tuple[str, str]
) -> Iterator[tuple[str, str]]:
    """Addresses on this machine that lead to the loopback of a container."""
    inside = [f"{_RELAY}/grpc=127.0.0.1:{_GRPC}", f"{_RELAY}/http=127.0.0.1:{_HTTP}"]
    relay = Asked("relay", first.image, Limits(1, _RELAY_MEMORY))
    mounted = {str(directory): {"bind": _RELAY, "mode": "rw"}}
    command = ["python", "-I", "-S", "-c", SOURCE, *inside]  # no package of the image runs beside the socket
    with _container(client, relay, command, mounted, container):
        outside = [f"{doors[0]}={directory}/grpc", f"{doors[1]}={directory}/http"]
        with _relaying_here(outside) as is_listening:
            if not is_listening:
                raise EngineFailed(f"nothing can listen at {doors[0]} and {doors[1]}: are they taken?")
            yield doors


@contextmanager
def _relaying_here(pairs: Sequence[str]) -> Iterator[bool]:
    """A relay on this machine; a signal to whoever started it is no reason for it to end."""
    command = [sys.executable, "-I", "-S", "-c", SOURCE, *pairs]
    nothing, pipe = subprocess.DEVNULL, subprocess.PIPE
    with subprocess.Popen(  # noqa: S603  the program is our own Python
        command, stdin=nothing, stdout=pipe, stderr=nothing, start_new_session=True
    ) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline() == b"relays\n"
        finally:
            process.kill()


def _free_ports() -> tuple[str, str]:
    import socket

    with socket.socket() as one, socket.socket() as other:
        one.bind(("127.0.0.1", 0))
        other.bind(("127.0.0.1", 0))
        return tuple(f"127.0.0.1:{each.getsockname()[1]}" for each in (one, other))  # type: ignore[return-value]
