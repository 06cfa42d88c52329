"""The names of images in registries: `registry/name@sha256:…`, and who is asked for them."""

import re
from typing import NamedTuple

from comb_compiler.images.model import ImageError
from comb_compiler.release.images import IMAGE

__all__ = ["Reference", "is_this_machine", "parse_reference", "parse_tagged"]

_HUB, _HUBS_REGISTRY = "docker.io", "registry-1.docker.io"
_TAGGED = r"[a-z0-9][-._a-z0-9]*(:[0-9]{1,5})?(/[a-z0-9][-._a-z0-9]*)+:[A-Za-z0-9_][-._A-Za-z0-9]{0,127}"
_THIS_MACHINE = re.compile(r"(localhost|127(\.\d{1,3}){3})(:\d+)?")


class Reference(NamedTuple):
    """An image by its digest, in a repository of the registry that listens at `host`, as `host:port` or `host`."""

    host: str
    repository: str
    digest: str

    def __str__(self) -> str:
        return f"{self.host}/{self.repository}@{self.digest}"

    @property
    def address(self) -> str:
        """The registry's URL. As engines have it, only this machine is talked to without TLS."""
        host = _HUBS_REGISTRY if self.host == _HUB else self.host
        return f"{'http' if is_this_machine(host) else 'https'}://{host}"


def is_this_machine(host: str) -> bool:
    """Whether a `host` or `host:port` is this machine, where nobody listens in between."""
    return _THIS_MACHINE.fullmatch(host) is not None


def parse_tagged(name: str) -> tuple[Reference, str]:
    """Where an image `registry/name:tag` is, without a digest, and its tag. Raises ImageError for what is none."""
    place, _, tag = name.rpartition(":")
    host, _, repository = place.partition("/")
    if re.fullmatch(_TAGGED, name) is None or not _is_host(host):
        raise ImageError(f"`{name[:200]}` is no image by a tag, as `docker.io/library/python:3.12-slim`")
    return Reference(host, repository, ""), tag


def parse_reference(name: str) -> Reference:
    """Raises ImageError for what is no image by its digest."""
    place, _, digest = name.partition("@")
    host, _, repository = place.partition("/")
    if re.fullmatch(IMAGE, name) is None or not _is_host(host):
        raise ImageError(f"`{name[:200]}` is no image by its digest, as `registry.example.com/name@sha256:…`")
    return Reference(host, repository, digest)


def _is_host(host: str) -> bool:
    return "." in host or ":" in host or host == "localhost"
