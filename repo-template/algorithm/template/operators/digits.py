"""What the model makes of a picture, and what is answered."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import onnxruntime

from comb_compiler.runtime import Messages, Model, operator

__all__ = ["Classify", "Decide", "DecideParams"]


@operator(batch=True)
class Classify:
    """Says how likely each digit is. Pictures that come at the same time go through the model together."""

    def __init__(self, model: Model, messages: Messages) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1  # operators run beside each other
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(str(model.path), options, providers=["CPUExecutionProvider"])
        self._chances: Any = messages["digits.v1.Chances"]

    def warm_up(self) -> None:
        """The first run is the slowest."""
        self._run(np.zeros((1, 64), np.float32))

    def __call__(self, pixels: list["digits.v1.Pixels"]) -> list["digits.v1.Chances"]:
        rows = self._run(np.array([one.values for one in pixels], np.float32))
        return [self._chances(values=row.tolist()) for row in rows]

    def _run(self, values: Any) -> Any:
        _, chances = self._session.run(None, {self._session.get_inputs()[0].name: values})
        return chances


@dataclass(frozen=True)
class DecideParams:
    """Below which chance nobody should rely on a digit: `doubtBelow` in comb.yaml."""

    doubt_below: float = 0.5


class Decide:
    """Answers with the likeliest digit."""

    def __init__(self, messages: Messages, model: Model[DecideParams] | None = None) -> None:
        self._doubt_below = (DecideParams() if model is None else model.params).doubt_below
        self._reading: Any = messages["digits.v1.Reading"]

    def __call__(self, chances: "digits.v1.Chances") -> "digits.v1.Reading":
        digit = max(range(len(chances.values)), key=lambda index: chances.values[index])
        confidence = chances.values[digit]
        return self._reading(digit=digit, confidence=confidence, doubtful=confidence < self._doubt_below)
