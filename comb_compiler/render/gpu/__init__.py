"""How a slice of a device is asked for in Kubernetes: one module for each back end that makes slices."""

from collections.abc import Mapping

from comb_compiler.plan.sharing import Slice
from comb_compiler.render.gpu import dra, exclusive, hami, mig, mps, time_slicing
from comb_compiler.render.gpu.dialect import Ask, Dialect
from comb_compiler.spec.platform.devices import DeviceClass, GpuSharing, SharingBackEnd

__all__ = ["DIALECTS", "Ask", "Dialect", "ask_for"]

DIALECTS: Mapping[SharingBackEnd, Dialect] = {
    SharingBackEnd.HAMI: hami.DIALECT,
    SharingBackEnd.MIG: mig.DIALECT,
    SharingBackEnd.MPS: mps.DIALECT,
    SharingBackEnd.TIME_SLICING: time_slicing.DIALECT,
    SharingBackEnd.DRA: dra.DIALECT,
    SharingBackEnd.EXCLUSIVE: exclusive.DIALECT,
}
"""The back ends that the plan grants slices of; it refuses the others."""


def ask_for(slice: Slice, device: DeviceClass, sharing: GpuSharing) -> Ask:
    """How a pod asks for what the plan granted."""
    return DIALECTS[sharing.back_end].ask(slice, device, sharing)
