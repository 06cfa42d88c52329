"""What is known of a GPU, and of a process on it."""

from collections.abc import Iterable
from typing import NamedTuple

__all__ = ["Device", "Devices", "Use"]


class Device(NamedTuple):
    """A GPU, or an instance of one (MIG), whose GPU is then the `parent`. What could not be asked is None.

    `missing` says why, as ("power", "Not Supported"); a GPU that answers nothing at all has ("device", "GPU is lost").
    """

    number: int
    """Of the GPU on this machine; of an instance that of its GPU."""
    uuid: str = ""
    name: str = ""
    parent: str = ""
    """The uuid of the GPU that this is an instance of; empty for a GPU."""
    has_instances: bool = False
    """Whether it is in MIG mode, where processes run on its instances."""
    utilization: float | None = None
    """The share of time, from 0 to 1, in which anything ran on it. Instances have none."""
    memory_used: int | None = None
    """Bytes, without what the driver reserves."""
    memory_total: int | None = None
    power: float | None = None
    """Watts; like all that follows, the GPU's and not an instance's."""
    power_limit: float | None = None
    temperature: int | None = None
    """Degrees Celsius."""
    clock: int | None = None
    """MHz of its multiprocessors."""
    clock_limit: int | None = None
    memory_clock: int | None = None
    slowed_by: tuple[str, ...] | None = None
    """Why it runs slower than it could, as `power cap`; being idle and clocks that were asked for are none of it."""
    missing: tuple[tuple[str, str], ...] = ()


class Devices(tuple[Device, ...]):  # noqa: SLOT001  a tuple has no room for one
    """GPUs, each followed by its instances. Where there are none, `because` says why."""

    because: str

    def __new__(cls, devices: Iterable[Device] = (), because: str = "") -> "Devices":
        made = super().__new__(cls, devices)
        made.because = because
        return made


class Use(NamedTuple):
    """What one process takes of a GPU, or of an instance of one. None where the driver does not say."""

    pid: int
    device: str
    """The uuid."""
    memory: int | None
    """Bytes."""
    utilization: float | None
    """The share of time, from 0 to 1, in which its work ran there, lately."""
