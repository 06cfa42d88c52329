"""How a pod asks for its slice of a device, whatever back end makes the slices."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from comb_compiler.plan.sharing import Slice
from comb_compiler.spec.platform.devices import DeviceClass, GpuSharing

__all__ = ["Ask", "Dialect", "number_of"]


class Ask(NamedTuple):
    """Parts of a pod: extended resources (requested and limited alike), and what else the back end wants to see.

    `claims` are specs of ResourceClaims by the claim's name in the pod: its container uses them all.
    """

    resources: Mapping[str, str] = {}
    annotations: Mapping[str, str] = {}
    labels: Mapping[str, str] = {}
    scheduler: str | None = None
    claims: Mapping[str, Mapping[str, Any]] = {}


class Dialect(NamedTuple):
    """A back end: how it is asked, what keeps its slices apart, and what it cannot or does unasked, for people.

    `ask` is given only what the plan has granted: the back end can express it.
    """

    ask: Callable[[Slice, DeviceClass, GpuSharing], Ask]
    isolates: str
    traps: tuple[str, ...] = ()


def number_of(resource: str) -> Callable[[Slice, DeviceClass, GpuSharing], Ask]:
    """How equal parts are asked for: a number of them, of the resource that the platform names or this one."""

    def ask(slice: Slice, device: DeviceClass, sharing: GpuSharing) -> Ask:
        # The device plugin's own way with profiles such as `1g.5gb+me`: a resource's name has no plus.
        name = sharing.resource or resource.format(profile=slice.profile.replace("+", "."))
        return Ask({name: str(slice.devices)}, scheduler=sharing.scheduler)

    return ask
