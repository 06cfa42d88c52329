"""Images on this machine's disk → what others begin with: an OCI layout, or an archive as `docker save` writes it."""

import errno
import functools
import hashlib
import json
import lzma
import re
import tarfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from comb_compiler.images.layout import ImageLayout
from comb_compiler.images.model import GZIP_LAYER, Base, Descriptor, ImageError
from comb_compiler.images.reading import descriptor, parsed, valid_config

__all__ = ["Found", "environment_of", "installed_in", "look_into", "open_archive", "open_layout", "read_base"]

_UNREADABLE = (tarfile.TarError, OSError, EOFError, ValueError, zlib.error, lzma.LZMAError)
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT)
_PYTHON = re.compile(r"(?:usr/)?(?:local/)?bin/python3\.(\d+)")
_MUSL = re.compile(r"(?:usr/)?lib/ld-musl-([a-z0-9_]+)\.so\.1")
_GLIBC = re.compile(r"(?:usr/)?lib(?:64)?/(?:[a-z0-9_]+-linux-gnu/)?libc\.so\.6")
_INSTALLED = re.compile(r"((?:[^/]+/)*(?:site|dist)-packages/([^/.]+)[^/]*)(?:/.*)?")
_GLIBC_BY_VERSION = re.compile(r"libc-(\d{1,2})\.(\d{1,3})\.so")
_GLIBC_OF_ITSELF = re.compile(rb"GNU C Library [^\n]{1,200}? release version (\d{1,2})\.(\d{1,3})\b")
_MOST_OF_A_LIBRARY = 32 << 20
_ANOTHER = "choose another base, registry.base of platform.yaml"
_WHITEOUT, _OPAQUE = ".wh.", ".wh..wh..opq"
_ZSTD = b"\x28\xb5\x2f\xfd"
_MOST_OF_JSON = 8 << 20
_TAR_LAYER = "application/vnd.oci.image.layer.v1.tar"
_LAYERS = {
    GZIP_LAYER: GZIP_LAYER,
    _TAR_LAYER: _TAR_LAYER,
    "application/vnd.oci.image.layer.v1.tar+zstd": "application/vnd.oci.image.layer.v1.tar+zstd",
    "application/vnd.docker.image.rootfs.diff.tar.gzip": GZIP_LAYER,
    "application/vnd.docker.image.rootfs.diff.tar": _TAR_LAYER,
}

_Version = tuple[int, int] | None


class Found(NamedTuple):
    """What a base has: its Python, as (3, 11) at `/usr/bin/python3.11`, and its C library, `glibc` or `musl`.

    `version` is that of glibc, as (2, 36); None for musl, and where the file does not say it.
    """

    python: tuple[int, int]
    path: str
    libc: str
    version: tuple[int, int] | None = None

    @property
    def words(self) -> str:
        """For people: `Python 3.12 on glibc 2.36`."""
        version = "" if self.version is None else f" {self.version[0]}.{self.version[1]}"
        return f"Python {self.python[0]}.{self.python[1]} on {self.libc}{version}"


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
        layers = tuple(map(_layer, manifest["layers"]))
        config = valid_config(parsed(layout.read(descriptor(manifest["config"]).digest)), len(layers))
    except (KeyError, TypeError, ValueError) as problem:
        raise ImageError(f"{name}: this is no image that can be read: {problem}") from problem
    return Base(name, image.digest, config, layers)


def _layer(told: Any) -> Descriptor:
    layer = descriptor(told)
    if layer.media_type not in _LAYERS:
        raise ValueError(f"{layer.digest} is a layer of another kind than is known")
    return layer._replace(media_type=_LAYERS[layer.media_type])


def open_archive(path: Path, layout: ImageLayout) -> Base:
    """The only image of an archive that `docker save` wrote; its blobs are put into `layout`. Raises ImageError."""
    try:
        if path.exists() and not path.is_file():
            raise ValueError("it is no file")
        with tarfile.open(path) as archive:
            (told,) = parsed(_member(archive, "manifest.json"))
            config = valid_config(parsed(_member(archive, str(told["Config"]))), len(told["Layers"]))
            layers = tuple(_copied(archive, str(name), layout) for name in told["Layers"])
        for layer, told_digest in zip(layers, config["rootfs"]["diff_ids"], strict=True):
            if layer.media_type == _TAR_LAYER and layer.digest != told_digest:
                raise ValueError(f"{told_digest} is something else")
    except (*_UNREADABLE, KeyError, TypeError) as problem:
        if isinstance(problem, OSError) and problem.errno in _NO_ROOM:
            raise  # that is the layout's disk
        why = (isinstance(problem, OSError) and problem.strerror) or problem
        raise ImageError(f"{path}: this is no archive of one image, as `docker save` writes it: {why}") from problem
    content = json.dumps(config, sort_keys=True).encode()
    return Base(path.name, f"sha256:{hashlib.sha256(content).hexdigest()}", config, layers)


