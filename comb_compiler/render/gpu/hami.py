"""HAMi: a number of devices, and of each so many MiB and so much of its compute.

Names and meanings as HAMi 2.10 has them: `pkg/device/nvidia/device.go`, `docs/config.md`.
"""

from math import ceil

from comb_compiler.plan.sharing import Slice
from comb_compiler.render.gpu.dialect import Ask, Dialect
from comb_compiler.spec.platform.devices import DeviceClass, GpuSharing

__all__ = ["DIALECT"]

_MEBIBYTE = 2**20
_SCHEDULER = "hami-scheduler"


def _ask(slice: Slice, device: DeviceClass, sharing: GpuSharing) -> Ask:
    """Memory always, since HAMi gives all of it to who does not say; compute where some was asked for."""
    resources = {
        sharing.resource or "nvidia.com/gpu": str(slice.devices),
        "nvidia.com/gpumem": str(ceil(slice.memory / _MEBIBYTE)),
    }
    if slice.compute:
        resources["nvidia.com/gpucores"] = str(int(slice.compute * 100))
    return Ask(resources, scheduler=sharing.scheduler or _SCHEDULER)


DIALECT = Dialect(
    _ask,
    isolates="memory and compute, by a hook into CUDA's library",
    traps=(
        "memory is asked for in MiB and compute in percent: both are rounded up",
        "100% of the compute needs a device that nobody else uses",
        "who asks for no compute finds no place on a device whose compute is all promised",
        "a device has room for ten pods, unless HAMi is set otherwise",
        "it serves nodes with the label `gpu=on`",
    ),
)
