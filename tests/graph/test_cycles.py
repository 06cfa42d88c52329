"""Cycles: each is told by its shortest way, once, and one that is long is not told for every chord."""

import time
from itertools import pairwise

import networkx as nx

from comb_compiler.diagnostics import Position, Span
from comb_compiler.graph import Edge, OperatorGraph, Source, Step, find_cycles

AT = Span("comb.yaml", Position(1, 1), Position(1, 2))


def graph(*waits: tuple[str, str]) -> OperatorGraph:
    """A graph of steps each of which waits for others."""
    inputs: dict[str, tuple[Edge, ...]] = {}
    for name, source in waits:
        inputs[name] = (*inputs.get(name, ()), Edge(source, Source(source, (), AT, ()), AT))
        inputs.setdefault(source, ())
    return OperatorGraph({name: Step(name, "run", edges, AT, AT) for name, edges in inputs.items()}, None)


def told(found: OperatorGraph) -> list[list[str]]:
    """The steps of each cycle that is told."""
    messages = [one.message for one in find_cycles(found)]
    return [message.rpartition(": ")[2].split(" → ")[:-1] for message in messages]


def test_a_cycle_is_told_by_its_shortest_way() -> None:
    ring = [("a", "b"), ("b", "c"), ("c", "d"), ("d", "a")]
    assert told(graph(*ring)) == [["a", "b", "c", "d"]]
    assert told(graph(ring[0], ("a", "d"), *ring[1:])) == [["a", "d"]]


def test_two_edges_that_close_one_cycle_tell_it_once() -> None:
    around = ["a", "b1", "b2", "b3", "c", "x", "y", "z", "d", "b3"]
    found = told(graph(*pairwise(around), ("c", "a"), ("a", "d")))
    assert found == [["b3", "c", "a", "d"]]


def test_what_is_told_is_a_cycle_and_where_there_is_one_it_is_told() -> None:
    for seed in range(60):
        drawn = nx.gnp_random_graph(9, 0.18, seed=seed, directed=True)
        waits = [(f"s{one}", f"s{other}") for one, other in drawn.edges]
        found = told(graph(*waits))
        for cycle in found:
            assert set(zip(cycle, [*cycle[1:], cycle[0]], strict=True)) <= set(waits)
        assert bool(found) != nx.is_directed_acyclic_graph(nx.DiGraph(waits))


def test_many_chords_of_a_long_ring_take_no_time() -> None:
    size = 3_000
    waits = [(f"s{n}", f"s{(n + 1) % size}") for n in range(size)]
    waits += [(f"s{n}", f"s{n * 7 % size}") for n in range(1, size)]
    found = graph(*waits)
    start = time.process_time()
    first = [one for one, _ in zip(find_cycles(found), range(100), strict=False)]
    assert len(first) == 100
    assert max(len(one.related) for one in first) < 100
    assert time.process_time() - start < 15
