"""What pods say to get their slices: each back end in its own words, and nothing that the plan did not grant."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, strategies as st

from comb_compiler.cel import read
from comb_compiler.cel.tree import Call, Literal
from comb_compiler.plan.sharing import Refusal, grant, wish_of
from comb_compiler.render.gpu import DIALECTS, Ask, ask_for
from comb_compiler.spec.comb.operators import Gpu
from comb_compiler.spec.platform.devices import DeviceClass, GpuSharing, SharingBackEnd

GIB = 2**30
CARD: dict[str, Any] = {"memory": "40Gi", "product": "NVIDIA A100-SXM4-40GB"}
PROFILES: dict[str, Any] = {
    "mig": {
        "1g.5gb": {"memory": "5Gi", "compute": "14%", "perDevice": 7},
        "3g.20gb": {"memory": "20Gi", "compute": "42%", "perDevice": 2},
    }
}


def asked(back_end: str, gpu: Mapping[str, Any], card: Mapping[str, Any] = CARD, **sharing: Any) -> Ask:
    device = DeviceClass.model_validate(card)
    said = GpuSharing.model_validate({"backEnd": back_end, **sharing})
    granted = grant(wish_of([Gpu.model_validate(gpu)], device), "card", device, said)
    assert not isinstance(granted, Refusal), granted
    return ask_for(granted, device, said)


def test_every_back_end_that_the_plan_grants_has_a_dialect_and_no_other() -> None:
    device = DeviceClass.model_validate({**CARD, **PROFILES})
    granting = set()
    for back_end in SharingBackEnd:
        said = GpuSharing.model_validate({"backEnd": back_end.value})
        found = grant(wish_of([Gpu.model_validate({"memory": "4Gi"})], device), "card", device, said)
        if not isinstance(found, Refusal):
            granting.add(back_end)
    assert granting == set(DIALECTS)


def test_hami_is_told_cards_memory_in_mebibytes_and_percent_of_compute() -> None:
    found = asked("hami", {"count": 2, "memory": "25%", "compute": "12.5%"})
    assert found.resources == {"nvidia.com/gpu": "2", "nvidia.com/gpumem": "10240", "nvidia.com/gpucores": "13"}
    assert found.scheduler == "hami-scheduler"


def test_hami_is_always_told_memory() -> None:
    assert asked("hami", {"compute": "5%"}).resources["nvidia.com/gpumem"] == "40960"


def test_hami_is_not_told_compute_that_nobody_asked_for() -> None:
    assert "nvidia.com/gpucores" not in asked("hami", {"memory": "4Gi"}).resources


@pytest.mark.parametrize(
    ("back_end", "more"), [("exclusive", {}), ("time-slicing", {"replicas": 4}), ("mps", {"replicas": 4})]
)
def test_equal_parts_are_a_number(back_end: str, more: dict[str, Any]) -> None:
    assert asked(back_end, {"memory": "4Gi"}, **more) == Ask({"nvidia.com/gpu": "1"})


def test_the_platform_names_the_resource_and_the_scheduler() -> None:
    found = asked("time-slicing", {"memory": "4Gi"}, replicas=4, resource="nvidia.com/gpu.shared", scheduler="mine")
    assert found == Ask({"nvidia.com/gpu.shared": "1"}, scheduler="mine")


def test_mig_asks_for_the_smallest_profile_that_has_enough() -> None:
    card = {**CARD, **PROFILES}
    assert asked("mig", {"memory": "4Gi"}, card).resources == {"nvidia.com/mig-1g.5gb": "1"}
    assert asked("mig", {"memory": "4Gi", "compute": "20%"}, card).resources == {"nvidia.com/mig-3g.20gb": "1"}


def test_dra_claims_a_slice_where_one_suits() -> None:
    [request] = asked("dra", {"memory": "4Gi"}, {**CARD, **PROFILES}).claims["gpu"]["devices"]["requests"]
    assert request["exactly"]["deviceClassName"] == "mig.nvidia.com"
    [selector] = request["exactly"]["selectors"]
    assert selector["cel"]["expression"] == "device.attributes['gpu.nvidia.com'].profile == '1g.5gb'"


def test_dra_claims_whole_devices_of_the_product_otherwise() -> None:
    [request] = asked("dra", {"count": 3, "memory": "30Gi"}).claims["gpu"]["devices"]["requests"]
    assert (request["exactly"]["deviceClassName"], request["exactly"]["count"]) == ("gpu.nvidia.com", 3)
    [selector] = request["exactly"]["selectors"]
    assert selector["cel"]["expression"].endswith("productName == 'NVIDIA A100-SXM4-40GB'")


@pytest.mark.parametrize("hostile", ["O'Brien", "a\\", "' || true || '", "a\nb", "\U0001d53ePU"])
def test_a_products_name_stays_a_string_of_cel(hostile: str) -> None:
    [request] = asked("dra", {}, {**CARD, "product": hostile}).claims["gpu"]["devices"]["requests"]
    [selector] = request["exactly"]["selectors"]
    found = read(selector["cel"]["expression"])
    assert isinstance(found, Call)
    literal = found.args[1]
    assert isinstance(literal, Literal)
    assert (found.function, literal.kind, literal.value) == ("==", "string", hostile)


@given(
    back_end=st.sampled_from(sorted(DIALECTS)),
    count=st.integers(1, 4),
    memory=st.integers(1, 40 * 1024),
    compute=st.none() | st.integers(1, 100),
    replicas=st.integers(1, 48),
)
def test_amounts_are_whole_positive_and_cover_what_is_needed(
    back_end: SharingBackEnd, count: int, memory: int, compute: int | None, replicas: int
) -> None:
    device = DeviceClass.model_validate({**CARD, **PROFILES})
    turns = {"replicas": replicas} if back_end in (SharingBackEnd.MPS, SharingBackEnd.TIME_SLICING) else {}
    said = GpuSharing.model_validate({"backEnd": back_end.value, **turns})
    gpu = Gpu.model_validate({"count": count, "memory": f"{memory}Mi", "compute": f"{compute}%" if compute else None})
    granted = grant(wish_of([gpu], device), "card", device, said)
    if isinstance(granted, Refusal):
        return
    assert granted.memory >= memory * 2**20
    assert granted.compute >= Decimal(compute or 0) / 100
    found = ask_for(granted, device, said)
    assert all(amount.isdecimal() and int(amount) > 0 for amount in found.resources.values())
    if back_end is SharingBackEnd.HAMI:
        assert int(found.resources["nvidia.com/gpumem"]) == memory
    assert bool(found.claims) is (back_end is SharingBackEnd.DRA)
