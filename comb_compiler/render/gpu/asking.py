"""What a pod says to get its slice."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from comb_compiler.plan.sharing import Slice
from comb_compiler.render.gpu import exclusive, hami, mig, time_slicing
from comb_compiler.render.gpu.ask import Ask
from comb_compiler.spec.platform.devices import DeviceClass, GpuSharing, SharingBackEnd

__all__ = ["Ask", "ask_for"]


class Dialect(NamedTuple):
    """A back end's way of asking."""

    ask: Callable[[Slice, DeviceClass, GpuSharing], Ask]


DIALECTS: Mapping[SharingBackEnd, Dialect] = {
    SharingBackEnd.HAMI: Dialect(hami.ask),
    SharingBackEnd.MIG: Dialect(mig.ask),
    SharingBackEnd.TIME_SLICING: Dialect(time_slicing.ask),
    SharingBackEnd.EXCLUSIVE: Dialect(exclusive.ask),
}


def ask_for(slice: Slice, device: DeviceClass, sharing: GpuSharing) -> Ask:
    """How a pod asks for what the plan granted. The plan grants nothing that the back end cannot express."""
    return DIALECTS[sharing.back_end].ask(slice, device, sharing)
