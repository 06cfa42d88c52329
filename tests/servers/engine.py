"""A real Docker engine and a real registry of images, on 127.0.0.1, and a base with Python that is made here."""

import json
import os
import socket
import subprocess
import tarfile
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from comb_compiler.images.layout import ImageLayout
from comb_compiler.images.model import CONFIG, MANIFEST
from tests.servers.processes import free_ports, running
from tests.support.tools import debian_packages

if TYPE_CHECKING:
    from docker import DockerClient

__all__ = ["base_of_debian", "engine", "registry"]

_READY_SECONDS = 120
_PYTHON = (
    *("python3.11-minimal", "libpython3.11-minimal", "libpython3.11-stdlib"),
    *("base-files", "busybox-static", "libc6", "libgcc-s1", "libstdc++6", "media-types"),
    *("libbz2-1.0", "libexpat1", "libffi8", "liblzma5", "libsqlite3-0", "libssl3", "libuuid1", "zlib1g"),
)
"""Python of Debian 12, what its library needs, and what wheels need."""


@contextmanager
def engine(dockerd: Path, directory: Path) -> Iterator["DockerClient"]:
    """An engine of its own, without any network but the machine's."""
    import docker

    root = dockerd.parents[2]
    path = ":".join([str(root / "usr" / "bin"), str(root / "usr" / "sbin"), os.environ.get("PATH", "")])
    environment = {**os.environ, "PATH": path}
    if root != Path("/"):
        libraries = [str(one) for place in ("usr/lib", "lib") for one in (root / place).glob("*-linux-gnu")]
        environment["LD_LIBRARY_PATH"] = ":".join(libraries)
    listening = directory / "docker.sock"
    command: list[str | Path] = [
        *(dockerd, "--data-root", directory / "data", "--exec-root", directory / "exec"),
        *("--pidfile", directory / "dockerd.pid", "--host", f"unix://{listening}"),
        *("--iptables=false", "--ip6tables=false", "--ip-forward=false", "--bridge=none"),
    ]
    with running("dockerd", command, directory, environment) as server:
        server.wait(lambda: _answers(listening), _READY_SECONDS)
        client = docker.DockerClient(base_url=f"unix://{listening}", version="1.41", timeout=_READY_SECONDS)
        try:
            client.ping()
            yield client
            for container in client.containers.list(all=True):
                container.remove(force=True)
        finally:
            client.close()
    subprocess.run(["umount", directory / "exec" / "netns" / "default"], capture_output=True)


def _answers(socket_file: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as asking:
        try:
            asking.connect(str(socket_file))
        except OSError:
            return False
        return True


@contextmanager
def registry(program: Path, directory: Path, more: Sequence[str] = ()) -> Iterator[str]:
    """A registry, as `host:port`; lines of its configuration may be added. It keeps what is pushed in `directory`."""
    (port,) = free_ports(1)
    host = f"127.0.0.1:{port}"
    lines = [
        "version: 0.1",
        "log: {level: warn}",
        f"storage: {{filesystem: {{rootdirectory: {json.dumps(str(directory / 'kept'))}}}}}",
        f"http: {{addr: '{host}'}}",
        *more,
    ]
    (directory / "registry.yml").write_text("\n".join(lines) + "\n")
    with running("registry", [program, "serve", directory / "registry.yml"], directory) as server:
        server.wait(lambda: _listens(host), _READY_SECONDS)
        yield host


def _listens(host: str) -> bool:
    try:
        urllib.request.urlopen(f"http://{host}/v2/", timeout=10).close()
    except urllib.error.HTTPError:
        return True  # it wants to know who asks
    except OSError:
        return False
    return True


def base_of_debian(directory: Path) -> ImageLayout:
    """A layout with one image, `base`, that has Debian's Python; raises `Missing` where its packages cannot be had."""
    root = debian_packages(*_PYTHON)
    layout = ImageLayout(directory)
    layout.prepare()
    with layout.writing() as blob, tarfile.open(fileobj=blob, mode="w|") as archive:  # type: ignore[call-overload]
        archive.add(root, ".", filter=_owned_by_root)
    layer = {"mediaType": "application/vnd.oci.image.layer.v1.tar", "digest": blob.digest, "size": blob.size}
    path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    config = layout.write_json(
        CONFIG,
        {
            "architecture": "amd64",
            "os": "linux",
            "config": {"Env": [path]},
            "rootfs": {"type": "layers", "diff_ids": [blob.digest]},
        },
    )
    manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "config": config.json(), "layers": [layer]}
    layout.name({"base": layout.write_json(MANIFEST, manifest)})
    return layout


def _owned_by_root(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = "root"
    return member
