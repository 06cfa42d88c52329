"""What is left while items come one after the other: real room, found without packing all anew each time."""

from time import process_time

from hypothesis import given, strategies as st

from comb_compiler.plan.leftover import Leftover
from comb_compiler.plan.packing import Item, Node, pack
from comb_compiler.plan.sharing import ALL_COMPUTE, ALL_PLACES, Part
from tests.plan.test_packing import CORE, GIB, clusters, loads


@given(loads(), clusters, st.integers(1, 4))
def test_where_room_is_told_there_is_a_placement_of_all(
    items: list[Item], cluster: list[tuple[Node, int]], wanted: int
) -> None:
    *before, last = items
    leftover = Leftover(cluster)
    for item in before:
        leftover.put(item)
    found = leftover.room(last, wanted, 4)
    if not pack(before, cluster).missing:
        assert not pack([*before, last._replace(instances=found)], cluster).missing


@given(loads(), clusters)
def test_a_place_is_found_for_all_where_packing_anew_finds_one(
    items: list[Item], cluster: list[tuple[Node, int]]
) -> None:
    leftover = Leftover(cluster)
    for item in items:
        leftover.put(item)
    pod = Item("pod", 0, 0, frozenset("ab"), 1)
    if not pack(items, cluster).missing:
        pods = sum(node.pods * count for node, count in cluster) - sum(item.instances for item in items)
        assert leftover.room(pod, 0, 10**6) == pods


def test_who_comes_small_first_does_not_keep_the_large_out() -> None:
    cluster = [(Node("p", 4 * CORE, 64 * GIB), 2)]
    leftover = Leftover(cluster)
    leftover.put(Item("small", CORE, GIB, frozenset("p"), 2))
    leftover.put(Item("middle", 2 * CORE, GIB, frozenset("p"), 1))
    leftover.put(Item("odd", 3 * CORE, GIB, frozenset("p"), 1))
    assert leftover.room(Item("last", CORE, GIB, frozenset("p"), 1), 1, 5) == 1


def test_many_items_cost_as_much_each_as_few() -> None:
    def seconds(count: int) -> float:
        part = Part(ALL_PLACES // 10, GIB, ALL_COMPUTE // 10)
        leftover = Leftover([(Node("p", 32 * CORE, 128 * GIB, (Part(ALL_PLACES, 16 * GIB, ALL_COMPUTE),) * 2), 400)])
        started = process_time()
        for number in range(count):
            item = Item(f"i{number}", CORE, GIB, frozenset("p"), 3, 1, part)
            assert leftover.room(item, 3, 10) == 10
            leftover.put(item)
        return process_time() - started

    few = min(seconds(100) for _ in range(3))
    assert min(seconds(400) for _ in range(3)) < 10 * few
