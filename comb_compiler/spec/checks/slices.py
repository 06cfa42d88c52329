"""MIG slices that a pool's devices are said to be cut into."""

from collections.abc import Iterator

from comb_compiler.diagnostics import Code, Diagnostic, codes
from comb_compiler.diagnostics.model import diagnose
from comb_compiler.source import Path
from comb_compiler.spec.binding import Bound
from comb_compiler.spec.places import format_path
from comb_compiler.spec.platform import Platform
from comb_compiler.spec.platform.clusters import NodePool
from comb_compiler.spec.platform.devices import DeviceClass, SharingBackEnd
from comb_compiler.spec.suggest import closest

__all__ = ["check_slices"]

_CUT = (SharingBackEnd.MIG, SharingBackEnd.DRA)


def check_slices(bound: Bound[Platform], platform: Platform) -> Iterator[Diagnostic]:
    """Slices are of profiles that the class of device has, and no more than one device holds."""
    for cluster_name, cluster in platform.clusters.items():
        for name, pool in cluster.node_pools.items():
            at = ("clusters", cluster_name, "nodePools", name, "sharing", "slices")
            device, profiles = platform.devices.get(pool.device or ""), ("devices", pool.device or "", "mig")
            if pool.sharing.slices is None or not bound.is_sound(*at):
                continue
            if pool.sharing.back_end not in _CUT:
                message = f"`slices` are of MIG, and `{pool.sharing.back_end}` makes shares otherwise"
                yield _say(bound, at, codes.CONFLICTING_KEYS, message, "leave it out, or share the devices by `mig`")
            elif device is not None and bound.is_sound(*profiles):
                unknown = list(_unknown(bound, at, pool, device))
                yield from unknown or _too_many(bound, at, pool, device)


def _unknown(bound: Bound[Platform], at: Path, pool: NodePool, device: DeviceClass) -> Iterator[Diagnostic]:
    for profile in pool.sharing.slices or ():
        if profile not in device.mig:
            meant = closest(profile, device.mig)
            declare = f"declare it at `devices.{pool.device}.mig`"
            hint = f"did you mean `{meant}`? If not, {declare}" if meant else declare
            message = f"`{pool.device}` has no MIG profile `{profile}`"
            yield _say(bound, (*at, profile), codes.UNKNOWN_DEVICE, message, hint)


def _too_many(bound: Bound[Platform], at: Path, pool: NodePool, device: DeviceClass) -> Iterator[Diagnostic]:
    slices = pool.sharing.slices or {}
    for profile, count in slices.items():
        most = device.mig[profile].per_device
        if count > most:
            message = f"one `{pool.device}` holds {most} slices of `{profile}`, not {count}"
            yield _say(bound, (*at, profile), codes.OUT_OF_RANGE, message, f"write at most {most}")
            return
    memory = sum(count * device.mig[profile].memory for profile, count in slices.items())
    compute = sum(count * device.mig[profile].compute for profile, count in slices.items())
    if memory > device.memory or compute > 1:
        what = "memory" if memory > device.memory else "compute"
        message = f"together these slices have more {what} than one `{pool.device}`"
        yield _say(bound, at, codes.OUT_OF_RANGE, message, "say how the platform really cuts one device")


def _say(bound: Bound[Platform], path: Path, code: Code, message: str, hint: str) -> Diagnostic:
    place = bound.place(*path)
    span = place.span if code is codes.OUT_OF_RANGE else place.key_span
    return diagnose(code, message, span, path=format_path(place.path), hints=(hint,))
