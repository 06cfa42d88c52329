"""What a comb claims of devices, to be added up with what others claim."""

from collections.abc import Mapping
from typing import NamedTuple

__all__ = ["Claim"]


class Claim(NamedTuple):
    """Whose a comb is, and how many devices, or shares of them, all its pods have at most, by class."""

    comb: str
    team: str
    devices: Mapping[str, int]
