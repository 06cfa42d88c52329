"""The plan as a value."""

from decimal import Decimal
from typing import NamedTuple

__all__ = ["Plan", "Workload"]


class Workload(NamedTuple):
    """Instances that are alike. `cpu` is in cores and `memory` in bytes, each for one instance; 0 says nothing."""

    name: str
    operators: tuple[str, ...]
    replicas: int
    cpu: Decimal
    memory: int


class Plan(NamedTuple):
    """What runs for one comb in one environment."""

    comb: str
    team: str | None
    workloads: tuple[Workload, ...]
