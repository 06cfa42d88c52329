"""Small bases and wheels, made by hand: what they hold is what their readers look for."""

import io
import json
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from comb_compiler.images.layout import ImageLayout
from comb_compiler.images.model import CONFIG, MANIFEST, Descriptor

__all__ = ["GLIBC", "archive_of", "base_layout", "wheel"]

GLIBC = ("usr/bin/python3.11", "usr/lib/x86_64-linux-gnu/libc.so.6")
NOTHING: Mapping[str, Any] = MappingProxyType({})


def _layer(names: tuple[str, ...], contents: Mapping[str, bytes], links: Mapping[str, str]) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        for name in names:
            archive.addfile(tarfile.TarInfo(name))
        for name, content in contents.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
        for name, target in links.items():
            info = tarfile.TarInfo(name)
            info.type, info.linkname = tarfile.SYMTYPE, target
            archive.addfile(info)
    return made.getvalue()


def _config(layer: Descriptor) -> dict[str, object]:
    return {
        "architecture": "amd64",
        "os": "linux",
        "config": {"Env": ["PATH=/usr/local/bin:/usr/bin", "PYTHONPATH=/elsewhere"]},
        "rootfs": {"type": "layers", "diff_ids": [layer.digest]},
    }


def base_layout(
    path: Path,
    names: tuple[str, ...] = GLIBC,
    contents: Mapping[str, bytes] = NOTHING,
    links: Mapping[str, str] = NOTHING,
) -> ImageLayout:
    """A layout with one image, `base`, whose files have these names; some hold something, or link to something."""
    layout = ImageLayout(path)
    layout.prepare()
    layer = layout.write("application/vnd.oci.image.layer.v1.tar", _layer(names, contents, links))
    config = layout.write_json(CONFIG, _config(layer))
    manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "config": config.json(), "layers": [layer.json()]}
    layout.name({"base": layout.write_json(MANIFEST, manifest)})
    return layout


def archive_of(layout: ImageLayout, path: Path) -> Path:
    """The same image, as `docker save` writes it."""
    manifest = layout.manifest(layout.images()["base"].digest)
    told = [{"Config": "c.json", "RepoTags": ["base:1"], "Layers": ["l/layer.tar"]}]
    parts = {
        "c.json": layout.read(manifest["config"]["digest"]),
        "l/layer.tar": layout.read(manifest["layers"][0]["digest"]),
        "manifest.json": json.dumps(told).encode(),
    }
    with tarfile.open(path, "w") as archive:
        for name, content in parts.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


def wheel(directory: Path, name: str, *, requires: tuple[str, ...] = (), tags: str = "py3-none-any") -> Path:
    """A wheel with one module and its metadata."""
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / f"{name}-1.0-{tags}.whl"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n" + "".join(
        f"Requires-Dist: {one}\n" for one in requires
    )
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(zipfile.ZipInfo(f"{name}/__init__.py"), b"x = 1\n" * 100, zipfile.ZIP_DEFLATED)
        archive.writestr(zipfile.ZipInfo(f"{name}-1.0.dist-info/METADATA"), metadata)
    return path
