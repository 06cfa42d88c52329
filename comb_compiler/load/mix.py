"""Inputs by the kinds of recorded requests that they stand for, and how many of each were recorded → the real mix."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeVar

from comb_compiler.load.model import Input

__all__ = ["Mix", "mixed"]

K = TypeVar("K")


class Mix(NamedTuple):
    """Inputs with their weights, and the share of what was recorded that none of them stands for."""

    inputs: tuple[Input, ...]
    missing: float


def mixed(inputs: Mapping[K, Sequence[Input]], recorded: Mapping[K, int]) -> Mix:
    """Each stratum comes as often as it was recorded, and inputs of one stratum by their own weights.

    A stratum that was never recorded does not come; where none was, each comes as often as it has inputs.
    """
    known = {stratum: count for stratum, count in recorded.items() if inputs.get(stratum)}
    if not sum(known.values()):
        return Mix(tuple(one for several in inputs.values() for one in several), 1.0 if sum(recorded.values()) else 0.0)
    found = []
    for stratum, count in known.items():
        whole = sum(one.weight for one in inputs[stratum])
        found += [one._replace(weight=count * one.weight / whole) for one in inputs[stratum] if count]
    return Mix(tuple(found), 1.0 - sum(known.values()) / sum(recorded.values()))
