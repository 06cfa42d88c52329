"""A PNG file → what the model takes."""

import io
from typing import Any

import numpy as np
from PIL import Image, UnidentifiedImageError

from comb_compiler.runtime import Code, Messages, OperatorError

__all__ = ["Prepare"]

_SIDE, _INK, _LARGEST = 8, 16, 4096


class Prepare:
    """Reduces a picture to 8 × 8 values from 0 (ground) to 16 (ink)."""

    def __init__(self, messages: Messages) -> None:
        self._pixels: Any = messages["digits.v1.Pixels"]
        self._picture: Any = messages["digits.v1.Picture"]

    def warm_up(self) -> None:
        """The first picture is the slowest: what reads PNG files is loaded for it."""
        file = io.BytesIO()
        Image.new("L", (_SIDE, _SIDE)).save(file, "PNG")
        self(self._picture(png=file.getvalue()))

    def __call__(self, picture: "digits.v1.Picture") -> "digits.v1.Pixels":
        try:
            with Image.open(io.BytesIO(picture.png), formats=["PNG"]) as image:
                if max(image.size) > _LARGEST:
                    raise OperatorError(Code.INVALID_ARGUMENT, f"a picture has at most {_LARGEST} pixels a side")
                small = image.convert("L").resize((_SIDE, _SIDE), Image.Resampling.BOX)
        except (UnidentifiedImageError, OSError, ValueError, SyntaxError) as problem:
            raise OperatorError(Code.INVALID_ARGUMENT, "this is no PNG file that can be read") from problem
        values = np.asarray(small, np.float32) * (_INK / 255)
        if _border(values) > _INK / 2:
            values = _INK - values  # dark ink on light ground
        return self._pixels(values=values.reshape(-1).tolist())


def _border(values: Any) -> float:
    """How light the outermost pixels are, where there is seldom ink."""
    return float(np.median(np.concatenate([values[0], values[-1], values[:, 0], values[:, -1]])))
