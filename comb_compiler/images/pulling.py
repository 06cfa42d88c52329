"""Bases in registries → a layout: what is in the layout already is not asked for again."""

from collections.abc import Mapping
from typing import Any

from comb_compiler.images.bases import read_base
from comb_compiler.images.layout import ImageLayout
from comb_compiler.images.model import DOCKER_INDEX, INDEX, MANIFEST, Base, Descriptor, ImageError
from comb_compiler.images.names import Reference
from comb_compiler.images.reading import descriptor, parsed
from comb_compiler.images.registry import Repository

__all__ = ["pull_base"]

_MACHINE = {"os": "linux", "architecture": "amd64"}


def pull_base(image: Reference, repository: Repository, layout: ImageLayout) -> Base:
    """An image of a registry, whose blobs are in the layout afterwards; of several for machines, linux/amd64's.

    Raises RegistryFailed, and ImageError for what is no image.
    """
    manifest = _manifest(image.digest, repository, layout)
    if manifest.get("mediaType") in (INDEX, DOCKER_INDEX) or "manifests" in manifest:
        digest = _of_this_machine(image, manifest)
        manifest = _manifest(digest, repository, layout)
    else:
        digest = image.digest
    try:
        for blob in map(descriptor, (manifest["config"], *manifest["layers"])):
            repository.fetch(blob, layout)
    except (KeyError, TypeError, ValueError) as problem:
        raise ImageError(f"{image}: this is no image that can be read") from problem
    return read_base(layout, Descriptor(MANIFEST, digest, 0), str(image))


def _manifest(digest: str, repository: Repository, layout: ImageLayout) -> Mapping[str, Any]:
    if not layout.has(digest):
        layout.write(MANIFEST, repository.manifest(digest))
    try:
        found = parsed(layout.read(digest))
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise ImageError(f"{repository.name}@{digest}: this is no manifest")
    return found


def _of_this_machine(image: Reference, index: Mapping[str, Any]) -> str:
    there = index.get("manifests")
    for one in there if isinstance(there, list) else ():
        platform = one.get("platform") if isinstance(one, dict) else None
        if isinstance(platform, dict) and platform.items() >= _MACHINE.items():
            return str(one.get("digest"))
    raise ImageError(f"{image}: it has no image for linux/amd64")
