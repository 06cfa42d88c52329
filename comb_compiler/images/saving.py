"""Images of a layout → an archive that engines load, as `docker save` writes it (Docker's image specification 1.2)."""

import hashlib
import io
import tarfile
from collections.abc import Mapping
from typing import IO

from comb_compiler.images.layout import ImageLayout, canonical
from comb_compiler.images.model import Descriptor, ImageError

__all__ = ["save_images"]


def save_images(layout: ImageLayout, images: Mapping[str, Descriptor], file: IO[bytes]) -> None:
    """Write images, each with the tag that names it, as `name:tag`. Layers that they share are there once.

    Raises ImageError where a blob is not what its digest names: what an engine runs is what the layout is known by.
    """
    told, written = [], set()
    with tarfile.open(fileobj=file, mode="w|", format=tarfile.PAX_FORMAT) as archive:
        for tag, image in sorted(images.items()):
            manifest = layout.manifest(image.digest)
            config, layers = manifest["config"]["digest"], [one["digest"] for one in manifest["layers"]]
            for digest in (config, *layers):
                if digest not in written:
                    written.add(digest)
                    _add(archive, _name(digest, config), layout, digest)
            told.append(
                {"Config": _name(config, config), "RepoTags": [tag], "Layers": [_name(one, "") for one in layers]}
            )
        content = canonical(told)
        info = tarfile.TarInfo("manifest.json")
        info.size = len(content)
        archive.addfile(info, io.BytesIO(content))


def _name(digest: str, config: str) -> str:
    plain = digest.partition(":")[2]
    return f"{plain}.json" if digest == config else f"{plain}.tar"


def _add(archive: tarfile.TarFile, name: str, layout: ImageLayout, digest: str) -> None:
    path = layout.blob(digest)
    info = tarfile.TarInfo(name)
    info.size = path.stat().st_size
    with path.open("rb") as content:
        if hashlib.file_digest(content, "sha256").hexdigest() != digest.partition(":")[2]:
            raise ImageError(f"{layout.path}: what is there for {digest} is something else")
        content.seek(0)
        archive.addfile(info, content)
