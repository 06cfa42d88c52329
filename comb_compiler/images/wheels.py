"""Wheels → files of a layer, as an installer would put them (PEP 427), without running any.

A wheel may be larger than memory, as those of CUDA's libraries are: its files are read in pieces, when they are needed.
"""

import email
import os
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import Message
from pathlib import Path
from typing import NamedTuple

from comb_compiler.images.archives import Content, File, Plain
from comb_compiler.images.gzips import MOST_STORED, deflated_member, stored_members
from comb_compiler.images.model import ImageError

__all__ = ["wheel_files", "wheel_metadata"]

_LOCAL_HEADER = struct.Struct("<4s22xHH")
_LOCAL_MARK = b"PK\x03\x04"
_ENCRYPTED = 1
_MOST_OF_METADATA = 8 << 20
_UNREADABLE = (zipfile.BadZipFile, zlib.error, struct.error, OSError, EOFError, NotImplementedError, RuntimeError)
_PARTS = {"purelib": "", "platlib": "", "scripts": "bin/", "data": "", "headers": "include/"}
_PIECE = 16 * MOST_STORED
"""What is stored is parted where it would be if it came as one."""


class _Packed(NamedTuple):
    """A file of a wheel, as it lies there: stored, or deflated."""

    wheel: Path
    info: zipfile.ZipInfo

    @property
    def size(self) -> int:
        """How many bytes there are."""
        return self.info.file_size

    def pieces(self) -> Iterator[bytes]:
        """The bytes. Raises ImageError where they are others than the wheel says."""
        crc = length = 0
        with _reading(self.wheel):
            for piece in self._unpacked():
                crc, length = zlib.crc32(piece, crc), length + len(piece)
                if length > self.size:
                    break
                yield piece
        if (crc, length) != (self.info.CRC, self.size):
            raise ImageError(f"{self.wheel.name}: `{self.info.filename[:200]}` is something else than it says")

    def members(self) -> Iterator[bytes]:
        """As gzip: a deflate stream is taken over as it came."""
        if self.info.compress_type == zipfile.ZIP_STORED:
            return stored_members(self.pieces())
        return deflated_member(self._raw(), self.info.CRC, self.size)

    def _unpacked(self) -> Iterator[bytes]:
        if self.info.compress_type == zipfile.ZIP_STORED:
            yield from self._raw()
            return
        unpacking = zlib.decompressobj(-zlib.MAX_WBITS)
        for piece in self._raw():
            left = piece
            while left and not unpacking.eof:
                yield unpacking.decompress(left, _PIECE)
                left = unpacking.unconsumed_tail
        yield unpacking.flush()
        if not unpacking.eof or unpacking.unused_data:
            raise zlib.error("a deflate stream ends elsewhere than it says")

    def _raw(self) -> Iterator[bytes]:
        """The bytes as they are in the file, which follow the local header."""
        with _reading(self.wheel), self.wheel.open("rb") as file:
            file.seek(self.info.header_offset)
            mark, name, extra = _LOCAL_HEADER.unpack(file.read(_LOCAL_HEADER.size))
            if mark != _LOCAL_MARK:
                raise zipfile.BadZipFile("an entry is not where it should be")
            file.seek(name + extra, os.SEEK_CUR)
            left = self.info.compress_size
            while piece := file.read(min(left, _PIECE)):
                left -= len(piece)
                yield piece


def wheel_files(wheel: Path, target: str) -> Iterator[File]:
    """What a wheel has, below `target`. Raises ImageError for what is no wheel, or leads out of it.

    So do the files' contents where they cannot be read.
    """
    with _reading(wheel), zipfile.ZipFile(wheel) as archive:
        for info in archive.infolist():
            if not info.is_dir():
                path, is_script = _place(info.filename)
                executable = is_script or bool(info.external_attr >> 16 & 0o111)
                yield File(f"{target}/{path}", _content(wheel, archive, info), executable)


def _content(wheel: Path, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Content:
    if info.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) and not info.flag_bits & _ENCRYPTED:
        return _Packed(wheel, info)
    return Plain(archive.read(info))


def wheel_metadata(wheel: Path) -> Message:
    """What a wheel says of itself. Raises ImageError for what is none."""
    with _reading(wheel), zipfile.ZipFile(wheel) as archive:
        name = next((one for one in archive.namelist() if re.fullmatch(r"[^/]+\.dist-info/METADATA", one)), None)
        if name is None:
            raise zipfile.BadZipFile("it has no METADATA")
        with archive.open(name) as file:
            content = file.read(_MOST_OF_METADATA)
            if file.read(1):
                raise zipfile.BadZipFile(f"its METADATA has more than {_MOST_OF_METADATA >> 20} MiB")
    return email.message_from_bytes(content)


@contextmanager
def _reading(wheel: Path) -> Iterator[None]:
    """Whatever may be wrong with a wheel, as ImageError."""
    try:
        yield
    except _UNREADABLE as problem:
        raise ImageError(f"{wheel.name}: this is no wheel that can be read: {problem}") from problem


def _place(name: str) -> tuple[str, bool]:
    """Where a file of a wheel goes, and whether it is a script."""
    first, _, rest = name.partition("/")
    if not first.endswith(".data") or not rest:
        return name, False
    part, _, inner = rest.partition("/")
    if part not in _PARTS or not inner:
        raise ImageError(f"the wheel has `{name[:200]}`, which goes nowhere")
    return _PARTS[part] + inner, part == "scripts"
