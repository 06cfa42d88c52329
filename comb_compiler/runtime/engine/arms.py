"""Which arm of an experiment a user gets: a stable, salted hash of the sticky key."""

from hashlib import blake2b
from math import inf, log

from comb_compiler.release import Experiment

__all__ = ["arm_of"]


def arm_of(experiment: Experiment, key: str) -> int:
    """The index of the arm for a sticky key: the same one on every machine.

    Weighted rendezvous hashing (Mosharaf et al., "Weighted Distributed Hash Tables", SPAA 2005): each arm draws from an
    exponential distribution with its weight as rate, and the least wins. When weights change, users move only into arms
    that gained, and out of arms that lost: no change moves fewer. The order of arms does not matter.
    """
    best, least = 0, inf
    for index, arm in enumerate(experiment.arms):
        if arm.weight <= 0:
            continue
        draw = blake2b(f"{len(key)}:{key}{arm.name}".encode(), key=_salt(experiment.salt), digest_size=8).digest()
        drawn = -log((int.from_bytes(draw, "big") + 0.5) / 2**64) / arm.weight
        if drawn < least:
            best, least = index, drawn
    return best


def _salt(salt: str) -> bytes:
    return blake2b(salt.encode(), digest_size=32).digest()
