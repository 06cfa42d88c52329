"""A map of how likely each pixel is text → outlines of lines, in reading order.

The post-processing of Differentiable Binarization (Liao et al., "Real-time Scene Text Detection with Differentiable
Binarization", AAAI 2020, section 3.4) as PP-OCR publishes it: threshold, contours, smallest rectangles, mean
probability inside, and growth by `area × ratio / perimeter`, since the model is trained on shrunken outlines.
"""

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["Outline", "find_outlines", "in_reading_order"]

Corners = NDArray[np.float32]
"""[4, 2]: x and y of top left, top right, bottom right, bottom left."""

_CANDIDATES = 1000
_SHORTEST = 3.0
"""Text of fewer pixels cannot be read; the map is full of such specks."""


class Outline(NamedTuple):
    """Where a line is, and how sure it is that this is text."""

    corners: Corners
    score: float


def find_outlines(
    chances: NDArray[np.float32], pixel_threshold: float, box_threshold: float, unclip_ratio: float
) -> list[Outline]:
    """The outlines in a map of probabilities, in the map's own pixels. At most a thousand contours are looked at."""
    marked = (chances > pixel_threshold).astype(np.uint8)
    marked = cv2.dilate(marked, np.ones((2, 2), np.uint8))
    contours, _ = cv2.findContours(marked, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
    found = []
    for contour in contours[:_CANDIDATES]:
        (center, (width, height), angle) = cv2.minAreaRect(contour)
        if min(width, height) < _SHORTEST:
            continue
        corners = _ordered(cv2.boxPoints((center, (width, height), angle)))
        score = _mean_inside(chances, corners)
        if score < box_threshold:
            continue
        # On both sides together; and a contour runs through the middles of pixels, so that half a one is missing.
        grown = width * height * unclip_ratio / (width + height) + 1.0
        larger = cv2.boxPoints((center, (width + grown, height + grown), angle))
        found.append(Outline(_ordered(larger), score))
    return found


def in_reading_order(outlines: list[Outline]) -> list[Outline]:
    """From top to bottom; from left to right what begins at the same height, within half the height of a line."""
    rows: list[list[Outline]] = []
    for outline in sorted(outlines, key=_beginning):
        if not rows or _beginning(outline) > _beginning(rows[-1][0]) + _height(rows[-1][0]) / 2:
            rows.append([])
        rows[-1].append(outline)
    return [outline for row in rows for outline in sorted(row, key=lambda one: float(one.corners[0, 0]))]


def _beginning(outline: Outline) -> float:
    """How far down the left end of a line is."""
    return float(outline.corners[0, 1] + outline.corners[3, 1]) / 2


def _height(outline: Outline) -> float:
    return float(np.linalg.norm(outline.corners[0] - outline.corners[3]))


def _ordered(corners: NDArray[np.float32]) -> Corners:
    """Clockwise from the top left: of the two corners at the left, the upper one comes first."""
    by_x = corners[np.argsort(corners[:, 0], kind="stable")]
    left = by_x[:2][np.argsort(by_x[:2, 1], kind="stable")]
    right = by_x[2:][np.argsort(by_x[2:, 1], kind="stable")]
    return np.array([left[0], right[0], right[1], left[1]], np.float32)


def _mean_inside(chances: NDArray[np.float32], corners: Corners) -> float:
    height, width = chances.shape
    low = np.clip(np.floor(corners.min(axis=0)), 0, (width - 1, height - 1)).astype(int)
    high = np.clip(np.ceil(corners.max(axis=0)), 0, (width - 1, height - 1)).astype(int)
    inside = np.zeros((high[1] - low[1] + 1, high[0] - low[0] + 1), np.uint8)
    cv2.fillPoly(inside, [(corners - low).astype(np.int32)], (1,))
    part = chances[low[1] : high[1] + 1, low[0] : high[0] + 1]
    return float(cv2.mean(part, inside)[0])
