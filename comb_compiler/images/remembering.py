"""Layers of earlier builds, by what they were made of: a layout remembers them, so that they are not made again."""

import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path

from comb_compiler.images.layout import ImageLayout, canonical, replace_whole
from comb_compiler.images.model import Descriptor, ImageError, Layer

__all__ = ["FORM", "file_digest", "remembered"]

FORM = 1
"""It is another one whenever the same files make other bytes."""


def remembered(layout: ImageLayout, title: str, made_of: Sequence[str], make: Callable[[], Layer]) -> Layer:
    """The layer that `make` puts into the layout, or did before: `made_of` is all that its bytes depend on."""
    key = hashlib.sha256(canonical([FORM, *made_of])).hexdigest()
    note = layout.path / "layers" / f"{key}.json"
    known = _read(layout, title, note)
    if known is not None:
        return known
    layer = make()
    note.parent.mkdir(exist_ok=True)
    replace_whole(note, canonical([*layer.blob, layer.diff_id]))
    return layer


def _read(layout: ImageLayout, title: str, note: Path) -> Layer | None:
    try:
        media_type, digest, size, diff_id = json.loads(note.read_bytes())
        is_there = layout.blob(digest).stat().st_size == size
    except (OSError, ValueError, TypeError, AttributeError, ImageError):
        return None
    return Layer(title, Descriptor(media_type, digest, size), diff_id) if is_there else None


def file_digest(path: Path) -> str:
    """The SHA-256 of a file, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
