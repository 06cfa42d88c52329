"""A request and what is expected of its answer → the files of a sample, as people read and review them."""

import base64
import json
import os
import re
import secrets
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from comb_compiler.samples.model import Kept, Mark

__all__ = ["SampleExists", "sample_files", "sample_name", "write_sample"]

_SHORT_BYTES = 32
"""Bytes of a field that stay in request.json; what is longer gets a file of its own."""
_SHORT_TEXT = 400

_BY_MAGIC = (
    (b"\xff\xd8\xff", "jpg"),
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"GIF8", "gif"),
    (b"BM", "bmp"),
    (b"%PDF-", "pdf"),
    (b"II*\0", "tiff"),
    (b"MM\0*", "tiff"),
    (b"OggS", "ogg"),
    (b"ID3", "mp3"),
    (b"fLaC", "flac"),
    (b"\x1f\x8b", "gz"),
    (b"PK\x03\x04", "zip"),
    (b"\x93NUMPY", "npy"),
    (b"\x1aE\xdf\xa3", "webm"),
)
_BY_RIFF = {b"WEBP": "webp", b"WAVE": "wav", b"AVI ": "avi"}
_BY_BRAND = {b"avif": "avif", b"heic": "heic", b"heix": "heic", b"mif1": "heic"}


class SampleExists(Exception):
    """There is something of this name already, and it is not overwritten."""


def sample_files(
    request: Mapping[str, Any],
    descriptor: Any,
    *,
    expected: Mapping[str, Any] | None = None,
    error: str | None = None,
    about: str = "",
    marks: Sequence[Mark] = (),
    kept: Kept | None = None,
) -> dict[str, bytes]:
    """The files of a sample, by name, that `load_sample_set` reads as the same.

    `request` is in Protobuf's JSON form, of a message of `descriptor`; its long bytes and texts get files of their own,
    with the extension of what they are, and are named after their fields. One that is `kept` in a store is named
    instead. Raises ValueError unless exactly one of `expected` and `error` is given.
    """
    if (expected is None) == (error is None):
        raise ValueError("a sample has either an expected answer or an error")
    files: dict[str, bytes] = {}
    if kept is None:
        files["request.json"] = _encoded(_parted(dict(request), descriptor, files))
    else:
        files["request.json"] = _encoded({"$record": kept.record, "sha256": kept.sha256})
    if expected is not None:
        files["expected.json"] = _encoded(expected)
    notes: dict[str, Any] = {"about": about} if about else {}
    if error is not None:
        notes["error"] = error
    if marks:
        notes["marks"] = [{name: value for name, value in one._asdict().items() if value} for one in marks]
    if notes:
        files["sample.json"] = _encoded(notes)
    return files


def _encoded(value: Any) -> bytes:
    return (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode("utf-8", "surrogatepass")


def _parted(value: Any, descriptor: Any, files: dict[str, bytes]) -> Any:
    """A message's JSON form with references in place of what gets a file."""
    if not isinstance(value, dict) or descriptor.full_name.startswith("google.protobuf."):
        return value  # well-known types have forms of their own
    fields = {one.name: one for one in descriptor.fields} | {one.json_name: one for one in descriptor.fields}
    return {name: _field(below, fields.get(name), files) for name, below in value.items()}


def _field(value: Any, field: Any, files: dict[str, bytes]) -> Any:
    if field is None:
        return value
    if isinstance(value, list):
        return [_one(one, field, files) for one in value]
    entry = field.message_type
    if entry is not None and entry.GetOptions().map_entry and isinstance(value, dict):
        return {key: _one(one, entry.fields_by_name["value"], files) for key, one in value.items()}
    return _one(value, field, files)


def _one(value: Any, field: Any, files: dict[str, bytes]) -> Any:
    if field.message_type is not None:
        return _parted(value, field.message_type, files)
    if not isinstance(value, str):
        return value
    if field.type == field.TYPE_BYTES:
        content = base64.b64decode(value.replace("-", "+").replace("_", "/") + "==")
        if len(content) > _SHORT_BYTES:
            return {"$file": _put(field.name, _extension(content), content, files)}
    elif field.type == field.TYPE_STRING and len(value) > _SHORT_TEXT:
        return {"$text": _put(field.name, "txt", value.encode("utf-8", "surrogatepass"), files)}
    return value


def _put(name: str, extension: str, content: bytes, files: dict[str, bytes]) -> str:
    number = 1
    file = f"{name}.{extension}"
    while file in files:
        number += 1
        file = f"{name}-{number}.{extension}"
    files[file] = content
    return file


def _extension(content: bytes) -> str:
    """What the first bytes say (https://www.iana.org/assignments/media-types, and each format's own specification)."""
    for magic, extension in _BY_MAGIC:
        if content.startswith(magic):
            return extension
    if content.startswith(b"RIFF"):
        return _BY_RIFF.get(content[8:12], "bin")
    if content[4:8] == b"ftyp":
        return _BY_BRAND.get(content[8:12], "mp4")
    return "bin"


def sample_name(text: str, taken: Collection[str] = ()) -> str:
    """A name for a sample's directory that is none of those `taken`: what `text` has of letters, digits and hyphens."""
    name = re.sub(r"[^0-9a-z]+", "-", text.lower()).strip("-")[:60].strip("-") or "sample"
    return next(one for one in _numbered(name) if one not in taken)


def _numbered(name: str) -> Iterator[str]:
    yield name
    number = 2
    while True:
        yield f"{name}-{number}"
        number += 1


def write_sample(directory: Path, name: str, files: Mapping[str, bytes]) -> Path:
    """Put a sample into the directory of a set: all of its files, or, where this is interrupted, none that is seen.

    Gives the sample's own directory. Raises SampleExists where the name is taken, OSError where it cannot be written.
    """
    target = directory / name
    if target.exists() or target.is_symlink():
        raise SampleExists(f"`{target}` exists")
    directory.mkdir(parents=True, exist_ok=True)
    draft = directory / f".{name}.{secrets.token_hex(4)}"  # sets leave alone what begins with a dot
    draft.mkdir()
    try:
        for file, content in files.items():
            (draft / file).write_bytes(content)
        os.rename(draft, target)  # which fails where another one was faster: a directory with files is not replaced
    except FileExistsError as error:
        raise SampleExists(f"`{target}` exists") from error
    finally:
        _clear(draft)
    return target


def _clear(draft: Path) -> None:
    if draft.is_dir():
        for left in draft.iterdir():
            left.unlink()
        draft.rmdir()
