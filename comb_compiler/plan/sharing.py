"""What an instance gets of a device: a wish, as the back end that shares the device can grant it.

Every back end rounds, and some cannot express a wish at all. This is what each can do, free of how it is asked for that
in Kubernetes, which is for `render` to know.
"""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from math import ceil, lcm
from typing import NamedTuple

from comb_compiler.spec.comb.operators import Gpu
from comb_compiler.spec.platform.devices import DeviceClass, GpuSharing, MigProfile, SharingBackEnd

__all__ = ["ALL_COMPUTE", "ALL_PLACES", "Part", "Refusal", "Slice", "Wish", "capacity", "grant", "wish_of"]

ALL_PLACES = lcm(*range(1, 49))
"""The places of a device: so many that each of as many equal parts as can be made of one is a whole number of them."""
ALL_COMPUTE = 10**6
"""All of a device's compute, in millionths."""

_ALL_MEDIA = 1
"""The one set of media engines of a device that is cut by MIG."""
_WITH_MEDIA = "+me"
"""Ends the name of a profile that has JPEG decoders and the optical flow engine besides."""

_MEBIBYTE = 2**20
_HAMI_SPLITS = 10
"""HAMi gives a device to at most so many pods, unless it is set otherwise."""
_NO_PROMISE = 1
"""HAMi places a pod that asks for no compute only where some is left."""


class Wish(NamedTuple):
    """What an instance needs of each of so many devices: bytes of memory, and a share of compute; 0 asks for none."""

    devices: int
    memory: int
    compute: Decimal
    whole: bool = False
    """Whether nothing was said about memory: then it is the device's."""


class Part(NamedTuple):
    """A part of a device: of its `ALL_PLACES`, its memory in bytes, of `ALL_COMPUTE`, and its media engines.

    Where a device is cut into MIG slices, those of each profile are a part of their own, of which only such slices can
    be taken. Without a `profile` any can. `media` is of the engines that one slice at a time has (`1g.5gb+me`).
    """

    places: int
    memory: int
    compute: int
    profile: str = ""
    media: int = 0

    @property
    def amounts(self) -> tuple[int, int, int, int]:
        """Its places, memory, compute and media engines."""
        return (*self[:3], self.media)

    def fits(self, left: "Part") -> bool:
        """Whether it can be taken of what is left."""
        return (
            self.places <= left.places
            and self.memory <= left.memory
            and self.compute <= left.compute
            and self.media <= left.media
            and left.profile in ("", self.profile)
        )

    def less(self, taken: "Part") -> "Part":
        """What is left when it is taken."""
        places, memory, compute, profile, media = self
        return Part(places - taken.places, memory - taken.memory, compute - taken.compute, profile, media - taken.media)


class Slice(NamedTuple):
    """What is granted of each of so many devices.

    `memory` in bytes is what the instance may use, `compute` the share that it is promised. `takes` is what it uses up
    of a device: `capacity` of the same back end says what a device has. `wasted` bytes are its own without need.
    """

    devices: int
    memory: int
    compute: Decimal
    takes: Part
    profile: str = ""
    wasted: int = 0
    notes: tuple[str, ...] = ()


class Refusal(NamedTuple):
    """The back end cannot grant the wish: what it cannot, and what would work."""

    message: str
    hint: str


def wish_of(gpus: Sequence[Gpu], device: DeviceClass) -> Wish:
    """What operators that share a pod need together, on one class of device: on the same devices, side by side."""
    amounts = [_memory(gpu, device) for gpu in gpus]
    return Wish(
        devices=max(gpu.count for gpu in gpus),
        memory=sum(amount for amount in amounts if amount is not None) or device.memory,
        compute=sum((gpu.compute or Decimal(0) for gpu in gpus), Decimal(0)),
        whole=None in amounts,
    )


def _memory(gpu: Gpu, device: DeviceClass) -> int | None:
    if gpu.memory is None:
        return None
    if gpu.memory.bytes is not None:
        return gpu.memory.bytes
    assert gpu.memory.share is not None
    return ceil(device.memory * Fraction(gpu.memory.share))


