"""HAMi: a number of devices, and of each so many MiB and so much of its compute."""

from math import ceil

from comb_compiler.plan.sharing import Slice
from comb_compiler.render.gpu.ask import Ask
from comb_compiler.spec.platform.devices import DeviceClass, GpuSharing

__all__ = ["ask"]

_MEBIBYTE = 2**20


def ask(slice: Slice, device: DeviceClass, sharing: GpuSharing) -> Ask:
    """Memory always, since HAMi gives all of it to who does not say; compute where some was asked for."""
    resources = {
        sharing.resource or "nvidia.com/gpu": str(slice.devices),
        "nvidia.com/gpumem": str(ceil(slice.memory / _MEBIBYTE)),
    }
    if slice.compute:
        resources["nvidia.com/gpucores"] = str(int(slice.compute * 100))
    return Ask(resources, scheduler=sharing.scheduler or "hami-scheduler")
