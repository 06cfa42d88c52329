"""What a namespace's quota lets a comb ask for."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

from comb_compiler.plan.model import Workload
from comb_compiler.plan.sharing import ALL_COMPUTE, ALL_PLACES
from comb_compiler.plan.wording import plain, size
from comb_compiler.spec.platform.devices import DeviceClass
from comb_compiler.spec.platform.release import Quota

__all__ = ["Excess", "never_reached", "too_much"]


class Excess(NamedTuple):
    """What is asked for and what there is, in words; who asks for most of it, and for what field of its resources."""

    asked: str
    quota: str
    workload: Workload
    field: str
    where: tuple[str, ...]
    """The quota's path below `quota`."""


class _Limit(NamedTuple):
    """What a quota counts, and how much of it makes one: `most` and `takes` are parts of `one`."""

    where: tuple[str, ...]
    field: str
    one: int
    most: int
    takes: Mapping[str, int]
    """What one instance of each workload takes."""

    def words(self, amount: int) -> str:
        if self.field == "memory":
            return f"{size(amount)} of memory"
        number = plain(round(Decimal(amount) / self.one, 2))
        noun = "core" if self.field == "cpu" else f"`{self.where[-1]}`"
        return f"{number} {noun}" + ("s" if self.field == "cpu" and amount != self.one else "")


def too_much(workloads: Sequence[Workload], quota: Quota, devices: Mapping[str, DeviceClass]) -> Iterator[Excess]:
    """What the fewest instances of all workloads ask for together, where it is more than the quota."""
    for limit in _limits(workloads, quota, devices):
        asked = {one.name: limit.takes[one.name] * one.replicas.least for one in workloads}
        total = sum(asked.values())
        if total > limit.most:
            yield _excess(limit, total, max(workloads, key=lambda one: asked[one.name]))


def never_reached(workloads: Sequence[Workload], quota: Quota, devices: Mapping[str, DeviceClass]) -> Iterator[Excess]:
    """What the most instances of a single workload ask for, where that alone is more than the quota."""
    for limit in _limits(workloads, quota, devices):
        for one in workloads:
            total = limit.takes[one.name] * one.replicas.most
            if total > limit.most:
                yield _excess(limit, total, one)


def _excess(limit: _Limit, total: int, workload: Workload) -> Excess:
    return Excess(limit.words(total), limit.words(limit.most), workload, limit.field, limit.where)


def _limits(workloads: Sequence[Workload], quota: Quota, devices: Mapping[str, DeviceClass]) -> Iterator[_Limit]:
    if quota.cpu is not None:
        takes = {one.name: int(one.amounts.cpu * 1000) for one in workloads}
        yield _Limit(("cpu",), "cpu", 1000, int(quota.cpu * 1000), takes)
    if quota.memory is not None:
        yield _Limit(("memory",), "memory", 1, quota.memory, {one.name: one.amounts.memory for one in workloads})
    for name, most in quota.devices.items():
        if name in devices:
            # Of a shared device counts what is scarcest of it: its places, its memory or its compute.
            for thing, whole in enumerate((ALL_PLACES, devices[name].memory, ALL_COMPUTE)):
                takes = {one.name: _takes(one, name, thing) for one in workloads}
                yield _Limit(("devices", name), "gpu", whole, most * whole, takes)


def _takes(one: Workload, name: str, thing: int) -> int:
    part = one.amounts.slice
    return 0 if part is None or one.device != name else part.takes.amounts[thing] * part.devices
