"""What a change does, before anybody reads a diff: models, parameters, arms, replicas, devices, and what restarts."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, NamedTuple

__all__ = ["Effects", "Restart", "Usage", "Was"]


class Was(NamedTuple):
    """Something by name, before and after; None is what is not there."""

    name: str
    before: Any
    after: Any


class Restart(NamedTuple):
    """A workload whose pods start anew, and why: the parts of its template that differ."""

    workload: str
    because: tuple[str, ...]
    by_hand: bool = False
    """Whether pods are only replaced when somebody deletes them."""


class Usage(NamedTuple):
    """How much of a resource all pods of the comb ask for together: with the fewest instances and with the most.

    `quota` is what the namespace may have of it in the cluster, where that is limited.
    """

    resource: str
    least_before: Decimal
    most_before: Decimal
    least: Decimal
    most: Decimal
    quota: Decimal | None = None


class Effects(NamedTuple):
    """All of it, for one cluster. `proven` says whether the gates prove the same of it as before."""

    models: tuple[Was, ...] = ()
    parameters: tuple[Was, ...] = ()
    images: tuple[Was, ...] = ()
    replicas: tuple[Was, ...] = ()
    arms: tuple[Was, ...] = ()
    usage: tuple[Usage, ...] = ()
    restarts: tuple[Restart, ...] = ()
    lost: tuple[str, ...] = ()
    """Claims that go, and their data with them."""
    proven: bool = True


def changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Was, ...]:
    """What differs between two facts by name."""
    names = [*after, *(name for name in before if name not in after)]
    return tuple(Was(name, before.get(name), after.get(name)) for name in names if before.get(name) != after.get(name))
