"""Wheels → files of a layer, as an installer would put them (PEP 427), without running any."""

import os
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from comb_compiler.images.archives import Deflated, File, Plain
from comb_compiler.images.model import ImageError

__all__ = ["wheel_files"]

_LOCAL_HEADER = struct.Struct("<4s22xHH")
_PARTS = {"purelib": "", "platlib": "", "scripts": "bin/", "data": "", "headers": "include/"}


def wheel_files(wheel: Path, target: str) -> Iterator[File]:
    """What a wheel has, below `target`. Raises ImageError for what is no wheel, or leads out of it."""
    try:
        with zipfile.ZipFile(wheel) as archive, wheel.open("rb") as raw:
            for info in archive.infolist():
                if not info.is_dir():
                    yield _file(archive, info, raw, target)
    except (zipfile.BadZipFile, zlib.error, OSError, NotImplementedError, RuntimeError, struct.error) as problem:
        raise ImageError(f"{wheel.name}: this is no wheel that can be read: {problem}") from problem


def _file(archive: zipfile.ZipFile, info: zipfile.ZipInfo, raw: BinaryIO, target: str) -> File:
    path, is_script = _place(info.filename)
    content = archive.read(info)  # which compares the CRC
    executable = is_script or bool(info.external_attr >> 16 & 0o111)
    place = f"{target}/{path}"
    if info.compress_type != zipfile.ZIP_DEFLATED:
        return File(place, Plain(content), executable)
    return File(place, Deflated(_stream(info, raw), content, info.CRC), executable)


def _stream(info: zipfile.ZipInfo, raw: BinaryIO) -> bytes:
    """The compressed bytes as they are in the file, which follow the local header."""
    raw.seek(info.header_offset)
    _, name, extra = _LOCAL_HEADER.unpack(raw.read(_LOCAL_HEADER.size))
    raw.seek(name + extra, os.SEEK_CUR)
    return raw.read(info.compress_size)


def _place(name: str) -> tuple[str, bool]:
    """Where a file of a wheel goes, and whether it is a script."""
    first, _, rest = name.partition("/")
    if not first.endswith(".data") or not rest:
        return name, False
    part, _, inner = rest.partition("/")
    if part not in _PARTS or not inner:
        raise ImageError(f"the wheel has `{name[:200]}`, which goes nowhere")
    return _PARTS[part] + inner, part == "scripts"
