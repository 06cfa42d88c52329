"""Cutting lines out of a picture, and the Crop messages that they travel in."""

from typing import Any

import cv2
import numpy as np

from comb_compiler.runtime import Code, OperatorError
from operators.outlines import Corners
from operators.pictures import Pixels

__all__ = ["MAX_TOTAL", "cut_out", "fitted", "pixels_of"]

MAX_TOTAL = 8 * 1024 * 1024
"""Bytes of all crops of a frame. As much text takes longer to read than the recogniser may."""

_TALLEST = 96
"""Pixels; the recogniser looks at half as many."""
_UPRIGHT = 1.5
"""What is this many times as tall as wide is a line from top to bottom."""
_MEAN = _DEVIATION = 127.5


def cut_out(picture: Pixels, corners: Corners) -> Pixels:
    """The pixels inside an outline, the line running from left to right, in the order blue, green, red."""
    width = max(1, int(max(_length(corners, 0, 1), _length(corners, 3, 2))))
    height = max(1, int(max(_length(corners, 0, 3), _length(corners, 1, 2))))
    straight = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    turned = cv2.getPerspectiveTransform(corners, straight)
    crop = cv2.warpPerspective(picture, turned, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    if height >= _UPRIGHT * width:
        crop, width, height = np.rot90(crop), height, width
    if height > _TALLEST:
        crop = cv2.resize(crop, (max(1, width * _TALLEST // height), _TALLEST), interpolation=cv2.INTER_AREA)
    return np.ascontiguousarray(crop[:, :, ::-1], np.uint8)


def pixels_of(crop: Any) -> Pixels:
    """The pixels of a `moderation.v1.Crop`. Raises OperatorError where they are not all there.

    It is INTERNAL: crops come from another operator, not from whoever asks, and a fallback may stand in.
    """
    if crop.WhichOneof("content") == "path":
        raise OperatorError(Code.INTERNAL, "a crop is given as a path; this operator takes its pixels")
    if not crop.width or not crop.height or len(crop.pixels) != crop.width * crop.height * 3:
        size = f"{crop.width} × {crop.height}"
        raise OperatorError(Code.INTERNAL, f"a crop of {size} pixels has {len(crop.pixels):,} bytes")
    return np.frombuffer(crop.pixels, np.uint8).reshape(crop.height, crop.width, 3)


def fitted(pixels: Pixels, height: int, width: int) -> np.ndarray[Any, np.dtype[np.float32]]:
    """What PP-OCR's models of lines take: [1, 3, height, width] from -1 to 1.

    The line keeps its proportions where it fits, and is squeezed where it is too long; what is left of the width is 0.
    """
    own = min(width, max(1, -(-pixels.shape[1] * height // pixels.shape[0])))
    values = np.zeros((1, 3, height, width), np.float32)
    scaled = cv2.resize(pixels, (own, height), interpolation=cv2.INTER_LINEAR)
    values[0, :, :, :own] = (scaled.transpose(2, 0, 1).astype(np.float32) - _MEAN) / _DEVIATION
    return values


def _length(corners: Corners, one: int, other: int) -> float:
    return float(np.linalg.norm(corners[one] - corners[other]))
