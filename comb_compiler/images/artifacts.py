"""Models that are not in images: files of a layout, each an OCI artifact whose one blob is the file itself.

So a model's blob has the model's own digest, and whoever fetches it by that has what comb.lock pins. The artifact's
manifest is there for registries, which delete what nothing names.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from comb_compiler.images.layout import ImageLayout
from comb_compiler.images.model import FETCHED, MANIFEST, Descriptor, ImageError
from comb_compiler.images.names import Reference

__all__ = ["artifacts_of"]

_REPOSITORY = "models"
"""As manifests name it too: `comb_compiler.render.layout.MODELS`; a test holds both equal."""
_TYPE = "application/vnd.comb.model.v1"
_FILE = "application/vnd.comb.model.v1.file"
_EMPTY = "application/vnd.oci.empty.v1+json"


def artifacts_of(layout: ImageLayout, image: Reference, manifest: Mapping[str, Any]) -> Iterator[Reference]:
    """The artifacts of the models that an image links to, in a repository beside it. Raises ImageError."""
    repository = "/".join([*image.repository.split("/")[:-1], _REPOSITORY])
    annotations = manifest.get("annotations")
    for sha256 in str(annotations.get(FETCHED, "")).split() if isinstance(annotations, dict) else ():
        yield Reference(image.host, repository, _artifact(layout, f"sha256:{sha256}").digest)


def _artifact(layout: ImageLayout, digest: str) -> Descriptor:
    """The manifest of a model that the layout has, and puts into it."""
    path = layout.blob(digest)
    if not path.is_file():
        raise ImageError(f"{layout.path}: the model {digest} is not there: build it again")
    model = Descriptor(_FILE, digest, path.stat().st_size)
    config = layout.write(_EMPTY, b"{}")
    told = {"schemaVersion": 2, "mediaType": MANIFEST, "artifactType": _TYPE, "config": config.json()}
    return layout.write_json(MANIFEST, {**told, "layers": [model.json()]})
