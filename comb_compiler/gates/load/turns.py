"""How a step's time is parted into turns."""

from typing import NamedTuple

__all__ = ["Turns", "parted"]

_LEAST_SECONDS = 0.5
_LEAST_REQUESTS = 3.0
_FEWEST_ROUNDS = 5
_MOST_ROUNDS = 30


class Turns(NamedTuple):
    """A round has two turns of each side, in the order baseline, candidate, candidate, baseline."""

    seconds: float
    rounds: int


def parted(hold: float, rate: float) -> Turns:
    """So that each side is loaded for `hold` seconds in all.

    Turns are as short as they can be: what happens on the machine then hits both sides alike. Each has some requests,
    and there are enough rounds to say how much they differ.
    """
    shortest = max(_LEAST_SECONDS, _LEAST_REQUESTS / rate, hold / 2 / _MOST_ROUNDS)
    seconds = min(shortest, hold / 2 / _FEWEST_ROUNDS)
    rounds = max(_FEWEST_ROUNDS, round(hold / 2 / seconds))
    return Turns(hold / 2 / rounds, rounds)
