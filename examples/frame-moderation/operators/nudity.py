"""How likely a picture shows nudity."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from comb_compiler.runtime import Code, Messages, Model, OperatorError, operator
from operators.pictures import Pixels, decode
from operators.sessions import open_network

__all__ = ["Score", "ScoreParams"]

_MEAN = np.array((104, 117, 123), np.float32)
_UNSAFE = 1


@dataclass(frozen=True)
class ScoreParams:
    """The side of the square that the model looks at."""

    side: int = 224
    max_megapixels: int = 36


@operator(batch=True)
class Score:
    """Scores pictures with Yahoo's open_nsfw, prepared as its authors do (github.com/yahoo/open_nsfw).

    Scaled to 8/7 of the side, whatever the proportions; the square in the middle; blue, green, red less the mean of the
    pictures it was trained on. Left out is their saving as JPEG in between, which loses detail and gains nothing.
    """

    def __init__(self, model: Model[ScoreParams], messages: Messages) -> None:
        self._params = model.params
        self._network, _ = open_network(model.path)
        self._score: Any = messages["moderation.v1.UnsafeScore"]

    def warm_up(self) -> None:
        """Run the model once: the first run is the slowest."""
        self._network(np.zeros((1, self._params.side, self._params.side, 3), np.float32))

    def __call__(self, frame: list["moderation.v1.Frame"]) -> list["moderation.v1.UnsafeScore"]:
        prepared = [self._prepared(one) for one in frame]
        good = [one for one in prepared if not isinstance(one, OperatorError)]
        scores = iter(self._network(np.stack(good))[:, _UNSAFE].tolist() if good else ())
        return [one if isinstance(one, OperatorError) else self._answer(next(scores)) for one in prepared]

    def _prepared(self, frame: Any) -> NDArray[np.float32] | OperatorError:
        """What the model takes, or why this picture cannot be scored: the others of the batch can."""
        try:
            picture = decode(frame, self._params.max_megapixels)
        except OperatorError as error:
            return error
        return _square(picture, self._params.side)

    def _answer(self, score: float) -> Any:
        if not 0.0 <= score <= 1.0:  # NaN is neither
            return OperatorError(Code.INTERNAL, f"the model gave {score}, which is no probability")
        return self._score(score=score)


def _square(picture: Pixels, side: int) -> NDArray[np.float32]:
    larger = side * 8 // 7
    margin = (larger - side) // 2
    scaled = Image.fromarray(picture).resize((larger, larger), Image.Resampling.BILINEAR)
    middle = np.asarray(scaled, np.float32)[margin : margin + side, margin : margin + side]
    return middle[:, :, ::-1] - _MEAN
