"""Files → a layer: an archive whose bytes depend on nothing but their names, modes and contents."""

import hashlib
import tarfile
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import NamedTuple, Protocol

from comb_compiler.images.gzips import stored_members
from comb_compiler.images.layout import ImageLayout
from comb_compiler.images.model import GZIP_LAYER, Descriptor, ImageError, Layer

__all__ = ["Content", "File", "Link", "OnDisk", "Plain", "write_layer"]

_BLOCK = tarfile.BLOCKSIZE
_PIECE = 1 << 20


class Content(Protocol):
    """A file's bytes."""

    @property
    def size(self) -> int:
        """How many there are."""

    def pieces(self) -> Iterator[bytes]:
        """The bytes, in pieces."""

    def members(self) -> Iterator[bytes]:
        """The same as gzip, in pieces."""


class Plain(NamedTuple):
    """Bytes that are at hand."""

    content: bytes

    @property
    def size(self) -> int:
        """How many there are."""
        return len(self.content)

    def pieces(self) -> Iterator[bytes]:
        """All of them."""
        yield self.content

    def members(self) -> Iterator[bytes]:
        """Stored."""
        yield from stored_members((self.content,))


class OnDisk(NamedTuple):
    """Bytes of a file, which may be large; it must not change while it is read."""

    path: Path
    size: int

    def pieces(self) -> Iterator[bytes]:
        """As they are read. Raises ImageError where there are not as many as there were."""
        left = self.size
        with self.path.open("rb") as file:
            while piece := file.read(_PIECE):
                left -= len(piece)
                yield piece
        if left:
            raise ImageError(f"`{self.path}` changed while it was read: try again")

    def members(self) -> Iterator[bytes]:
        """Stored."""
        yield from stored_members(self.pieces())


class File(NamedTuple):
    """A regular file of an image, by its path from the root, without a slash in front."""

    path: str
    content: Content
    executable: bool = False


class Link(NamedTuple):
    """A symbolic link of an image."""

    path: str
    target: str


def write_layer(layout: ImageLayout, title: str, entries: Iterable[File | Link]) -> Layer:
    """Put a layer with these files, and the directories that they are in, into a layout.

    All belong to root, may be read by everyone and written by nobody else, and are from the beginning of 1970. Raises
    ImageError for a path that is there twice, or leads anywhere else.
    """
    by_path: dict[str, File | Link] = {}
    for entry in entries:
        _must_be_inside(entry.path)
        if by_path.setdefault(entry.path, entry) is not entry:
            raise ImageError(f"{title}: `{entry.path}` is there twice")
    folders = {str(above) for path in by_path for above in PurePosixPath(path).parents if str(above) != "."}
    clash = next(iter(sorted(folders & by_path.keys())), None)
    if clash is not None:
        raise ImageError(f"{title}: `{clash}` is a file, and a directory too")
    diff = hashlib.sha256()
    with layout.writing() as blob:
        for path in sorted(folders | by_path.keys()):
            for plain, packed in _entry(path, by_path.get(path)):
                diff.update(plain)
                blob.write(packed)
        end = b"\0" * (2 * _BLOCK)
        diff.update(end)
        for piece in stored_members((end,)):
            blob.write(piece)
    return Layer(title, Descriptor(GZIP_LAYER, blob.digest, blob.size), f"sha256:{diff.hexdigest()}")


def _must_be_inside(path: str) -> None:
    parts = path.split("/")
    if not path or path.startswith("/") or "\0" in path or any(part in ("", ".", "..") for part in parts):
        raise ImageError(f"`{path[:200]}` is no path inside an image")


def _entry(path: str, entry: "File | Link | None") -> Iterator[tuple[bytes, bytes]]:
    """Pieces of the archive, and the same as gzip; a piece of one may be empty."""
    head = _header(path, entry)
    yield head, b"".join(stored_members((head,)))
    if isinstance(entry, File):
        for piece in entry.content.members():
            yield b"", piece
        for piece in entry.content.pieces():
            yield piece, b""
        rest = b"\0" * (-entry.content.size % _BLOCK)
        if rest:
            yield rest, b"".join(stored_members((rest,)))


def _header(path: str, entry: "File | Link | None") -> bytes:
    info = tarfile.TarInfo(path)
    info.mtime, info.uid, info.gid = 0, 0, 0
    if entry is None:
        info.type, info.mode = tarfile.DIRTYPE, 0o755
    elif isinstance(entry, Link):
        info.type, info.mode, info.linkname = tarfile.SYMTYPE, 0o777, entry.target
    else:
        info.mode, info.size = 0o755 if entry.executable else 0o644, entry.content.size
    return info.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")
