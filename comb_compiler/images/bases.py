"""Images on this machine's disk → what others begin with: an OCI layout, or an archive as `docker save` writes it."""

import hashlib
import json
import re
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from comb_compiler.images.layout import ImageLayout
from comb_compiler.images.model import GZIP_LAYER, Base, Descriptor, ImageError

__all__ = ["Found", "environment_of", "look_into", "open_archive", "open_layout", "read_base"]

_PYTHON = re.compile(r"(?:usr/)?(?:local/)?bin/python3\.(\d+)")
_MUSL = re.compile(r"(?:usr/)?lib/ld-musl-([a-z0-9_]+)\.so\.1")
_GLIBC = re.compile(r"(?:usr/)?lib(?:64)?/(?:[a-z0-9_]+-linux-gnu/)?libc\.so\.6")
_ANOTHER = "choose another base, registry.base of platform.yaml"
_TAR_LAYER = "application/vnd.oci.image.layer.v1.tar"
_LAYERS = {
    GZIP_LAYER: GZIP_LAYER,
    _TAR_LAYER: _TAR_LAYER,
    "application/vnd.oci.image.layer.v1.tar+zstd": "application/vnd.oci.image.layer.v1.tar+zstd",
    "application/vnd.docker.image.rootfs.diff.tar.gzip": GZIP_LAYER,
    "application/vnd.docker.image.rootfs.diff.tar": _TAR_LAYER,
}


class Found(NamedTuple):
    """What a base has: its Python, as (3, 11) at `/usr/bin/python3.11`, and its C library, `glibc` or `musl`."""

    python: tuple[int, int]
    path: str
    libc: str


def open_layout(layout: ImageLayout, name: str = "") -> Base:
    """An image of a layout, by its name or digest; by none, the only one. Raises ImageError."""
    images = layout.images()
    if not name and len(images) == 1:
        name = next(iter(images))
    if name not in images:
        there = ", ".join(images) or "none"
        raise ImageError(f"{layout.path}: which image? there is {there}" if not name else f"{layout.path}: no `{name}`")
    return read_base(layout, images[name], name)


def read_base(layout: ImageLayout, image: Descriptor, name: str) -> Base:
    """The image of a manifest. Raises ImageError."""
    manifest = layout.manifest(image.digest)
    try:
        config = json.loads(layout.read(manifest["config"]["digest"]))
        layers = tuple(Descriptor(_LAYERS[one["mediaType"]], one["digest"], one["size"]) for one in manifest["layers"])
        if len(config["rootfs"]["diff_ids"]) != len(layers):
            raise ImageError(f"{name}: its configuration has other layers than its manifest")
    except (KeyError, TypeError, ValueError) as problem:
        raise ImageError(f"{name}: this is no image that can be read: {problem}") from problem
    return Base(name, image.digest, config, layers)


def open_archive(path: Path, layout: ImageLayout) -> Base:
    """The only image of an archive that `docker save` wrote; its blobs are put into `layout`. Raises ImageError."""
    try:
        with tarfile.open(path) as archive:
            (told,) = json.loads(_member(archive, "manifest.json"))
            config = json.loads(_member(archive, told["Config"]))
            layers = tuple(_copied(archive, name, layout) for name in told["Layers"])
    except (tarfile.TarError, OSError, KeyError, ValueError, TypeError) as problem:
        raise ImageError(f"{path}: this is no archive of one image, as `docker save` writes it: {problem}") from problem
    content = json.dumps(config, sort_keys=True).encode()
    return Base(path.name, f"sha256:{hashlib.sha256(content).hexdigest()}", config, layers)


def _member(archive: tarfile.TarFile, name: str) -> bytes:
    file = archive.extractfile(name)
    if file is None:
        raise ValueError(f"`{name}` is no file")
    return file.read()


def _copied(archive: tarfile.TarFile, name: str, layout: ImageLayout) -> Descriptor:
    file = archive.extractfile(name)
    if file is None:
        raise ValueError(f"`{name}` is no file")
    is_gzip = file.read(2) == b"\x1f\x8b"
    file.seek(0)
    with layout.writing() as blob:
        while piece := file.read(1 << 20):
            blob.write(piece)
    return Descriptor(GZIP_LAYER if is_gzip else _TAR_LAYER, blob.digest, blob.size)


def look_into(base: Base, layout: ImageLayout) -> Found:
    """The Python and the C library of a base, by the names of its files. Raises ImageError where it has none."""
    pythons: dict[int, str] = {}
    libc = ""
    for name in _names(base, layout):
        python = _PYTHON.fullmatch(name)
        if python is not None:
            pythons[int(python[1])] = f"/{name}"
        if _MUSL.fullmatch(name):
            libc = "musl"
        elif _GLIBC.fullmatch(name):
            libc = libc or "glibc"
    if not pythons:
        raise ImageError(
            f"{base.name}: it has no Python 3 in a `bin`: choose another base, registry.base of platform.yaml"
        )
    if not libc:
        raise ImageError(
            f"{base.name}: it has neither glibc nor musl: choose another base, registry.base of platform.yaml"
        )
    newest = max(pythons)
    return Found((3, newest), pythons[newest], libc)


def _names(base: Base, layout: ImageLayout) -> Iterator[str]:
    for layer in base.layers:
        try:
            with tarfile.open(layout.blob(layer.digest)) as archive:
                for member in archive:
                    yield member.name.removeprefix("./").lstrip("/")
        except (tarfile.TarError, OSError, EOFError) as problem:
            raise ImageError(f"{base.name}: its layer {layer.digest} cannot be read: {problem}") from problem


def environment_of(config: Mapping[str, Any]) -> Sequence[str]:
    """The variables that a configuration sets, as `NAME=VALUE`."""
    return tuple(config.get("config", {}).get("Env") or ())
