"""Text in a frame: where it is, how it stands, what it says.

The models are PP-OCR's; what is done before and after them follows its papers (Du et al., "PP-OCR: A Practical Ultra
Lightweight OCR System", 2020, and its successors up to v4) and the parameters that are published with the models.
"""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from comb_compiler.runtime import Call, Messages, Model
from operators.crops import MAX_TOTAL, cut_out, fitted, pixels_of
from operators.letters import alphabet_of, read_letters
from operators.outlines import Corners, Outline, find_outlines, in_reading_order
from operators.pictures import Pixels, decode
from operators.sessions import open_network

__all__ = ["AngleParams", "Detect", "DetectParams", "ReadParams", "Recognise", "Straighten"]

_STEP = 32
"""The detector halves a picture five times."""
_ANGLE_SIZE = (48, 192)
_UPSIDE_DOWN = 1
_ANGLE_0, _ANGLE_180 = 1, 2  # moderation.v1.Angle
_NARROWEST, _WIDEST = 320, 3200
"""Widths that the recogniser is given: it was trained on the first; the second bounds the memory it takes."""


@dataclass(frozen=True)
class DetectParams:
    """A picture is scaled down to `long_side` pixels; the thresholds are those of Differentiable Binarization."""

    long_side: int
    pixel_threshold: float = 0.3
    box_threshold: float = 0.5
    unclip_ratio: float = 1.6
    max_megapixels: int = 36

    def __post_init__(self) -> None:
        if not _STEP <= self.long_side <= 4096:
            raise ValueError(f"longSide is from {_STEP} to 4096, not {self.long_side}")
        if not (0 < self.pixel_threshold < 1 and 0 < self.box_threshold < 1):
            raise ValueError("pixelThreshold and boxThreshold are between 0 and 1")
        if self.unclip_ratio < 0 or self.max_megapixels < 1:
            raise ValueError("unclipRatio is not negative, and maxMegapixels at least 1")


class Detect:
    """Finds lines of text, and cuts them out. Lines beyond `MAX_TOTAL` bytes are left out, and the answer degraded."""

    def __init__(self, model: Model[DetectParams], messages: Messages) -> None:
        self._params = model.params
        self._network, _ = open_network(model.path)
        self._boxes = messages["moderation.v1.Boxes"]

    def warm_up(self) -> None:
        """Run the model once: the first run is the slowest."""
        self._network(np.zeros((1, 3, _STEP, _STEP), np.float32))

    def __call__(self, frame: "moderation.v1.Frame") -> "moderation.v1.Boxes":
        picture = decode(frame, self._params.max_megapixels)
        answer: Any = self._boxes()
        total = 0
        for outline in self._outlines(picture):
            pixels = cut_out(picture, outline.corners)
            total += pixels.size
            if total > MAX_TOTAL:
                answer.degraded = True
                break
            box = answer.boxes.add(score=outline.score)
            _write(box.outline, outline.corners)
            box.crop.height, box.crop.width = pixels.shape[:2]
            box.crop.pixels = pixels.tobytes()
        return answer

    def _outlines(self, picture: Pixels) -> list[Outline]:
        height, width = picture.shape[:2]
        values = self._scaled(picture)
        params = self._params
        found = find_outlines(
            self._network(values)[0, 0], params.pixel_threshold, params.box_threshold, params.unclip_ratio
        )
        scale = np.array((width / values.shape[3], height / values.shape[2]), np.float32)
        limit = np.array((width, height), np.float32)
        placed = (Outline(np.clip(one.corners * scale, 0, limit), one.score) for one in found)
        return in_reading_order([one for one in placed if _has_area(one.corners)])

    def _scaled(self, picture: Pixels) -> NDArray[np.float32]:
        height, width = picture.shape[:2]
        ratio = min(1.0, self._params.long_side / max(height, width))
        size = [max(_STEP, round(side * ratio / _STEP) * _STEP) for side in (width, height)]
        small = cv2.resize(picture, size, interpolation=cv2.INTER_LINEAR)[:, :, ::-1]
        return np.ascontiguousarray(small.transpose(2, 0, 1)[None], np.float32) / 127.5 - 1.0


@dataclass(frozen=True)
class AngleParams:
    """Whether lines are looked at, and how sure the model has to be before one is turned."""

    enabled: bool
    threshold: float = 0.9


class Straighten:
    """Turns lines that are upside down. Without `enabled` it gives boxes back as they are."""

    def __init__(self, model: Model[AngleParams], messages: Messages) -> None:
        self._params = model.params
        self._network = open_network(model.path)[0] if model.params.enabled else None
        self._boxes = messages["moderation.v1.Boxes"]

    def warm_up(self) -> None:
        """Run the model once: the first run is the slowest."""
        if self._network is not None:
            self._network(np.zeros((1, 3, *_ANGLE_SIZE), np.float32))

    def __call__(self, boxes: "moderation.v1.Boxes", call: Call) -> "moderation.v1.Boxes":
        if self._network is None:
            return boxes
        answer: Any = self._boxes()
        answer.CopyFrom(boxes)
        for box in answer.boxes:
            call.check()
            pixels = pixels_of(box.crop)
            chances = self._network(fitted(pixels, *_ANGLE_SIZE))[0]
            turned = bool(chances[_UPSIDE_DOWN] > self._params.threshold)
            box.angle = _ANGLE_180 if turned else _ANGLE_0
            box.angle_score = chances[_UPSIDE_DOWN] if turned else chances[1 - _UPSIDE_DOWN]
            if turned:
                box.crop.pixels = pixels[::-1, ::-1].tobytes()
        return answer


@dataclass(frozen=True)
class ReadParams:
    """The height of a line as the model takes it, and how sure a reading has to be."""

    height: int = 48
    min_score: float = 0.5


class Recognise:
    """Reads lines, one at a time: of different lengths, they gain nothing from a batch on a CPU."""

    def __init__(self, model: Model[ReadParams], messages: Messages) -> None:
        self._params = model.params
        self._network, texts = open_network(model.path)
        self._alphabet = alphabet_of(texts)
        self._lines = messages["moderation.v1.Lines"]

    def warm_up(self) -> None:
        """Run the model once: the first run is the slowest."""
        self._network(np.zeros((1, 3, self._params.height, _NARROWEST), np.float32))

    def __call__(self, boxes: "moderation.v1.Boxes", call: Call) -> "moderation.v1.Lines":
        answer: Any = self._lines(degraded=boxes.degraded)
        for box in boxes.boxes:
            call.check()
            text, score = self._read(pixels_of(box.crop))
            text = text.strip()
            if text and score >= self._params.min_score:
                answer.lines.add(text=text, score=score, outline=box.outline, angle=box.angle)
        return answer

    def _read(self, pixels: Pixels) -> tuple[str, float]:
        height = self._params.height
        own = -(-pixels.shape[1] * height // pixels.shape[0])
        values = fitted(pixels, height, min(max(own, _NARROWEST), _WIDEST))
        return read_letters(self._network(values)[0], self._alphabet)


def _has_area(corners: Corners) -> bool:
    return bool(np.ptp(corners[:, 0]) >= 1 and np.ptp(corners[:, 1]) >= 1)


def _write(outline: Any, corners: Corners) -> None:
    points = (outline.top_left, outline.top_right, outline.bottom_right, outline.bottom_left)
    for point, (x, y) in zip(points, corners.tolist(), strict=True):
        point.x, point.y = x, y
