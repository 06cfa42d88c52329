"""What images are made of, as OCI's image specification 1.1 has it (https://github.com/opencontainers/image-spec)."""

from collections.abc import Mapping
from typing import Any, NamedTuple

__all__ = [
    "CONFIG",
    "DOCKER_INDEX",
    "DOCKER_MANIFEST",
    "FETCHED",
    "GZIP_LAYER",
    "INDEX",
    "MANIFEST",
    "Base",
    "Built",
    "Descriptor",
    "ImageError",
    "Layer",
]

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_INDEX = "application/vnd.docker.distribution.manifest.list.v2+json"
FETCHED = "dev.comb.fetched"
"""A label: the SHA-256 of models that the image links to and a pod fetches, with spaces between them."""
GZIP_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"


class ImageError(Exception):
    """What was given cannot become an image; the message is a sentence that says what to do. Nothing is half built."""


class Descriptor(NamedTuple):
    """A blob, by its digest, `sha256:…`."""

    media_type: str
    digest: str
    size: int

    def json(self, **more: Any) -> dict[str, Any]:
        """As manifests and indexes name it."""
        return {"mediaType": self.media_type, "digest": self.digest, "size": self.size, **more}


class Layer(NamedTuple):
    """A layer: what it holds in words, its blob, and the digest of its archive before it was compressed."""

    title: str
    blob: Descriptor
    diff_id: str


class Base(NamedTuple):
    """An image that others begin with: its configuration, as it is in its own file, and its layers from below.

    `digest` is its manifest's; `name` is how it was named.
    """

    name: str
    digest: str
    config: Mapping[str, Any]
    layers: tuple[Descriptor, ...]


class Built(NamedTuple):
    """An image that was built: the blobs of its manifest and its configuration, and its own layers."""

    manifest: Descriptor
    config: Descriptor
    base: Base
    layers: tuple[Layer, ...]
