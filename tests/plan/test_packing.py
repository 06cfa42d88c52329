"""What is said to fit, or never to fit, or to fit in any order: against every placement, and random schedulers."""

from random import Random
from time import process_time
from typing import NamedTuple

from hypothesis import given, strategies as st

from comb_compiler.plan.fragility import Rank, unlucky
from comb_compiler.plan.packing import Item, Node, Packed, pack, placed, room
from comb_compiler.plan.safety import is_safe
from comb_compiler.plan.sharing import ALL_COMPUTE, ALL_PLACES, Part

GIB = 2**30
CORE = 1000
PER_DEVICE = {"1g": 7, "3g": 2}
"""So many slices one device holds of each profile, when it holds no others."""

quarters = st.integers(0, 4).map(lambda n: n * ALL_COMPUTE // 4)
device = st.builds(Part, st.just(ALL_PLACES), st.sampled_from([8, 16]).map(lambda n: n * GIB), st.just(ALL_COMPUTE))
nodes_ = st.builds(
    Node,
    st.sampled_from(["a", "b"]),
    st.integers(1, 6).map(lambda n: n * CORE),
    st.integers(1, 6).map(lambda n: n * GIB),
    st.lists(device, max_size=2).map(tuple),
    st.sampled_from([1, 2, 3, 110]),
)
cut = st.dictionaries(st.sampled_from(["1g", "3g"]), st.integers(1, 3), min_size=1).map(
    lambda slices: tuple(Part(count * (ALL_PLACES // PER_DEVICE[name]), 0, 0, name) for name, count in slices.items())
)
sliced_nodes = st.builds(
    Node,
    st.sampled_from(["a", "b"]),
    st.integers(2, 6).map(lambda n: n * CORE),
    st.integers(2, 6).map(lambda n: n * GIB),
    st.lists(cut | st.just((Part(ALL_PLACES, 0, 0),)), min_size=1, max_size=2).map(lambda cards: sum(cards, ())),
    st.sampled_from([2, 110]),
)
sliced_clusters = st.lists(st.tuples(sliced_nodes, st.just(1)), min_size=1, max_size=3)
clusters = st.lists(st.tuples(nodes_, st.integers(1, 2)), min_size=1, max_size=3)
pools = st.sampled_from([frozenset("a"), frozenset("b"), frozenset("ab")])
part = st.builds(
    Part, st.sampled_from([ALL_PLACES // 4, ALL_PLACES // 2]), st.integers(1, 8).map(lambda n: n * GIB), quarters
)


@st.composite
def loads(draw: st.DrawFn) -> list[Item]:
    count = draw(st.integers(1, 3))
    found = []
    for number in range(count):
        takes = draw(st.none() | part)
        found.append(
            Item(
                f"i{number}",
                draw(st.integers(0, 4)) * CORE,
                draw(st.integers(1, 4)) * GIB,
                draw(pools),
                draw(st.integers(1, 3)),
                draw(st.integers(1, 2)) if takes else 0,
                takes,
                f"g{number}",
            )
        )
    pairs = draw(st.sets(st.sampled_from([(0, 1), (0, 2), (1, 2)]))) if draw(st.booleans()) else ()
    return [
        item._replace(
            apart=frozenset(f"g{b}" for pair in pairs for a, b in (pair, pair[::-1]) if f"g{a}" == item.group)
        )
        for item in found
    ]


@st.composite
def sliced_loads(draw: st.DrawFn) -> list[Item]:
    """What takes MIG slices, or nothing of a device."""
    profiles = draw(st.lists(st.none() | st.sampled_from(["1g", "3g"]), min_size=1, max_size=3))
    return [
        Item(
            f"i{number}",
            draw(st.integers(0, 2)) * CORE,
            GIB,
            draw(pools),
            draw(st.integers(1, 3)),
            1 if profile else 0,
            Part(ALL_PLACES // PER_DEVICE[profile], 0, 0, profile) if profile else None,
            f"g{number}",
        )
        for number, profile in enumerate(profiles)
    ]


def each(cluster: list[tuple[Node, int]]) -> list[Node]:
    return [node for node, count in cluster for _ in range(count)]


def instances(items: list[Item]) -> list[Item]:
    return [item for item in items for _ in range(item.instances)]


class Host(NamedTuple):
    """A node that knows who is on it, and judges by that alone whether there is a place for one more of a group."""

    left: Node
    pods: int
    held: tuple[Item, ...] = ()

    def after(self, item: Item) -> "Host | None":
        """With one more; None where it does not fit."""
        if len(self.held) == self.pods or any(one.group in item.apart for one in self.held):
            return None
        left = placed(item._replace(apart=frozenset()), self.left._replace(pods=self.pods, groups=()))
        return None if left is None else self._replace(left=left, held=(*self.held, item))


def hosts(cluster: list[tuple[Node, int]]) -> list[Host]:
    return [Host(node, node.pods) for node in each(cluster)]


def any_placement(waiting: list[Item], nodes: tuple[Host, ...]) -> bool:
    """Whether some placement has all of them: by trying each node for each, one after the other."""
    if not waiting:
        return True
    for index, node in enumerate(nodes):
        after = node.after(waiting[0])
        if after is not None and any_placement(waiting[1:], (*nodes[:index], after, *nodes[index + 1 :])):
            return True
    return False


def scheduled(waiting: list[Item], nodes: list[Host], choose: Random) -> bool:
    """A scheduler that takes instances in any order and any node that has room."""
    waiting, nodes = list(waiting), list(nodes)
    choose.shuffle(waiting)
    for item in waiting:
        having = [(index, after) for index, node in enumerate(nodes) if (after := node.after(item)) is not None]
        if not having:
            return False
        index, after = choose.choice(having)
        nodes[index] = after
    return True


def whole(packed: Packed) -> dict[str, int]:
    held: dict[str, int] = {}
    for filled in packed.nodes:
        for name, count in filled.holds.items():
            held[name] = held.get(name, 0) + count * filled.nodes
    return held


@given(loads(), clusters)
def test_what_fits_is_what_some_placement_has_room_for(items: list[Item], cluster: list[tuple[Node, int]]) -> None:
    packed = pack(items, cluster)
    assert packed.is_certain
    assert (not packed.missing) == any_placement(instances(items), tuple(hosts(cluster)))


@given(loads(), clusters)
def test_a_placement_has_every_instance_once_and_breaks_no_node(
    items: list[Item], cluster: list[tuple[Node, int]]
) -> None:
    packed = pack(items, cluster)
    held = whole(packed)
    assert all(held.get(item.name, 0) + packed.missing.get(item.name, 0) == item.instances for item in items)
    assert sum(filled.nodes for filled in packed.nodes) == sum(count for _, count in cluster)
    for filled in packed.nodes:
        assert filled.node.cpu >= 0
        assert filled.node.memory >= 0
        assert filled.node.pods >= 0
        assert not any(
            one.group in other.apart for one in items for other in items if {one.name, other.name} <= {*filled.holds}
        )
        assert all(one.places >= 0 and one.memory >= 0 and one.compute >= 0 for one in filled.node.devices)


@given(loads(), clusters, st.integers(0, 2**32))
def test_what_is_safe_finds_a_place_in_any_order(items: list[Item], cluster: list[tuple[Node, int]], seed: int) -> None:
    if is_safe(items, cluster):
        assert not pack(items, cluster).missing
        choose = Random(seed)
        assert all(scheduled(instances(items), hosts(cluster), choose) for _ in range(20))


@given(sliced_loads(), sliced_clusters, st.integers(0, 2**32))
def test_slices_are_of_their_own_profile_alone(items: list[Item], cluster: list[tuple[Node, int]], seed: int) -> None:
    packed = pack(items, cluster)
    assert packed.is_certain
    assert (not packed.missing) == any_placement(instances(items), tuple(hosts(cluster)))
    if is_safe(items, cluster):
        assert not packed.missing
        choose = Random(seed)
        assert all(scheduled(instances(items), hosts(cluster), choose) for _ in range(20))


def test_a_card_of_several_profiles_is_full_to_the_last_slice_and_safe() -> None:
    cards = (Part(4 * (ALL_PLACES // 7), 0, 0, "1g"), Part(ALL_PLACES // 2, 0, 0, "3g"))
    small, large = (
        Item(name, CORE, GIB, frozenset("p"), count, 1, Part(ALL_PLACES // PER_DEVICE[name], 0, 0, name))
        for name, count in (("1g", 8), ("3g", 2))
    )
    node = Node("p", 15 * CORE, 60 * GIB, cards)
    assert is_safe([small, large], [(node, 2)])
    assert pack([small, large._replace(instances=3)], [(node, 2)]).missing == {"3g": 1}
    assert pack([small._replace(instances=9), large], [(node, 2)]).missing == {"1g": 1}
    assert pack([small._replace(instances=9), large], [(node, 2)]).is_certain


@given(loads(), clusters)
def test_what_is_safe_comes_too_late_in_no_order(items: list[Item], cluster: list[tuple[Node, int]]) -> None:
    if unlucky(items, {item.name: Rank(0) for item in items}, cluster) is not None:
        assert not is_safe(items, cluster)


def test_whoever_may_take_a_place_is_not_too_late() -> None:
    items = [Item("big", 4 * CORE, GIB, frozenset("p"), 1), Item("small", CORE, GIB, frozenset("p"), 4)]
    cluster = [(Node("p", 4 * CORE, 64 * GIB), 2)]
    assert unlucky(items, {"big": Rank(0), "small": Rank(0)}, cluster) == "big"
    assert unlucky(items, {"big": Rank(5), "small": Rank(0)}, cluster) is None
    assert unlucky(items, {"big": Rank(5, preempts=False), "small": Rank(0)}, cluster) == "big"


def test_orders_of_very_many_are_not_tried_for_ever() -> None:
    part = Part(ALL_PLACES // 10, GIB, ALL_COMPUTE // 5)
    items = [Item(f"i{n}", (1 + n % 3) * CORE, GIB, frozenset("p"), 100, 1, part) for n in range(20)]
    node = Node("p", 31 * CORE, 120 * GIB, (Part(ALL_PLACES, 22 * GIB, ALL_COMPUTE),) * 2)
    started = process_time()
    assert unlucky(items, {item.name: Rank(0) for item in items}, [(node, 210)]) is None
    assert process_time() - started < 5


def test_safety_is_found_where_there_is_plenty() -> None:
    items = [Item("a", CORE, GIB, frozenset("p"), 4), Item("b", 2 * CORE, GIB, frozenset("p"), 3)]
    assert is_safe(items, [(Node("p", 8 * CORE, 64 * GIB), 3)])
    assert not is_safe(items, [(Node("p", 5 * CORE, 64 * GIB), 2)])


def test_who_is_to_be_apart_needs_a_node_more() -> None:
    a = Item("a", CORE, GIB, frozenset("p"), 1, group="a", apart=frozenset("b"))
    b = a._replace(name="b", group="b", apart=frozenset("a"))
    node = Node("p", 16 * CORE, 64 * GIB)
    assert pack([a, b], [(node, 1)]).missing
    assert pack([a, b], [(node, 1)]).is_certain
    assert not is_safe([a, b], [(node, 1)])
    assert is_safe([a, b], [(node, 2)])
    assert is_safe([a._replace(instances=3), b._replace(instances=2)], [(node, 4)])
    # Each of the four may be on a node of its own: none is left for who must not be beside them.
    assert not is_safe([a._replace(instances=4), b], [(node, 4)])
    assert not pack([a._replace(instances=4), b], [(node, 4)]).missing


def test_a_node_takes_so_many_and_no_more() -> None:
    small = Item("small", 10, 2**20, frozenset("p"), 110)
    node = Node("p", 64 * CORE, 256 * GIB)
    assert is_safe([small], [(node, 1)])
    assert pack([small._replace(instances=111)], [(node, 1)]).missing == {"small": 1}
    assert room(small, [(node._replace(pods=30), 2)], 1000) == 60


def test_what_fits_in_a_lucky_order_only_is_not_safe() -> None:
    items = [Item("big", 4 * CORE, GIB, frozenset("p"), 1), Item("small", CORE, GIB, frozenset("p"), 4)]
    cluster = [(Node("p", 4 * CORE, 64 * GIB), 2)]
    assert not pack(items, cluster).missing
    assert not is_safe(items, cluster)


def test_parts_that_are_alike_can_be_full_to_the_last_and_safe() -> None:
    quarter = Part(ALL_PLACES // 4, 0, 0)
    items = [Item(name, CORE, GIB, frozenset("p"), 4, 1, quarter) for name in "ab"]
    node = Node("p", 15 * CORE, 60 * GIB, (Part(ALL_PLACES, 0, 0),))
    assert is_safe(items, [(node, 2)])
    assert not is_safe([items[0]._replace(instances=5), items[1]], [(node, 2)])


def test_tens_of_thousands_of_nodes_are_no_work() -> None:
    items = [
        Item(f"i{n}", CORE, GIB, frozenset("p"), 900, 1, Part(ALL_PLACES // 10, GIB, ALL_COMPUTE // 5))
        for n in range(20)
    ]
    node = Node("p", 31 * CORE, 120 * GIB, (Part(ALL_PLACES, 22 * GIB, ALL_COMPUTE),) * 2)
    packed = pack(items, [(node, 50_000)])
    assert not packed.missing
    assert len(packed.nodes) < 100
    assert is_safe(items, [(node, 50_000)])
    assert room(items[0], [(node, 50_000)], 10**9) == 50_000 * 10


def test_one_device_of_several_is_used_up_before_the_next() -> None:
    item = Item("i", CORE, GIB, frozenset("p"), 2, 1, Part(ALL_PLACES // 10, 8 * GIB, ALL_COMPUTE // 5))
    packed = pack([item], [(Node("p", 8 * CORE, 64 * GIB, (Part(ALL_PLACES, 16 * GIB, ALL_COMPUTE),) * 2), 1)])
    (filled,) = packed.nodes
    assert sorted(one.memory for one in filled.node.devices) == [0, 16 * GIB]


def test_what_cannot_be_searched_is_not_called_impossible() -> None:
    items = [
        Item(f"i{n}", cpu * CORE, memory * GIB, frozenset("p"), 60)
        for n, (cpu, memory) in enumerate([(7, 3), (5, 6), (3, 7), (6, 4), (4, 5)])
    ]
    cluster = [(Node("p", 15 * CORE, 15 * GIB), 106)]
    packed = pack(items, cluster)
    assert not packed.missing or not packed.is_certain
