"""Whole devices, by NVIDIA's device plugin."""

from comb_compiler.plan.sharing import Slice
from comb_compiler.render.gpu.ask import Ask
from comb_compiler.spec.platform.devices import DeviceClass, GpuSharing

__all__ = ["ask"]


def ask(slice: Slice, device: DeviceClass, sharing: GpuSharing) -> Ask:
    """So many devices."""
    return Ask({sharing.resource or "nvidia.com/gpu": str(slice.devices)}, scheduler=sharing.scheduler)
