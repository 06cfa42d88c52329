"""Right graphs are accepted, whatever their shape; and each way to spoil one is found, by its code and at its place."""

from datetime import timedelta
from itertools import pairwise

import networkx as nx
import pytest
from hypothesis import assume, given, strategies as st

from comb_compiler.compiler import compile_comb
from comb_compiler.diagnostics import Span, codes
from comb_compiler.graph import View, execution_levels
from comb_compiler.graph.analyses.timing import critical_path
from comb_compiler.workspace.sources import load_sources
from tests.graph.graphs import PROTO, Call, Written, checked, errors, graphs, written
from tests.support.memory import REMEMBERED, MemoryCheckout

pytestmark = pytest.mark.slow


def replaced(file: Written, span: Span, new: str) -> str:
    """The text with something else at a place in one line."""
    lines = file.text.split("\n")
    line = lines[span.start.line - 1]
    lines[span.start.line - 1] = line[: span.start.column - 1] + new + line[span.end.column - 1 :]
    return "\n".join(lines)


def the_error(text: str) -> tuple[str, Span]:
    """The one error that a file has: its code and its place."""
    found = errors(checked(text))
    assert len(found) == 1, [one.message for one in found]
    assert found[0].primary is not None
    return found[0].code.id, found[0].primary.span


def moved(span: Span, new: str) -> Span:
    """The place of `new`, written where `span` begins."""
    return span._replace(end=span.end._replace(column=span.start.column + len(new)))


def network(calls: list[Call]) -> "nx.DiGraph[int]":
    graph: nx.DiGraph[int] = nx.DiGraph()
    graph.add_nodes_from(range(len(calls)))
    graph.add_edges_from((source, n) for n, call in enumerate(calls) for source in call.inputs if source is not None)
    return graph


def view_of(text: str) -> View:
    view = checked(text).view
    assert view is not None
    return view


@st.composite
def edges(draw: st.DrawFn) -> tuple[list[Call], int, int]:
    """A graph, and one of its edges between steps: the step, and the number of the input."""
    calls = draw(graphs())
    found = [(n, i) for n, call in enumerate(calls) for i, source in enumerate(call.inputs) if source is not None]
    assume(found)
    return calls, *draw(st.sampled_from(found))


@given(graphs(), st.integers(0, 3))
def test_a_right_graph_has_no_findings(calls: list[Call], shuffle: int) -> None:
    assert checked(written(calls, shuffle=shuffle).text).diagnostics == ()


@given(graphs())
def test_order_and_reach_are_those_of_networkx(calls: list[Call]) -> None:
    view = view_of(written(calls).text)
    graph = network(calls)
    assert [sorted(level) for level in execution_levels(view.graph)] == [
        sorted(f"s{number}" for number in level) for level in nx.topological_generations(graph)
    ]
    last = len(calls) - 1
    assert view.needed == {f"s{number}" for number in nx.ancestors(graph, last) | {last}}


@given(graphs())
def test_the_critical_path_is_that_of_networkx(calls: list[Call]) -> None:
    path = critical_path(view_of(written(calls).text))
    graph = network(calls)
    weighted: nx.DiGraph[str] = nx.DiGraph()
    for number, call in enumerate(calls):
        weighted.add_edge(f"in{number}", f"out{number}", weight=call.timeout)
    weighted.add_edges_from((f"out{source}", f"in{number}", {"weight": 0}) for source, number in graph.edges)
    longest = nx.dag_longest_path_length(weighted)
    assert path.bound == timedelta(milliseconds=longest)
    numbers = [int(name[1:]) for name in path.steps]
    assert sum(calls[number].timeout for number in numbers) == longest
    assert all(graph.has_edge(*pair) for pair in pairwise(numbers))
    assert numbers[-1] == len(calls) - 1


@given(graphs(), st.integers(-1, 1))
def test_the_deadline_is_exceeded_exactly_when_the_critical_path_is_longer(calls: list[Call], more: int) -> None:
    longest = critical_path(view_of(written(calls).text)).bound // timedelta(milliseconds=1)
    assume(longest + more > 0)
    file = written(calls, longest + more)
    found = errors(checked(file.text))
    assert [one.code for one in found] == ([codes.DEADLINE_EXCEEDED] if more < 0 else [])
    assert not found or (found[0].primary and found[0].primary.span == file.places["deadline",])


