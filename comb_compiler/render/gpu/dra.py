"""Dynamic Resource Allocation: a claim on devices, by NVIDIA's driver for it (`resource.k8s.io/v1`).

Shares by memory need the driver's consumable capacity, which is alpha and off: what is claimed is a MIG slice, or whole
devices.
"""

from typing import Any

from comb_compiler.plan.sharing import Slice
from comb_compiler.render.gpu.dialect import Ask, Dialect
from comb_compiler.spec.platform.devices import DeviceClass, GpuSharing

__all__ = ["DIALECT"]

_DRIVER = "gpu.nvidia.com"
_MIG = "mig.nvidia.com"
_CLAIM = "gpu"


def _ask(slice: Slice, device: DeviceClass, sharing: GpuSharing) -> Ask:
    wanted = {"profile": slice.profile} if slice.profile else {"productName": device.product or ""}
    selectors = [
        {"cel": {"expression": f"device.attributes['{_DRIVER}'].{name} == {_cel(value)}"}}
        for name, value in wanted.items()
        if value
    ]
    exactly: dict[str, Any] = {"deviceClassName": sharing.resource or (_MIG if slice.profile else _DRIVER)}
    exactly |= {"selectors": selectors} if selectors else {}
    exactly |= {"allocationMode": "ExactCount", "count": slice.devices}
    claim = {"devices": {"requests": [{"name": _CLAIM, "exactly": exactly}]}}
    return Ask(scheduler=sharing.scheduler, claims={_CLAIM: claim})


def _cel(text: str) -> str:
    """A string of CEL."""
    escaped = "".join(one if one.isprintable() and one not in "\\'" else f"\\U{ord(one):08x}" for one in text)
    return f"'{escaped}'"


DIALECT = Dialect(
    _ask,
    isolates="whole devices, or MIG slices, by the hardware",
    traps=(
        "shares by memory or compute are not claimed: the driver's consumable capacity is alpha and off",
        "the smallest MIG profile that is enough; whole devices where it has none. `comb plan` says what is wasted",
        "more than one device with MIG profiles is refused: one process uses one slice",
        "`product` of the device is compared with the driver's `productName`",
    ),
)
