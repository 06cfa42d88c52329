"""Rendered Deployments → containers of a Docker engine, as a node would start them, on the machine's network."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import yaml

from tests.servers.processes import free_ports

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.containers import Container

__all__ = ["Pod", "pods"]

_MEBI = {"Mi": 1, "Gi": 1024}


class Pod(NamedTuple):
    """A container, and the ports that it serves at."""

    container: "Container"
    grpc: int
    http: int


@contextmanager
def pods(engine: "DockerClient", rendered: Path, scratch: Path) -> Iterator[Mapping[str, Pod]]:
    """A container for each process, which has pulled its image by digest; the first is the entry's."""
    objects = [yaml.safe_load(file.read_text(encoding="utf-8")) for file in sorted(rendered.glob("*.yaml"))]
    maps = {one["metadata"]["name"]: one["data"] for one in objects if one["kind"] == "ConfigMap"}
    templates = {}
    for one in objects:
        if one["kind"] == "Deployment":
            labels, spec = one["spec"]["template"]["metadata"]["labels"], one["spec"]["template"]["spec"]
            templates[labels["comb.dev/process"]] = spec
    numbers = free_ports(2 * len(templates))
    ports = dict(zip(templates, zip(numbers[::2], numbers[1::2], strict=True), strict=True))
    started: dict[str, Pod] = {}
    try:
        for process in sorted(templates, key=len):  # COMB is before COMB--GROUP
            volumes = _mounted(templates[process], maps, scratch / process)
            for before in templates[process].get("initContainers", ()):
                _run_before(engine, before, templates[process], scratch / process)
            container = _start(engine, process, templates[process], ports, volumes)
            started[process] = Pod(container, *ports[process])
        yield started
    finally:
        for pod in started.values():
            pod.container.remove(force=True)


def _start(
    engine: "DockerClient", process: str, spec: Any, ports: Mapping[str, tuple[int, int]], volumes: dict[str, Any]
) -> "Container":
    (told,) = spec["containers"]
    grpc, http = ports[process]
    peers = [f"--peer={name}=127.0.0.1:{port}" for name, (port, _) in ports.items() if name != process]
    engine.images.pull(told["image"])
    limits = told["resources"]["limits"]
    context, own = spec["securityContext"], told["securityContext"]
    return engine.containers.run(
        told["image"],
        [*told["args"], "--host=127.0.0.1", f"--grpc-port={grpc}", f"--http-port={http}", *peers],
        entrypoint=told["command"],
        environment={one["name"]: one["value"] for one in told["env"] if "value" in one},
        user=f"{context['runAsUser']}:{context['runAsGroup']}",
        read_only=own["readOnlyRootFilesystem"],
        cap_drop=own["capabilities"]["drop"],
        security_opt=["no-new-privileges"],
        mem_limit=f"{int(limits['memory'][:-2]) * _MEBI[limits['memory'][-2:]]}m",
        tmpfs={"/tmp": "mode=1777"},
        volumes=volumes,
        network_mode="host",
        detach=True,
    )


def _run_before(engine: "DockerClient", told: Any, spec: Any, scratch: Path) -> None:
    """Run a container that must have ended well before the others start."""
    engine.images.pull(told["image"])
    context, own = spec["securityContext"], told["securityContext"]
    engine.containers.run(
        told["image"],
        told["args"],
        entrypoint=told["command"],
        user=f"{context['runAsUser']}:{context['runAsGroup']}",
        read_only=own["readOnlyRootFilesystem"],
        cap_drop=own["capabilities"]["drop"],
        security_opt=["no-new-privileges"],
        volumes={str(scratch / one["name"]): {"bind": one["mountPath"], "mode": "rw"} for one in told["volumeMounts"]},
        network_mode="host",
        remove=True,
    )


def _mounted(spec: Any, maps: Mapping[str, Mapping[str, str]], scratch: Path) -> dict[str, Any]:
    """The volumes of a container: what ConfigMaps say, and a directory that its user may write."""
    volumes = {}
    sources = {one["name"]: one for one in spec["volumes"]}
    for mount in spec["containers"][0]["volumeMounts"]:
        source = sources[mount["name"]]
        place = scratch / mount["name"]
        if "configMap" in source:
            place.mkdir(parents=True)
            for name, content in maps[source["configMap"]["name"]].items():
                (place / name).write_text(content, encoding="utf-8")
            volumes[str(place)] = {"bind": mount["mountPath"], "mode": "ro"}
        elif "persistentVolumeClaim" in source or mount["name"] == "models":
            place.mkdir(parents=True, mode=0o777)
            place.chmod(0o777)
            volumes[str(place)] = {"bind": mount["mountPath"], "mode": "ro" if mount.get("readOnly") else "rw"}
    return volumes
