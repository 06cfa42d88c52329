"""MIG slices, by NVIDIA's device plugin with the strategy `mixed`: a resource for each profile."""

from comb_compiler.plan.sharing import Slice
from comb_compiler.render.gpu.ask import Ask
from comb_compiler.spec.platform.devices import DeviceClass, GpuSharing

__all__ = ["ask"]


def ask(slice: Slice, device: DeviceClass, sharing: GpuSharing) -> Ask:
    """So many slices of the profile that the plan chose."""
    return Ask({sharing.resource or f"nvidia.com/mig-{slice.profile}": str(slice.devices)}, scheduler=sharing.scheduler)
