"""Images of a layout → registries, by digest: what is there is not sent again."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from comb_compiler.images.artifacts import artifacts_of
from comb_compiler.images.begun import Begun
from comb_compiler.images.layout import ImageLayout
from comb_compiler.images.model import MANIFEST, Descriptor, ImageError
from comb_compiler.images.names import Reference
from comb_compiler.images.reading import descriptor
from comb_compiler.images.registry import Repository
from comb_compiler.images.requests import Requests

__all__ = ["Pushed", "push_images"]

Connect = Callable[[Reference], Requests]


class Pushed(NamedTuple):
    """An image that is in its registry now: the layers that were sent for it, in the order of its manifest."""

    image: Reference
    sent: tuple[Descriptor, ...]
    layers: tuple[Descriptor, ...]


def push_images(
    layout: ImageLayout,
    images: Iterable[Reference],
    connect: Connect,
    tell: Callable[[str], None],
    begun: Begun | None = None,
) -> Iterator[Pushed]:
    """Send images one by one, each manifest after its blobs, so that a registry never names what it does not have.

    Models that an image links to go before it. `begun` are large blobs that earlier processes began to send.

    Raises ImageError for what the layout lacks, before anything is sent; then RegistryFailed.
    """
    wanted = list(_wanted(layout, dict.fromkeys(images)).items())
    there: dict[tuple[str, str], str] = {}
    registries: dict[str, Requests] = {}
    for image, manifest in wanted:
        if image.host not in registries:
            registries[image.host] = connect(image)
        repository = Repository(registries[image.host], image.repository)
        blobs = _blobs(layout, manifest)
        sent = []
        for blob in blobs:
            tell(f"{image.host}/{image.repository}: {blob.digest}, {blob.size:,} bytes")
            key = (image.host, blob.digest)
            if not repository.has(blob.digest) and repository.send(
                blob, layout.blob(blob.digest), there.get(key, ""), begun
            ):
                sent.append(blob)
            there[key] = image.repository
        content = layout.read(image.digest)
        repository.put_manifest(Descriptor(manifest.get("mediaType", MANIFEST), image.digest, len(content)), content)
        yield Pushed(image, tuple(one for one in sent if one in blobs[1:]), tuple(blobs[1:]))


def _wanted(layout: ImageLayout, images: Iterable[Reference]) -> dict[Reference, Mapping[str, Any]]:
    """What is to be sent, with its manifests, in order."""
    wanted: dict[Reference, Mapping[str, Any]] = {}
    for image in images:
        manifest = _of_layout(layout, image)
        wanted |= {one: _of_layout(layout, one) for one in artifacts_of(layout, image, manifest)}
        wanted[image] = manifest
    return wanted


def _of_layout(layout: ImageLayout, image: Reference) -> Mapping[str, Any]:
    manifest = layout.manifest(image.digest)
    for blob in _blobs(layout, manifest):
        if not layout.holds(blob):
            raise ImageError(f"{layout.path}: {image} names {blob.digest}, which is not there whole: build it again")
    return manifest


def _blobs(layout: ImageLayout, manifest: Mapping[str, Any]) -> list[Descriptor]:
    try:
        return [descriptor(one) for one in (manifest["config"], *manifest["layers"])]
    except (KeyError, TypeError, ValueError) as problem:
        raise ImageError(f"{layout.path}: a manifest cannot be read: {problem}") from problem
