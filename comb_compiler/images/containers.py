"""The processes of a comb in containers: apart from this machine, its network and each other's files.

All of them share a loopback, and nothing else: no network is there. What answers is reached through a relay, the
container whose loopback it is, which has a directory with sockets and no file of anybody else. The root is read-only,
the user is nobody, `/tmp` is in memory and counts as such, and limits are those of comb.yaml.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from comb_compiler.images.endings import Ending, in_words
from comb_compiler.images.engines import EngineFailed, asking
from comb_compiler.images.homes import HOME, home
from comb_compiler.images.relay import SOURCE
from comb_compiler.images.relaying import relaying_here, sealed

if TYPE_CHECKING:
    from pathlib import Path

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
        is_running = _is_running(container)
        state = container.attrs["State"]
        if is_running and not state["OOMKilled"]:
            return None
        code = None if is_running else state["ExitCode"]
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
    files: Mapping[str, str] = {},
    note: Callable[[str], None] = lambda text: None,
) -> Iterator[Contained]:
    """Start the processes of an execution plan, the one that answers first in `processes`; all end with the block.

    `arguments` are more of the command of each; `doors` are the addresses on this machine for gRPC and HTTP, free ones
    by default; `files` of this machine are there too, by their paths inside, to be read. What an earlier run left
    behind that was killed is removed. Raises EngineFailed. That a process answers is not waited for.
    """
    with ExitStack() as stack:
        scratch = stack.enter_context(home(client))
        (scratch / "plan").mkdir(mode=0o755)
        (scratch / "plan" / "plan.json").write_bytes(plan)
        (scratch / "plan" / "plan.json").chmod(0o644)
        ports = {one.process: (_GRPC + 2 * number, _HTTP + 2 * number) for number, one in enumerate(processes)}
        mounted = {str(scratch / "plan"): {"bind": _PLAN, "mode": "ro"}}
        mounted |= {file: {"bind": inside, "mode": "ro"} for inside, file in files.items()}
        addresses, before = stack.enter_context(_relayed(client, scratch, processes[0].image, doors or _free_ports()))
        containers: dict[Asked, Container] = {}
        for one in processes:
            note(f"starting {one.process}")
            command = [*_command(one.process, ports), *arguments]
            containers[one] = stack.enter_context(_container(client, scratch, one, command, mounted, before))
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
    scratch: "Path",
    asked: Asked,
    command: Sequence[str],
    mounted: Mapping[str, Mapping[str, str]],
    beside: "Container | None",
    **more: Any,
) -> "Iterator[Container]":
    with asking():
        volumes = client.images.get(asked.image).attrs["Config"].get("Volumes") or {}
        in_memory = dict.fromkeys((*volumes, "/tmp"), f"{_TMP},size={asked.limits.memory}")  # noqa: S108
        container = client.containers.create(
            asked.image,
            list(command[1:]),
            entrypoint=command[0],
            environment={"HOME": "/tmp"},  # noqa: S108
            use_config_proxy=False,  # which may have passwords in it
            user=_USER,
            read_only=True,
            tmpfs=in_memory,
            network_mode="none" if beside is None else f"container:{beside.id}",
            cap_drop=["ALL"],
            security_opt=["no-new-privileges"],
            pids_limit=_TASKS,
            mem_limit=asked.limits.memory,
            memswap_limit=asked.limits.memory,
            nano_cpus=None if asked.limits.cpu is None else max(int(asked.limits.cpu * 1e9), 10_000_000),
            ipc_mode="private",
            volumes=mounted,
            log_config=_LOG,
            labels={"dev.comb.process": asked.process, HOME: str(scratch)},
            healthcheck={"test": ["NONE"]},
            **more,
        )
    try:
        _start(container)
        yield container
    finally:
        _remove(container)


def _start(container: "Container") -> None:
    """Start it; that its program cannot be run is an end of it, as others are."""
    try:
        with asking():
            container.start()
    except EngineFailed:
        with asking():
            container.reload()
        if not container.attrs["State"].get("Error"):
            raise


def _is_running(container: "Container") -> bool:
    with asking():
        container.reload()
    return bool(container.attrs["State"]["Running"])


def _remove(container: "Container") -> None:
    """End it and forget it; an engine that is gone has ended it itself."""
    try:
        with asking():
            container.remove(force=True, v=True)
    except EngineFailed:
        pass


@contextmanager
def _relayed(
    client: "DockerClient", scratch: "Path", image: str, doors: tuple[str, str]
) -> "Iterator[tuple[tuple[str, str], Container]]":
    """Addresses on this machine that lead to the loopback of a container, and that container, which has no network."""
    from docker.types import Ulimit

    inside = {"grpc": f"127.0.0.1:{_GRPC}", "http": f"127.0.0.1:{_HTTP}"}
    directory = scratch / "relay"
    directory.mkdir()
    directory.chmod(0o777)
    mounted = {str(directory): {"bind": _RELAY, "mode": "rw"}}
    # No package of the image runs beside the sockets; but its Python does, and writes no files there.
    command = ["python", "-I", "-S", "-c", SOURCE, *(f"{_RELAY}/{name}={door}" for name, door in inside.items())]
    no_files = [Ulimit(name="fsize", soft=0, hard=0)]
    asked = Asked("relay", image, Limits(1, _RELAY_MEMORY))
    with _container(client, scratch, asked, command, mounted, None, ulimits=no_files) as relay:
        sealed(directory, tuple(inside), lambda: _is_running(relay))
        outside = [f"{door}={directory}/{name}" for door, name in zip(doors, inside, strict=True)]
        with relaying_here(outside) as is_listening:
            if not is_listening:
                raise EngineFailed(f"nothing can listen at {doors[0]} and {doors[1]}: are they taken?")
            yield doors, relay


def _free_ports() -> tuple[str, str]:
    import socket

    with socket.socket() as one, socket.socket() as other:
        one.bind(("127.0.0.1", 0))
        other.bind(("127.0.0.1", 0))
        return tuple(f"127.0.0.1:{each.getsockname()[1]}" for each in (one, other))  # type: ignore[return-value]
