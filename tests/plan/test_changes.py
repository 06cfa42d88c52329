"""What is said to make room does make room."""

import re
from random import Random

from comb_compiler.plan.changes import change_for
from comb_compiler.plan.packing import Item, Node, pack
from comb_compiler.plan.sharing import ALL_COMPUTE, ALL_PLACES, Part

GIB = 2**30


def draw(choose: Random) -> tuple[list[Item], dict[Node, int]]:
    cards = tuple(Part(ALL_PLACES, 16 * GIB, ALL_COMPUTE) for _ in range(choose.randint(1, 2)))
    nodes = {
        Node("cpus", choose.choice([2000, 4000]), 16 * GIB): choose.randint(1, 2),
        Node("cards", 8000, 16 * GIB, cards): 1,
    }
    items = []
    for name in ("a", "b"):
        takes = Part(ALL_PLACES // 10, choose.randint(4, 20) * GIB, ALL_COMPUTE // 5) if choose.random() < 0.5 else None
        pools = {"cards"} if takes else set(choose.sample(["cpus", "cards"], choose.randint(1, 2)))
        cpu, count = choose.choice([500, 1500, 3000, 9000]), choose.randint(1, 6)
        items.append(Item(name, cpu, GIB, frozenset(pools), count, 1 if takes else 0, takes))
    return items, nodes


def test_so_many_nodes_more_or_instances_fewer_fit_and_a_node_has_no_more_than_is_said() -> None:
    seen = set()
    for seed in range(400):
        items, nodes = draw(Random(seed))
        missing = pack(items, list(nodes.items())).missing
        more, fewer = dict(nodes), {item.name: item for item in items}
        for name, count in missing.items():
            said = change_for(fewer[name], count, list(nodes))
            if found := re.match(r"(\d+) more nodes? of `(\w+)`", said):
                node = next(node for node in nodes if node.pool == found[2])
                more[node] += int(found[1])
            else:
                assert re.search(r"no more than (\d cores|16 GiB|0 such devices)", said), said
                fewer.pop(name)
            if found and "fewer" in said:
                fewer[name] = fewer[name]._replace(instances=fewer[name].instances - count)
            elif found:
                fewer.pop(name)
            seen.add(said.split()[1])
        possible = [item for item in items if change_for(item, 1, list(nodes))[0].isdigit()]
        assert not pack(possible, list(more.items())).missing, seed
        assert not pack(list(fewer.values()), list(nodes.items())).missing, seed
    assert seen == {"more", "node"}


def test_who_is_kept_apart_is_told() -> None:
    item = Item("b", 100, GIB, frozenset("p"), 2, group="b", apart=frozenset(("a", "")))
    said = change_for(item, 2, [Node("p", 8000, 32 * GIB)])
    assert said == "they are to be apart from `a`; 1 more node of `p` would hold them"
