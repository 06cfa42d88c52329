"""What each back end makes of a wish, and what it refuses."""

from decimal import Decimal

import pytest

from comb_compiler.plan.sharing import ALL_COMPUTE, ALL_PLACES, Part, Refusal, Slice, Wish, capacity, grant, wish_of
from comb_compiler.spec.comb.operators import Gpu
from comb_compiler.spec.platform.devices import DeviceClass, GpuSharing

GIB = 2**30
A10 = DeviceClass.model_validate({"memory": "22Gi"})
A100 = DeviceClass.model_validate(
    {
        "memory": "40Gi",
        "mig": {
            "1g.5gb": {"memory": "5Gi", "compute": "14%", "perDevice": 7},
            "1g.10gb": {"memory": "10Gi", "compute": "14%", "perDevice": 4},
            "2g.10gb": {"memory": "10Gi", "compute": "28%", "perDevice": 3},
            "7g.40gb": {"memory": "40Gi", "compute": "100%", "perDevice": 1},
        },
    }
)
SLICED = DeviceClass.model_validate(
    {"memory": "40Gi", "mig": {"1g.5gb": {"memory": "5Gi", "compute": "14%", "perDevice": 7}}}
)


def asked(wish: Wish, device: DeviceClass, back_end: str, **more: object) -> Slice | Refusal:
    return grant(wish, "card", device, GpuSharing.model_validate({"backEnd": back_end, **more}))


def granted(wish: Wish, device: DeviceClass, back_end: str, **more: object) -> Slice:
    found = asked(wish, device, back_end, **more)
    assert isinstance(found, Slice)
    return found


def gpu(**fields: object) -> Gpu:
    return Gpu.model_validate(fields)


def test_wishes_of_one_pod_are_added_up() -> None:
    both = wish_of([gpu(memory="1Gi", compute="5%"), gpu(memory="50%", compute="20%")], A10)
    assert both == Wish(1, 12 * GIB, Decimal("0.25"))


def test_who_says_nothing_of_memory_wants_the_device() -> None:
    found = granted(wish_of([gpu(compute="20%")], A10), A10, "hami")
    assert (found.memory, found.wasted) == (22 * GIB, 0)


def test_hami_rounds_to_mebibytes_and_percent() -> None:
    found = granted(Wish(1, 3 * GIB + 1, Decimal("0.123")), A10, "hami")
    assert (found.memory, found.compute, found.wasted) == (3 * GIB + 2**20, Decimal("0.13"), 2**20 - 1)
    assert found.takes == Part(ALL_PLACES // 10, 3 * GIB + 2**20, ALL_COMPUTE * 13 // 100)


def test_all_of_the_compute_is_a_device_of_its_own() -> None:
    assert granted(Wish(1, GIB, Decimal(1)), A10, "hami").takes.places == ALL_PLACES


def test_who_asks_no_compute_is_not_placed_where_none_is_left() -> None:
    takes = granted(Wish(1, GIB, Decimal(0)), A10, "hami").takes
    sharing = GpuSharing.model_validate({"backEnd": "hami"})
    (whole,) = capacity(A10, sharing)
    assert takes.fits(whole)
    assert not takes.fits(whole._replace(compute=0))


def test_an_exclusive_device_is_whole_and_says_what_it_wastes() -> None:
    found = granted(Wish(2, 4 * GIB, Decimal("0.2")), A10, "exclusive")
    assert (found.devices, found.memory, found.compute, found.wasted) == (2, 22 * GIB, Decimal(1), 18 * GIB)


def test_turns_warn_of_neighbours() -> None:
    found = granted(Wish(1, 8 * GIB, Decimal("0.25")), A10, "time-slicing", replicas=4)
    assert found.takes == Part(ALL_PLACES // 4, 0, 0)
    assert len(found.notes) == 2


def test_mig_takes_the_smallest_profile_that_is_enough() -> None:
    assert granted(Wish(1, 4 * GIB, Decimal(0)), A100, "mig").profile == "1g.5gb"
    assert granted(Wish(1, 6 * GIB, Decimal(0)), A100, "mig").profile == "1g.10gb"
    found = granted(Wish(1, 6 * GIB, Decimal("0.2")), A100, "mig")
    assert (found.profile, found.wasted, found.takes.places) == ("2g.10gb", 4 * GIB, ALL_PLACES // 4)


def test_a_claim_is_a_profile_where_there_is_one_else_a_device() -> None:
    assert granted(Wish(1, 4 * GIB, Decimal(0)), A100, "dra").profile == "1g.5gb"
    found = granted(Wish(1, 4 * GIB, Decimal(0)), A10, "dra")
    assert (found.profile, found.memory, found.wasted) == ("", 22 * GIB, 18 * GIB)


def test_of_a_device_that_is_cut_only_its_slices_are_granted() -> None:
    cut = {"1g.5gb": 2, "2g.10gb": 1}
    one_g, two_g = capacity(A100, GpuSharing.model_validate({"backEnd": "mig", "slices": cut}))
    assert granted(Wish(1, 4 * GIB, Decimal(0)), A100, "mig", slices=cut).takes.fits(one_g)
    found = granted(Wish(1, 6 * GIB, Decimal(0)), A100, "mig", slices=cut)
    assert found.profile == "2g.10gb"  # of the smaller profile 1g.10gb none was cut
    assert not found.takes.fits(one_g)
    assert found.takes.fits(two_g)
    assert two_g.less(found.takes).places == 0
    assert isinstance(asked(Wish(1, 20 * GIB, Decimal(0)), A100, "mig", slices=cut), Refusal)
    assert granted(Wish(1, 6 * GIB, Decimal(0)), A100, "dra", slices=cut).profile == "2g.10gb"


@pytest.mark.parametrize(
    ("wish", "device", "back_end", "more", "said"),
    [
        (Wish(1, 23 * GIB, Decimal(0)), A10, "hami", {}, "23Gi of memory are more than one `card` has"),
        (Wish(1, GIB, Decimal("1.2")), A10, "hami", {}, "together they ask for 120%"),
        (Wish(1, GIB, Decimal("0.3")), A10, "time-slicing", {"replicas": 4}, "one turn is 25%"),
        (Wish(2, GIB, Decimal("0.1")), A10, "time-slicing", {"replicas": 4}, "may be of the same one"),
        (Wish(1, 8 * GIB, Decimal(0)), A10, "mps", {"replicas": 4}, "4 shares of 5.5Gi"),
        (Wish(1, 12 * GIB, Decimal("0.5")), A10, "mig", {}, "no MIG profile"),
        (Wish(2, 4 * GIB, Decimal(0)), A100, "mig", {}, "a process uses one MIG slice"),
        (Wish(2, 4 * GIB, Decimal(0)), A100, "dra", {}, "a process uses one MIG slice"),
        (Wish(1, 12 * GIB, Decimal("0.5")), SLICED, "dra", {}, "no MIG profile"),
        (Wish(1, GIB, Decimal(0)), A10, "kai", {}, "cannot place shares by kai yet"),
    ],
)
def test_what_cannot_be_given_is_refused_with_what_would_work(
    wish: Wish, device: DeviceClass, back_end: str, more: dict[str, object], said: str
) -> None:
    found = asked(wish, device, back_end, **more)
    assert isinstance(found, Refusal)
    assert said in found.message
    assert found.hint
