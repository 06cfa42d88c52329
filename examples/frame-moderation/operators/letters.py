"""What a recogniser of lines gives → text: greedy decoding of Connectionist Temporal Classification.

Source: Graves et al., "Connectionist Temporal Classification", ICML 2006, section 3.2 (best path decoding).
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["alphabet_of", "read_letters"]

_BLANK = 0


def alphabet_of(texts: Mapping[str, str]) -> tuple[str, ...]:
    """The letter of each class of a PP-OCR model, from what its file carries: the blank, the letters, the space."""
    if "character" not in texts:
        raise ValueError("the model's file carries no `character`: it does not say which letters it knows")
    return ("", *texts["character"].split("\n"), " ")


def read_letters(chances: NDArray[np.float32], alphabet: Sequence[str]) -> tuple[str, float]:
    """The text of [time, class] probabilities, and the mean probability of its letters; "" and 0 for nothing."""
    if chances.shape[1] != len(alphabet):
        raise ValueError(f"the model tells {chances.shape[1]} classes apart, and its file names {len(alphabet)}")
    best = chances.argmax(axis=1)
    kept = best != _BLANK
    kept[1:] &= best[1:] != best[:-1]
    if not kept.any():
        return "", 0.0
    return "".join(alphabet[index] for index in best[kept]), float(chances.max(axis=1)[kept].mean())
