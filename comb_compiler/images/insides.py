"""What an image has of files that it should have, as an engine tells."""

import tarfile
from collections.abc import Iterator, Mapping
from io import RawIOBase
from typing import TYPE_CHECKING

from comb_compiler.images.engines import asking
from comb_compiler.images.homes import HOME, home

if TYPE_CHECKING:
    from docker import DockerClient

__all__ = ["first_other"]

_MOST_BYTES = 256 << 20
"""Of a directory in an image, which is somebody else's."""


def first_other(client: "DockerClient", image: str, directory: str, files: Mapping[str, bytes]) -> str:
    """The first of these files that an image lacks in a directory, or has otherwise; empty where it has them all.

    Raises EngineFailed. Nothing of the image runs.
    """
    from docker.errors import NotFound

    with home(client) as scratch, asking():
        labels = {HOME: str(scratch)}  # by which a later run removes what one that was killed left
        container = client.containers.create(image, ["-"], entrypoint="-", network_mode="none", labels=labels)
        try:
            stream, _ = container.get_archive(directory)
            found = _same(_Chunks(iter(stream)), files)
        except NotFound:
            found = set()
        finally:
            container.remove(force=True, v=True)
    return next((name for name in sorted(files) if name not in found), "")


def _same(content: "_Chunks", files: Mapping[str, bytes]) -> set[str]:
    """Those that are there as they should be; the archive's names begin with that of the directory."""
    same = set()
    try:
        with tarfile.open(fileobj=content, mode="r|") as archive:
            for member in archive:
                wanted = files.get(member.name.partition("/")[2])
                if wanted is not None and member.isfile() and member.size == len(wanted):
                    file = archive.extractfile(member)
                    assert file is not None
                    if file.read() == wanted:
                        same.add(member.name.partition("/")[2])
    except tarfile.TarError:
        pass
    return same


class _Chunks(RawIOBase):
    """A file of what comes in pieces, up to a bound."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._rest = b""
        self._room = _MOST_BYTES

    def read(self, size: int = -1) -> bytes:
        """The next bytes, fewer at the end."""
        found = [self._rest]
        length = len(self._rest)
        while length < size and self._room > 0 and (piece := next(self._pieces, b"")):
            found.append(piece)
            length += len(piece)
            self._room -= len(piece)
        content = b"".join(found)
        self._rest = content[size:]
        return content[:size]