@given(edges(), st.data())
def test_an_edge_that_is_turned_round_is_a_cycle(edge: tuple[list[Call], int, int], data: st.DataObject) -> None:
    """A step takes the answer of one that rests on it: the cycle is shown, with that very source among its places."""
    calls, step, index = edge
    graph = network(calls)
    source = calls[step].inputs[index]
    assert source is not None
    later = [n for n in nx.descendants(graph, step) | {step} if calls[n].out == calls[source].out]
    assume(later)
    file = written(calls)
    place = file.places["source", f"s{step}", f"p{index}"]
    new = f"s{data.draw(st.sampled_from(sorted(later)))}"
    found = [one for one in errors(checked(replaced(file, place, new))) if one.code is codes.CYCLIC_GRAPH]
    assert found
    for one in found:
        assert one.primary is not None
        spans = [one.primary.span, *(label.span for label in one.related)]
        shown = one.message.partition(": ")[2].split(" → ")
        assert len(shown) in (0, 1, len(spans) + 1)
    assert any(moved(place, new) in (one.primary and one.primary.span, *(x.span for x in one.related)) for one in found)
    spoiled = graph.copy()
    spoiled.remove_edge(source, step) if calls[step].inputs.count(source) == 1 else None
    spoiled.add_edge(int(new[1:]), step)
    assert not nx.is_directed_acyclic_graph(spoiled)


@given(edges(), st.data())
def test_another_type_does_not_fit(edge: tuple[list[Call], int, int], data: st.DataObject) -> None:
    calls, step, index = edge
    source = calls[step].inputs[index]
    others = [n for n in range(step) if source is not None and calls[n].out != calls[source].out]
    assume(others)
    file = written(calls)
    place = file.places["source", f"s{step}", f"p{index}"]
    new = f"s{data.draw(st.sampled_from(others))}"
    assert the_error(replaced(file, place, new)) == (codes.TYPE_MISMATCH.id, moved(place, new))


@pytest.mark.parametrize(
    ("what", "new", "code"),
    [
        ("source", "nowhere", codes.UNKNOWN_STEP),
        ("port", "nowhere", codes.UNKNOWN_PORT),
        ("operator", "nowhere", codes.UNKNOWN_OPERATOR),
        ("source", "$request.nowhere", codes.UNKNOWN_FIELD),
        ("source", "$request.flag", codes.NOT_A_MESSAGE),
        ("source", "$requst", codes.BAD_CALL),
    ],
)
@given(edge=edges())
def test_a_name_that_is_not_there_is_found_where_it_is(
    what: str, new: str, code: codes.Code, edge: tuple[list[Call], int, int]
) -> None:
    calls, step, index = edge
    file = written(calls)
    place = file.places["operator", f"s{step}"] if what == "operator" else file.places[what, f"s{step}", f"p{index}"]
    found = {one.code: one for one in errors(checked(replaced(file, place, new)))}
    assert code in found
    primary = found[code].primary
    assert primary is not None
    assert primary.span.start == place.start or code is codes.UNKNOWN_FIELD
    assert primary.span.end.line == place.start.line


@given(edges())
def test_a_port_that_is_given_nothing_is_found(edge: tuple[list[Call], int, int]) -> None:
    calls, step, index = edge
    less = [*calls]
    less[step] = calls[step]._replace(inputs=tuple(x for n, x in enumerate(calls[step].inputs) if n != index))
    whole, spoiled = written(calls).text.split("\n"), written(less).text.split("\n")
    graph = whole.index("graph:")
    text = "\n".join([*whole[: graph + 1], *_renumbered(spoiled[graph + 1 :], step, index)])
    found = [one for one in errors(checked(text)) if one.code is codes.MISSING_PORT]
    assert [f"`p{index}`" in one.message and f"`s{step}`" in one.message for one in found] == [True]


def _renumbered(lines: list[str], step: int, index: int) -> list[str]:
    """The ports behind the one that is left out have their own names again."""
    line = lines[step]
    for number in range(11, index - 1, -1):
        line = line.replace(f"p{number}=", f"p{number + 1}=")
    return [*lines[:step], line, *lines[step + 1 :]]


@given(edges())
def test_a_port_that_is_given_twice_is_found(edge: tuple[list[Call], int, int]) -> None:
    calls, step, index = edge
    file = written(calls)
    place = file.places["source", f"s{step}", f"p{index}"]
    source = f"s{calls[step].inputs[index]}"
    text = replaced(file, place, f"{source}, p{index}={source}")
    code, span = the_error(text)
    assert code == codes.REPEATED_PORT.id
    assert span.start == place.end._replace(column=place.end.column + 2)


@given(graphs(), st.integers(1, 3))
def test_the_plan_has_the_graph_in_an_order_that_can_run(calls: list[Call], shuffle: int) -> None:
    files = {"comb.yaml": written(calls, shuffle=shuffle).text.encode(), "t.proto": PROTO.encode()}
    compiled = compile_comb(load_sources(MemoryCheckout(files), "comb.yaml", REMEMBERED))
    assert compiled.plan is not None
    nodes = compiled.plan.graphs[0].nodes
    names = [node.name for node in nodes]
    assert sorted(names) == sorted(f"s{number}" for number in range(len(calls)))
    assert names[compiled.plan.graphs[0].answer] == f"s{len(calls) - 1}"
    for place, node in enumerate(nodes):
        assert all(before < place for before in node.after)
        wanted = [source if source is None else f"s{source}" for source in calls[int(node.name[1:])].inputs]
        assert [None if one.source < 0 else names[one.source] for one in node.inputs] == wanted
