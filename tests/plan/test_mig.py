"""Slices of a device that may be cut in any way: what is said to fit is what NVIDIA's table of placements allows."""

from collections.abc import Mapping, Sequence
from itertools import product
from typing import NamedTuple

import pytest

from comb_compiler.plan.packing import Item, Node, pack
from comb_compiler.plan.safety import is_safe
from comb_compiler.plan.sharing import Slice, Wish, capacity, grant
from comb_compiler.spec.platform.devices import DeviceClass, GpuSharing

MIB = 2**20


class Profile(NamedTuple):
    """A profile as `nvidia-smi mig -lgip` and `-lgipp` show it: MiB, parts of the compute, where it may begin.

    Without the media extensions that no other slice has then, it has decoders for video only.
    """

    memory: int
    compute: int
    starts: Sequence[int]
    size: int
    media: int = 0


A100 = {
    "1g.5gb": Profile(4864, 1, range(7), 1),
    "1g.5gb+me": Profile(4864, 1, range(7), 1, media=1),
    "1g.10gb": Profile(9856, 1, (0, 2, 4, 6), 2),
    "2g.10gb": Profile(9856, 2, (0, 2, 4), 2),
    "3g.20gb": Profile(19968, 3, (0, 4), 4),
    "4g.20gb": Profile(19968, 4, (0,), 4),
    "7g.40gb": Profile(40192, 7, (0,), 8),
}
A30 = {
    "1g.6gb": Profile(5952, 1, range(4), 1),
    "1g.6gb+me": Profile(5952, 1, range(4), 1, media=1),
    "2g.12gb": Profile(11968, 2, (0, 2), 2),
    "2g.12gb+me": Profile(11968, 2, (0, 2), 2, media=1),
    "4g.24gb": Profile(24125, 4, (0,), 4),
}


def is_placed(profiles: Sequence[Profile], taken: frozenset[int] = frozenset()) -> bool:
    """Whether there is a place for each, tried one by one."""
    if not profiles:
        return True
    first, *others = profiles
    spans = (frozenset(range(start, start + first.size)) for start in first.starts)
    return any(is_placed(others, taken | span) for span in spans if not span & taken)


def device(memory: int, compute: int, profiles: Mapping[str, Profile]) -> DeviceClass:
    return DeviceClass.model_validate(
        {
            "memory": f"{memory}Mi",
            "mig": {
                name: {
                    "memory": f"{one.memory}Mi",
                    "compute": f"{100 * one.compute // compute}%",
                    "perDevice": 1 if one.media else min(len(one.starts), compute // one.compute),
                }
                for name, one in profiles.items()
            },
        }
    )


def items(a_device: DeviceClass, counts: Mapping[str, int]) -> list[Item]:
    found = []
    for name, count in counts.items():
        profile = a_device.mig[name]
        # Only this profile is asked for, though a smaller wish would do for another of the same size.
        alone = a_device.model_copy(update={"mig": {name: profile}})
        part = grant(
            Wish(1, profile.memory, profile.compute), "card", alone, GpuSharing.model_validate({"backEnd": "mig"})
        )
        assert isinstance(part, Slice)
        found.append(Item(name, 100, MIB, frozenset("p"), count, 1, part.takes))
    return found


@pytest.mark.parametrize(("memory", "compute", "profiles"), [(40536, 7, A100), (24258, 4, A30)], ids=["a100", "a30"])
def test_what_fits_is_what_has_places(memory: int, compute: int, profiles: Mapping[str, Profile]) -> None:
    a_device = device(memory, compute, profiles)
    node = Node("p", 64_000, 2**40, capacity(a_device, GpuSharing.model_validate({"backEnd": "mig"})))
    most = [a_device.mig[name].per_device for name in profiles]
    verdicts = set()
    for counts in product(*(range(each + 1) for each in most)):
        asked = dict(zip(profiles, counts, strict=True))
        if sum(counts) > compute + 1:
            continue
        largest_first = sorted(
            (profiles[name] for name in asked for _ in range(asked[name])), key=lambda one: -one.size
        )
        has_engines = (
            sum(one.compute for one in largest_first) <= compute and sum(one.media for one in largest_first) <= 1
        )
        possible = has_engines and is_placed(largest_first)
        packed = pack([one for one in items(a_device, asked) if one.instances], [(node, 1)])
        assert (not packed.missing) == possible, asked
        verdicts.add(possible)
    assert verdicts == {True, False}


def test_slices_of_several_profiles_never_fit_for_certain_in_any_order() -> None:
    a_device = device(40536, 7, A100)
    nodes = [(Node("p", 64_000, 2**40, capacity(a_device, GpuSharing.model_validate({"backEnd": "mig"}))), 1)]
    assert is_safe(items(a_device, {"1g.5gb": 7}), nodes)
    # The first two may be cut at 0 and 4, the only places where the third could begin.
    assert not is_safe(items(a_device, {"1g.5gb": 2, "3g.20gb": 1}), nodes)
