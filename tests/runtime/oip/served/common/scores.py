"""What the model `behaves` answers to what its input says, whichever server hosts it; slow is each in its own way."""

from typing import Any

import numpy as np

__all__ = ["scores_of"]


def scores_of(said: str) -> Any:
    """The scores, of another size, shape or type than they should be where it says so."""
    scores: Any = np.array([[0.25, 0.75]], dtype=np.float32)
    if said == "raises":
        raise RuntimeError("the weights are in /secret")
    if said == "huge":
        return np.zeros((1, 1_000_000), dtype=np.float32)
    if said == "long":
        return np.zeros((1, 3), dtype=np.float32)
    if said == "flat":
        return scores[0]
    return scores.astype(np.float64) if said == "double" else scores
