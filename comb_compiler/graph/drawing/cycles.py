"""Cycles of a directed graph, for a layout that has to draw them."""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

__all__ = ["backward_pairs", "cyclic_groups"]

Sources = Mapping[str, Iterable[str]]
"""What each node waits for; all names are keys."""


def cyclic_groups(sources: Sources) -> list[list[str]]:
    """The nodes that are on a cycle, in groups that reach each other.

    The strongly connected components (Tarjan 1972), without single nodes that do not wait for themselves.
    """
    return [group for group in _components(sources) if len(group) > 1 or group[0] in sources[group[0]]]


def backward_pairs(following: Mapping[str, Iterable[str]]) -> frozenset[tuple[str, str]]:
    """The pairs (node, one that follows it) that close a cycle on a depth-first walk: without them there is none."""
    found: set[tuple[str, str]] = set()
    done: set[str] = set()
    for root in following:
        path = [_Visit(root, iter(following[root]))] if root not in done else []
        on_path = {root}
        while path:
            name, left = path[-1]
            for other in left:
                if other in on_path:
                    found.add((name, other))
                elif other not in done:
                    on_path.add(other)
                    path.append(_Visit(other, iter(following[other])))
                    break
            else:
                path.pop()
                on_path.discard(name)
                done.add(name)
    return frozenset(found)


class _Visit(NamedTuple):
    name: str
    following: Iterator[str]


def _components(sources: Sources) -> Iterator[list[str]]:
    number: dict[str, int] = {}
    lowest: dict[str, int] = {}
    stack: dict[str, None] = {}
    for root in sources:
        path = [_visit(root, sources, number, lowest, stack)] if root not in number else []
        while path:
            name, following = path[-1]
            for source in following:
                if source not in number:
                    path.append(_visit(source, sources, number, lowest, stack))
                    break
                if source in stack:
                    lowest[name] = min(lowest[name], number[source])
            else:
                path.pop()
                if path:
                    lowest[path[-1].name] = min(lowest[path[-1].name], lowest[name])
                if lowest[name] == number[name]:
                    yield _taken(stack, name)


def _visit(
    name: str, sources: Sources, number: dict[str, int], lowest: dict[str, int], stack: dict[str, None]
) -> _Visit:
    number[name] = lowest[name] = len(number)
    stack[name] = None
    return _Visit(name, iter(sources[name]))


def _taken(stack: dict[str, None], root: str) -> list[str]:
    """Take from the stack all that was put on it since `root`, and `root`."""
    group: list[str] = []
    while not group or group[-1] != root:
        group.append(stack.popitem()[0])
    return group[::-1]