def _member(archive: tarfile.TarFile, name: str) -> bytes:
    file = archive.extractfile(name)
    if file is None or archive.getmember(name).size > _MOST_OF_JSON:
        raise ValueError(f"`{name[:100]}` is no file, or too large")
    return file.read()


def _copied(archive: tarfile.TarFile, name: str, layout: ImageLayout) -> Descriptor:
    file = archive.extractfile(name)
    if file is None:
        raise ValueError(f"`{name[:100]}` is no file")
    is_gzip = file.read(2) == b"\x1f\x8b"
    file.seek(0)
    with layout.writing() as blob:
        while piece := file.read(1 << 20):
            blob.write(piece)
    return Descriptor(GZIP_LAYER if is_gzip else _TAR_LAYER, blob.digest, blob.size)


def look_into(base: Base, layout: ImageLayout) -> Found:
    """The Python and the C library of a base, by its files. Raises ImageError where it has none."""
    there = _telling(base.name, base.layers, layout.path)
    pythons = {int(match[1]): f"/{name}" for name in sorted(there) if (match := _PYTHON.fullmatch(name))}
    if not pythons:
        raise ImageError(f"{base.name}: it has no Python 3 in a `bin`: {_ANOTHER}")
    if not any(_MUSL.fullmatch(name) or _GLIBC.fullmatch(name) for name in there):
        raise ImageError(f"{base.name}: it has neither glibc nor musl: {_ANOTHER}")
    newest = max(pythons)
    if any(map(_MUSL.fullmatch, there)):
        return Found((3, newest), pythons[newest], "musl")
    versions = [version for version in there.values() if version is not None]
    return Found((3, newest), pythons[newest], "glibc", max(versions, default=None))


def installed_in(base: Base, layout: ImageLayout) -> frozenset[str]:
    """The modules and packages that are installed in a base, for whichever Python, by the top of their names."""
    there = _telling(base.name, base.layers, layout.path)
    return frozenset(match[2] for name in there if (match := _INSTALLED.fullmatch(name)) is not None)


@functools.cache  # a base is asked several times, and its layers are large
def _telling(base: str, layers: tuple[Descriptor, ...], layout: Path) -> Mapping[str, _Version]:
    """A base's files that tell something, without those that a layer takes away (whiteouts): which version of glibc."""
    found: dict[str, _Version] = {}
    for layer in layers:
        new: dict[str, _Version] = {}
        for name, version in _entries(base, ImageLayout(layout).blob(layer.digest), layer.digest):
            directory, _, last = name.rpartition("/")
            if last == _OPAQUE:
                found = {one: told for one, told in found.items() if not one.startswith(f"{directory}/")}
            elif last.startswith(_WHITEOUT):
                gone = "/".join(filter(None, (directory, last.removeprefix(_WHITEOUT))))
                found = {one: told for one, told in found.items() if one != gone and not one.startswith(f"{gone}/")}
            elif any(pattern.fullmatch(name) for pattern in (_PYTHON, _MUSL, _GLIBC)):
                new[name] = version
            elif (installed := _INSTALLED.fullmatch(name)) is not None:
                new[installed[1]] = None
        found |= new
    return found


def _entries(base: str, path: Path, digest: str) -> Iterator[tuple[str, _Version]]:
    """The names of a layer's files; for glibc itself, its version too."""
    try:
        with path.open("rb") as file:
            if file.read(4) == _ZSTD:
                raise ImageError(f"{base}: its layers are compressed by zstd, which is not read: {_ANOTHER}")
        with tarfile.open(path) as archive:
            for member in archive:
                name = member.name.removeprefix("./").lstrip("/")
                yield name, _glibc_version(archive, member) if _GLIBC.fullmatch(name) else None
    except _UNREADABLE as problem:
        raise ImageError(f"{base}: its layer {digest} cannot be read: {problem}") from problem


def _glibc_version(archive: tarfile.TarFile, library: tarfile.TarInfo) -> _Version:
    """As the library says itself, or, before glibc 2.34, the name of what it links to."""
    found: re.Match[bytes] | re.Match[str] | None
    if library.isreg():
        content = archive.extractfile(library)
        assert content is not None
        found = _GLIBC_OF_ITSELF.search(content.read(_MOST_OF_A_LIBRARY))
    else:
        found = _GLIBC_BY_VERSION.fullmatch(library.linkname.rpartition("/")[2])
    return None if found is None else (int(found[1]), int(found[2]))


def environment_of(config: Mapping[str, Any]) -> Sequence[str]:
    """The variables that a configuration sets, as `NAME=VALUE`."""
    return tuple(config.get("config", {}).get("Env") or ())
