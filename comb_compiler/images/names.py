"""The names of images in registries: `registry/name@sha256:…`, and who is asked for them."""

import re
from typing import NamedTuple

from comb_compiler.images.model import ImageError
from comb_compiler.release.images import IMAGE

__all__ = ["Reference", "is_this_machine", "parse_reference"]

_HUB, _HUBS_REGISTRY = "docker.io", "registry-1.docker.io"
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


def parse_reference(name: str) -> Reference:
    """Raises ImageError for what is no image by its digest."""
    place, _, digest = name.partition("@")
    host, _, repository = place.partition("/")
    if re.fullmatch(IMAGE, name) is None or not ("." in host or ":" in host or host == "localhost"):
        raise ImageError(f"`{name[:200]}` is no image by its digest, as `registry.example.com/name@sha256:…`")
    return Reference(host, repository, digest)
