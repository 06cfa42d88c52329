"""A Frame → its pixels. What is no picture, or too large a one, is refused before memory is spent on it."""

import struct
import zlib
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from comb_compiler.runtime import Code, OperatorError

__all__ = ["MAX_BYTES", "MAX_SIDE", "Pixels", "decode"]

Pixels = NDArray[np.uint8]
"""Rows from top to bottom, each pixel three bytes."""

MAX_BYTES = 3 * 1024 * 1024
MAX_SIDE = 16_384
"""OpenCV cuts out of pictures of less than 32,768 pixels a side; no camera makes half of that."""

_FORMATS = {0: ("JPEG", "PNG", "WEBP"), 1: ("JPEG",), 2: ("PNG",), 3: ("WEBP",)}
"""ImageFormat → what Pillow calls it; a format without a name here is one that this code does not know."""

_BROKEN = (OSError, SyntaxError, ValueError, IndexError, TypeError, EOFError, struct.error, zlib.error)
"""What Pillow's readers raise for files that are not what they say."""

Image.MAX_IMAGE_PIXELS = None  # `decode` looks at the size itself, and says what it is


def decode(frame: Any, max_megapixels: int) -> Pixels:
    """The picture of a `moderation.v1.Frame` as red, green, blue, turned as its EXIF orientation says.

    Transparency is left out: what is under it counts. Raises OperatorError (INVALID_ARGUMENT) for what cannot be
    decoded, has more than `max_megapixels` million pixels, or breaks another limit. Only the header of a picture that
    is too large is read.
    """
    if not frame.image:
        raise _refused("there is no picture")
    if len(frame.image) > MAX_BYTES:
        raise _refused(f"the picture has {len(frame.image):,} bytes; {MAX_BYTES:,} are allowed")
    formats = _FORMATS.get(frame.format)
    if formats is None:
        raise _refused(f"the format {frame.format} is none of JPEG, PNG and WebP")
    try:
        picture = Image.open(BytesIO(frame.image), formats=formats)
    except _BROKEN as error:
        raise _refused(f"this is no {' or '.join(formats)} picture") from error
    with picture:
        _check_size(picture, max_megapixels)
        try:
            return _pixels(picture)
        except _BROKEN as error:
            raise _refused(f"the {picture.format} picture is damaged") from error


def _check_size(picture: Image.Image, max_megapixels: int) -> None:
    width, height = picture.size
    if width * height > max_megapixels * 1_000_000:
        raise _refused(f"the picture is {width} × {height}; {max_megapixels} million pixels are allowed")
    if max(width, height) > MAX_SIDE:
        raise _refused(f"the picture is {width} × {height}; a side has at most {MAX_SIDE:,} pixels")
    if getattr(picture, "n_frames", 1) > 1:
        raise _refused("the picture is animated; one frame at a time is examined")


def _pixels(picture: Image.Image) -> Pixels:
    if picture.mode.startswith("I;16"):  # PNG with 16 bits of grey: Pillow would cut off what is above 255
        grey = (np.asarray(picture, np.uint16) >> 8).astype(np.uint8)
        return np.repeat(grey[:, :, None], 3, axis=2)
    return np.asarray(ImageOps.exif_transpose(picture).convert("RGB"))


def _refused(reason: str) -> OperatorError:
    return OperatorError(Code.INVALID_ARGUMENT, reason)