def capacity(device: DeviceClass, sharing: GpuSharing) -> tuple[Part, ...]:
    """What one device has to give: in one part, or in one for each profile that it is cut by."""
    if sharing.slices:
        cut = ((profile, count, device.mig.get(profile)) for profile, count in sharing.slices.items())
        return tuple(Part(count * _places(known), 0, 0, profile) for profile, count, known in cut if known is not None)
    divided = sharing.back_end in (SharingBackEnd.HAMI, SharingBackEnd.EXCLUSIVE)
    sliced = bool(device.mig) and sharing.back_end in (SharingBackEnd.MIG, SharingBackEnd.DRA)
    compute = ALL_COMPUTE if divided or sliced else 0
    return (Part(ALL_PLACES, device.memory if divided else 0, compute, media=_ALL_MEDIA if sliced else 0),)


def _places(profile: MigProfile) -> int:
    """What a slice takes of those of its profile."""
    return ALL_PLACES // profile.per_device


def _slice_of_any(label: str, profile: MigProfile, device: DeviceClass) -> Part:
    """What a slice takes of a device that may be cut in any way: some of its eight parts of memory, and of its compute.

    A slice begins at certain parts only (NVIDIA's MIG User Guide, "MIG Placements"): nevertheless all slices of which
    memory and compute are there together find a place on every device that there is, the largest first. Of one profile
    there are no more than are said; of those with the media engines, of which a device has one set, one altogether.
    """
    eighths = max(1, round(8 * Fraction(profile.memory, device.memory)))
    places, most = min(ALL_PLACES * eighths // 8, _places(profile)), ALL_COMPUTE // profile.per_device
    if label.endswith(_WITH_MEDIA) and profile.per_device == 1:
        return Part(places, 0, min(int(profile.compute * ALL_COMPUTE), most), label, _ALL_MEDIA)
    one_too_many = ALL_COMPUTE // (profile.per_device + 1) + 1 if ALL_PLACES // places > profile.per_device else 0
    return Part(places, 0, min(max(int(profile.compute * ALL_COMPUTE), one_too_many), most), label)


def grant(wish: Wish, name: str, device: DeviceClass, sharing: GpuSharing) -> Slice | Refusal:
    """What the back end makes of a wish for devices of the class `name`."""
    if wish.whole:
        wish = wish._replace(memory=device.memory)
    if wish.memory > device.memory:
        return Refusal(
            f"{_size(wish.memory)} of memory are more than one `{name}` has",
            f"it has {_size(device.memory)}; ask for less, or name another class of device",
        )
    if wish.compute > 1:
        return Refusal(
            f"together they ask for {wish.compute:.0%} of the compute of one `{name}`",
            "operators that share a pod share its devices; ask for less, or part them",
        )
    back_end = _BACK_ENDS.get(sharing.back_end)
    if back_end is None:
        known = ", ".join(sorted(one.value for one in _BACK_ENDS))
        return Refusal(f"Comb cannot place shares by {sharing.back_end.value} yet", f"it can by {known}")
    return back_end(wish, name, device, sharing)


def _hami(wish: Wish, name: str, device: DeviceClass, sharing: GpuSharing) -> Slice | Refusal:
    memory = min(_round_up(wish.memory, _MEBIBYTE), device.memory)
    compute = Decimal(ceil(wish.compute * 100)) / 100
    # All of the compute is granted only on a device that nobody else uses.
    places = ALL_PLACES if compute == 1 else ALL_PLACES // _HAMI_SPLITS
    return Slice(
        wish.devices,
        memory,
        compute,
        Part(places, memory, int(compute * ALL_COMPUTE) or _NO_PROMISE),
        wasted=memory - wish.memory,
    )


def _exclusive(wish: Wish, name: str, device: DeviceClass, sharing: GpuSharing) -> Slice | Refusal:
    wasted = device.memory - wish.memory
    return Slice(wish.devices, device.memory, Decimal(1), Part(ALL_PLACES, device.memory, ALL_COMPUTE), wasted=wasted)


def _time_slicing(wish: Wish, name: str, device: DeviceClass, sharing: GpuSharing) -> Slice | Refusal:
    replicas = sharing.replicas or 1
    if refusal := _turns_refuse(wish, replicas, "turn"):
        return refusal
    notes = ["memory is not divided: a neighbour that takes too much of it ends this one too"] if replicas > 1 else []
    if wish.memory * replicas > device.memory:
        notes.append(f"{replicas} instances that need {_size(wish.memory)} each are more than one `{name}` holds")
    takes = Part(ALL_PLACES // replicas, 0, 0)
    return Slice(wish.devices, wish.memory, Decimal(1) / replicas, takes, notes=tuple(notes))


def _mps(wish: Wish, name: str, device: DeviceClass, sharing: GpuSharing) -> Slice | Refusal:
    replicas = sharing.replicas or 1
    memory = device.memory // replicas
    if refusal := _turns_refuse(wish, replicas, "share"):
        return refusal
    if wish.memory > memory:
        return Refusal(
            f"MPS divides `{name}` into {replicas} shares of {_size(memory)}, and {_size(wish.memory)} are asked for",
            "ask for less, or have the platform make fewer shares of a device",
        )
    takes = Part(ALL_PLACES // replicas, 0, 0)
    return Slice(wish.devices, memory, Decimal(1) / replicas, takes, wasted=memory - wish.memory)


def _turns_refuse(wish: Wish, replicas: int, noun: str) -> Refusal | None:
    """Equal parts are what there is; two of them may be of one device, which is no more than one."""
    if wish.compute * replicas > 1:
        return Refusal(
            f"{wish.compute:.0%} of its compute are asked for, and one {noun} is {Decimal(1) / replicas:.0%}",
            "ask for less, or have the platform make fewer shares of a device",
        )
    if wish.devices > 1 and replicas > 1:
        return Refusal(
            f"{wish.devices} devices are asked for, and {wish.devices} shares may be of the same one",
            "ask for one device, or for a class whose devices are not shared this way",
        )
    return None


def _mig(wish: Wish, name: str, device: DeviceClass, sharing: GpuSharing) -> Slice | Refusal:
    """One slice: two may be of one device, and CUDA shows a process only one of them."""
    if wish.devices > 1:
        return Refusal(
            f"{wish.devices} devices are asked for, and a process uses one MIG slice, whatever it is given",
            "ask for one device, or for a class whose devices are not sliced",
        )
    there = {label: one for label, one in device.mig.items() if not sharing.slices or label in sharing.slices}
    fitting = [
        (profile.memory, profile.compute, label)
        for label, profile in there.items()
        if profile.memory >= wish.memory and profile.compute >= wish.compute
    ]
    if not fitting:
        asked = "a whole device" if wish.whole else f"{_size(wish.memory)} and {wish.compute:.0%} of the compute"
        return Refusal(f"no MIG profile of `{name}` has {asked}", f"there are {_profiles(there)}")
    memory, compute, label = min(fitting)
    own = Part(_places(there[label]), 0, 0, label)
    takes = own if sharing.slices else _slice_of_any(label, there[label], device)
    return Slice(wish.devices, memory, compute, takes, label, memory - wish.memory)


def _dra(wish: Wish, name: str, device: DeviceClass, sharing: GpuSharing) -> Slice | Refusal:
    """Whole devices; a slice where they have MIG profiles: then slices are what the driver hands out."""
    if device.mig:
        return _mig(wish, name, device, sharing)
    whole = Part(ALL_PLACES, 0, 0)
    return Slice(wish.devices, device.memory, Decimal(1), whole, wasted=device.memory - wish.memory)


_BackEnd = Callable[[Wish, str, DeviceClass, GpuSharing], Slice | Refusal]
_BACK_ENDS: Mapping[SharingBackEnd, _BackEnd] = {
    SharingBackEnd.HAMI: _hami,
    SharingBackEnd.MIG: _mig,
    SharingBackEnd.MPS: _mps,
    SharingBackEnd.TIME_SLICING: _time_slicing,
    SharingBackEnd.EXCLUSIVE: _exclusive,
    SharingBackEnd.DRA: _dra,
}


def _profiles(profiles: Mapping[str, MigProfile]) -> str:
    by_size = sorted(profiles.items(), key=lambda item: (item[1].memory, item[1].compute, item[0]))
    return ", ".join(f"{label} ({_size(one.memory)}, {one.compute:.0%})" for label, one in by_size)


def _round_up(amount: int, unit: int) -> int:
    return -(-amount // unit) * unit


def _size(amount: int) -> str:
    """Bytes for people: `4Gi`, `3.3Gi`, `512Mi`."""
    if amount >= 2**30:
        return f"{Decimal(amount) / 2**30:.1f}Gi".replace(".0Gi", "Gi")
    return f"{ceil(amount / _MEBIBYTE)}Mi"
