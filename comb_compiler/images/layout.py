"""An OCI image layout: a directory of blobs by their digest, and an index of what is in it."""

import hashlib
import json
import os
import secrets
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

from comb_compiler.images.model import DOCKER_MANIFEST, INDEX, MANIFEST, Descriptor, ImageError
from comb_compiler.images.reading import descriptor, parsed

__all__ = ["ImageLayout", "canonical", "replace_whole"]

_ALGORITHM = "sha256:"


class _Hashing:
    """A file that is written, with the digest and the size of what was."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._hash = hashlib.sha256()
        self.size = 0

    def write(self, piece: bytes) -> int:
        self._hash.update(piece)
        self.size += len(piece)
        return self._file.write(piece)

    @property
    def digest(self) -> str:
        return _ALGORITHM + self._hash.hexdigest()


class ImageLayout:
    """A layout on this machine's disk. What is written to it is there whole, or not at all."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._blobs = path / "blobs" / "sha256"

    def prepare(self) -> None:
        """Make the directories, where they are missing. Raises ImageError where an index.json of others is there."""
        marker = self.path / "oci-layout"
        if not marker.exists() and (self.path / "index.json").exists():
            raise ImageError(f"{self.path}: its index.json is of something else: name a directory that is new")
        self._blobs.mkdir(parents=True, exist_ok=True)
        if not marker.exists():
            replace_whole(marker, b'{"imageLayoutVersion":"1.0.0"}')

    def tidy(self, before: float) -> None:
        """Remove what is half written and was not written to since then (POSIX seconds): its process was killed."""
        for draft in self._blobs.glob(".*"):
            with suppress(OSError):
                if draft.lstat().st_mtime < before:
                    draft.unlink()

    def blob(self, digest: str) -> Path:
        """Where a blob is, or would be."""
        algorithm, _, name = digest.partition(":")
        if algorithm != "sha256" or len(name) != 64 or not set(name) <= set("0123456789abcdef"):
            raise ImageError(f"`{digest[:100]}` is no digest of SHA-256")
        return self._blobs / name

    def has(self, digest: str) -> bool:
        """Whether a blob is there."""
        return self.blob(digest).is_file()

    def holds(self, blob: Descriptor) -> bool:
        """Whether a blob is there, and as long as it should be: what it says is compared when it is read or sent."""
        path = self.blob(blob.digest)
        return path.is_file() and path.stat().st_size == blob.size

    def read(self, digest: str) -> bytes:
        """A blob's bytes, which are those that the digest names. Raises ImageError."""
        try:
            content = self.blob(digest).read_bytes()
        except OSError as problem:
            raise ImageError(f"{self.path}: {digest} cannot be read: {problem.strerror}") from problem
        if _ALGORITHM + hashlib.sha256(content).hexdigest() != digest:
            raise ImageError(f"{self.path}: what is there for {digest} is something else")
        return content

    def check(self, digest: str) -> None:
        """Raises ImageError where a blob, of whatever size, is not what its digest names."""
        try:
            with self.blob(digest).open("rb") as content:
                found = hashlib.file_digest(content, "sha256").hexdigest()
        except OSError as problem:
            raise ImageError(f"{self.path}: {digest} cannot be read: {problem.strerror}") from problem
        if _ALGORITHM + found != digest:
            raise ImageError(f"{self.path}: what is there for {digest} is something else")

    @contextmanager
    def writing(self) -> Iterator[_Hashing]:
        """Something to write a blob into; it is there when this ends, by its digest, and gone when it fails."""
        draft = self._blobs / f".{secrets.token_hex(8)}"
        try:
            with draft.open("xb") as file:
                hashing = _Hashing(file)
                yield hashing
            os.replace(draft, self.blob(hashing.digest))
        finally:
            draft.unlink(missing_ok=True)

    def write(self, media_type: str, content: bytes) -> Descriptor:
        """Put a blob there."""
        with self.writing() as blob:
            blob.write(content)
        return Descriptor(media_type, blob.digest, blob.size)

    def write_json(self, media_type: str, value: Any) -> Descriptor:
        """Put a value there in JSON's canonical form, as far as its strings and whole numbers go (RFC 8785)."""
        return self.write(media_type, canonical(value))

    def take(self, other: "ImageLayout", blobs: Iterable[Descriptor]) -> None:
        """Have blobs of another layout, those that are not here yet. Raises ImageError for what it lacks."""
        for one in blobs:
            if not self.holds(one):
                try:
                    self._copy(other.blob(one.digest), one.digest, f"{other.path}: what is there for {one.digest}")
                except FileNotFoundError as problem:
                    raise ImageError(f"{other.path}: it has no {one.digest}, which it names") from problem

    def keep(self, file: Path, digest: str) -> None:
        """Have a file as a blob. Raises ImageError where its digest is another."""
        if not self.holds(Descriptor("", digest, file.stat().st_size)):
            self._copy(file, digest, f"`{file}`")

    def _copy(self, file: Path, digest: str, name: str) -> None:
        with file.open("rb") as source, self.writing() as blob:
            while piece := source.read(1 << 20):
                blob.write(piece)
            if blob.digest != digest:
                raise ImageError(f"{name} is something else")

    def images(self) -> Mapping[str, Descriptor]:
        """The manifests that the index names, by their name (`org.opencontainers.image.ref.name`) or their digest."""
        try:
            index = parsed((self.path / "index.json").read_bytes())
            found = [(one.get("annotations") or {}, descriptor(one)) for one in index["manifests"]]
            return {str(told.get("org.opencontainers.image.ref.name", one.digest)): one for told, one in found}
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as problem:
            raise ImageError(f"{self.path}: this is no OCI image layout that can be read") from problem

    def name(self, images: Mapping[str, Descriptor]) -> None:
        """Have the index name these images, and no others."""
        manifests = [
            one.json(annotations={"org.opencontainers.image.ref.name": name}) for name, one in sorted(images.items())
        ]
        replace_whole(
            self.path / "index.json",
            canonical({"schemaVersion": 2, "mediaType": INDEX, "manifests": manifests}),
        )

    def manifest(self, digest: str) -> Mapping[str, Any]:
        """An image's manifest. Raises ImageError for what is none."""
        content = self.read(digest)
        try:
            found = parsed(content)
        except ValueError:
            found = None
        if not isinstance(found, dict) or found.get("mediaType", MANIFEST) not in (MANIFEST, DOCKER_MANIFEST):
            raise ImageError(f"{self.path}: {digest} is no manifest of an image")
        return found


def replace_whole(path: Path, content: bytes) -> None:
    """Have a file hold this: whole, or as before. What is a device, a pipe or a link stays one, and gets it."""
    if path.is_symlink() or (path.exists() and not path.is_file()):
        path.write_bytes(content)
        return
    draft = path.with_name(f".{secrets.token_hex(8)}")
    try:
        draft.write_bytes(content)
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)


def canonical(value: Any) -> bytes:
    """JSON whose bytes depend on nothing but the value."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()
