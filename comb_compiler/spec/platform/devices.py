"""Device classes, and how a pool of nodes shares its devices."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from comb_compiler.spec.base import Model
from comb_compiler.spec.names import Name, ProfileName, ResourceName, Text
from comb_compiler.spec.shapes import BY_WORD
from comb_compiler.spec.units import Bytes, Ratio

__all__ = ["DeviceClass", "GpuSharing", "MigProfile", "SharingBackEnd"]


class MigProfile(Model):
    """A fixed slice of a device that supports MIG."""

    memory: Bytes = Field(description="Memory of the slice.")
    compute: Ratio = Field(description="Share of the device's compute.")
    per_device: int = Field(ge=1, le=16, description="How many such slices one device holds.")


class DeviceClass(Model):
    """A kind of accelerator, by the name that combs use. `cpu` is always there and needs no entry."""

    memory: Bytes = Field(description="Memory of one device.")
    product: Text | None = Field(
        default=None, description="The name that the vendor's tools give it.", examples=["NVIDIA A10"]
    )
    mig: dict[ProfileName, MigProfile] = Field(
        default_factory=dict, description="Its MIG profiles by name; none if it has no MIG."
    )


class SharingBackEnd(StrEnum):
    """What makes shares of a device."""

    HAMI = "hami"
    """HAMi: shares by memory and compute, held to in software."""
    MIG = "mig"
    """NVIDIA MIG: fixed slices that the hardware keeps apart."""
    MPS = "mps"
    """NVIDIA MPS by its device plugin: equal shares that run at once."""
    TIME_SLICING = "time-slicing"
    """NVIDIA's device plugin: equal turns on the device; memory is not divided."""
    VOLCANO = "volcano"
    """Volcano's vGPU: shares by memory and compute."""
    GPUSHARE = "gpushare"
    """The gpushare scheduler extender: shares by memory, which nothing enforces."""
    KAI = "kai"
    """The KAI scheduler: shares by fraction or memory, which nothing enforces."""
    KOORDINATOR = "koordinator"
    """Koordinator: shares by memory and compute."""
    DRA = "dra"
    """Dynamic Resource Allocation: devices are claimed from Kubernetes itself."""
    EXCLUSIVE = "exclusive"
    """No sharing: a pod has whole devices."""


class GpuSharing(Model):
    """How a pool shares its devices. The short form is the back end's name alone."""

    back_end: Annotated[SharingBackEnd, BY_WORD] = Field(description="What makes shares of a device.")
    replicas: int | None = Field(
        default=None,
        ge=1,
        le=48,
        description="Shares per device, where the back end makes equal ones (MPS, time-slicing).",
    )
    slices: dict[ProfileName, Annotated[int, Field(ge=1, le=16)]] | None = Field(
        default=None,
        description="MIG slices that each device is cut into: how many of which profile. Without it a device has room "
        "for any, as far as `perDevice` goes.",
        examples=[{"1g.10gb": 4, "3g.40gb": 1}],
    )
    resource: ResourceName | None = Field(
        default=None, description="The resource to ask for; the back end's by default."
    )
    scheduler: Name | None = Field(default=None, description="The scheduler's name; the back end's by default.")
