"""Which arm of an experiment a user gets: a stable, salted hash of the sticky key."""

from collections.abc import Mapping
from functools import lru_cache
from hashlib import blake2b
from math import inf, log
from secrets import token_hex
from struct import Struct

from comb_compiler.release import Experiment

__all__ = ["Arms", "arms_of", "hashed"]

_number = Struct(">Q").unpack
_UNIT = 2.0**-52
_REMEMBERED = 4096
"""How many users' arms are remembered: who asks again soon is found without a hash, which is a fifth of the way."""


class Arms:
    """Users → arms by weight: alike on every machine, whatever the order of the arms. One without weight gets nobody.

    Weighted rendezvous hashing (Mosharaf et al., "Weighted Distributed Hash Tables", SPAA 2005): each arm draws from an
    exponential distribution with its weight as rate, and the least wins. When weights change, users move only from an
    arm to one that gained against it; where one arm's weight changes, or there are two arms, no scheme moves fewer. In
    general none without a memory moves fewer for one change without moving more for another (Moulton and Jiang,
    "Maximally Consistent Sampling and the Jaccard Index of Probability Distributions", ICDMW 2018).

    Raises ValueError where no arm has weight.
    """

    def __init__(self, salt: str, weights: Mapping[str, int]) -> None:
        self.weights = dict(weights)
        self._lots = [(name, hashed(salt, name).copy, -weight) for name, weight in weights.items() if weight > 0]
        if not self._lots:
            raise ValueError("no arm has any weight")
        self._drawn = lru_cache(_REMEMBERED)(self._draw)

    def of(self, key: str) -> str:
        """The arm of a user. Without a key it is drawn anew each time: who has none must not all be in one arm."""
        return self._drawn(key) if key else self._draw(token_hex(8))

    def _draw(self, key: str) -> str:
        content = key.encode("utf-8", "surrogatepass")
        best, least = "", inf
        for name, copy, weight in self._lots:
            lot = copy()
            lot.update(content)
            (number,) = _number(lot.digest())
            drawn = log(((number >> 12) + 0.5) * _UNIT) / weight
            if drawn < least:
                best, least = name, drawn
        return best


def arms_of(experiment: Experiment) -> Arms:
    """The arms with the weights that comb.yaml gives them. Raises ValueError where none has any."""
    return Arms(experiment.salt, {arm.name: arm.weight for arm in experiment.arms})


def hashed(*parts: str, size: int = 8) -> blake2b:
    """BLAKE2b that has taken in the parts, each after its length; a key follows as it is."""
    state = blake2b(digest_size=size)
    for part in parts:
        content = part.encode("utf-8", "surrogatepass")
        state.update(b"%d:%b" % (len(content), content))
    return state
