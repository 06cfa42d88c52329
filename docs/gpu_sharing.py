"""The page on sharing GPUs, from the plan that grants slices and the dialects that ask for them."""

from collections.abc import Iterator
from typing import Any

from comb_compiler.plan.sharing import Refusal, grant, wish_of
from comb_compiler.render.gpu import DIALECTS, Ask, ask_for
from comb_compiler.spec.comb.operators import Gpu
from comb_compiler.spec.platform.devices import DeviceClass, GpuSharing, SharingBackEnd

__all__ = ["gpu_sharing"]

_HEAD = """
What one instance asks of a GPU is the same whatever the platform: `resources.gpu` of an operator. How it becomes a
slice is a matter of the pool of nodes, whose `sharing` names a back end. These examples are made by the code that
plans and renders, on a device with 80 GiB and the MIG profiles of an A100; equal shares are {replicas} of a device.
"""
_REPLICAS = 4
_WISHES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("memory: 4Gi, compute: 10%", {"memory": "4Gi", "compute": "10%"}),
    ("memory: 25%, compute: 50%", {"memory": "25%", "compute": "50%"}),
    ("memory: 20Gi", {"memory": "20Gi"}),
    ("compute: 20%", {"compute": "20%"}),
    ("count: 2, memory: 10Gi", {"count": 2, "memory": "10Gi"}),
)
_PROFILES = {
    "1g.10gb": ("10Gi", "14%", 7),
    "1g.20gb": ("20Gi", "14%", 4),
    "2g.20gb": ("20Gi", "28%", 3),
    "3g.40gb": ("40Gi", "42%", 2),
    "4g.40gb": ("40Gi", "57%", 1),
    "7g.80gb": ("80Gi", "100%", 1),
}
_PLAIN = {"memory": "80Gi", "product": "NVIDIA A100-SXM4-80GB"}
_WITH_MIG = {
    "mig": {name: {"memory": memory, "compute": of, "perDevice": n} for name, (memory, of, n) in _PROFILES.items()}
}


def gpu_sharing() -> Iterator[str]:
    """The page, without its head."""
    yield _HEAD.format(replicas=_REPLICAS)
    for back_end, dialect in DIALECTS.items():
        yield f"\n## {back_end.value}\n\nKeeps apart: {dialect.isolates}.\n\n"
        yield "| `gpu` | what the pod says, or why it is refused | not asked for |\n|---|---|---|\n"
        for written, wish in _WISHES:
            yield f"| `{{{written}}}` | {' | '.join(_row(back_end, wish))} |\n"
        yield "".join(("\n", *(f"- {trap[0].upper()}{trap[1:]}.\n" for trap in dialect.traps)))
    others = ", ".join(f"`{one.value}`" for one in SharingBackEnd if one not in DIALECTS)
    yield f"\nA platform may name {others} too; Comb refuses to plan for these as yet.\n"


def _row(back_end: SharingBackEnd, wish: dict[str, Any]) -> tuple[str, str]:
    has_profiles = back_end in (SharingBackEnd.MIG, SharingBackEnd.DRA)
    device = DeviceClass.model_validate({**_PLAIN, **(_WITH_MIG if has_profiles else {})})
    shares = {"replicas": _REPLICAS} if back_end in (SharingBackEnd.MPS, SharingBackEnd.TIME_SLICING) else {}
    sharing = GpuSharing.model_validate({"backEnd": back_end.value, **shares})
    granted = grant(wish_of([Gpu.model_validate(wish)], device), "a100", device, sharing)
    if isinstance(granted, Refusal):
        return f"refused: {granted.message}; {granted.hint}", ""
    wasted = f"{granted.wasted / 2**30:.3g} GiB" if granted.wasted else ""
    return "<br>".join(_said(ask_for(granted, device, sharing))), wasted


def _said(ask: Ask) -> Iterator[str]:
    yield from (f"`{name}: {amount}`" for name, amount in ask.resources.items())
    for claim in ask.claims.values():
        for request in claim["devices"]["requests"]:
            exactly = request["exactly"]
            yield f"a claim on {exactly['count']} of the class `{exactly['deviceClassName']}`"
            yield from (f"`{selector['cel']['expression']}`" for selector in exactly.get("selectors", ()))
    if ask.scheduler:
        yield f"`schedulerName: {ask.scheduler}`"
