"""What a variant changes of the comb as written, as far as its graph goes: nothing else of it is analysed again.

What is found about a step rests on how it is written, on the operator that it calls, and on what the steps next before
it give. So a change is felt by the steps that it touches and by those that read them; what flows further down (how late
a step is, whether it gives anything) is followed as far as it differs (`flow`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping as AbstractMapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from comb_compiler.graph.model import OperatorGraph
from comb_compiler.source import Mapping, Node
from comb_compiler.spec import Bound, Comb
from comb_compiler.spec.comb.operators import Operator

if TYPE_CHECKING:
    from comb_compiler.graph.view import View

__all__ = ["Changes", "find_changes"]

_PROMISED = ("sla", "gates", "recording")


class Changes(NamedTuple):
    """How a variant differs from `base`. Names in the files' order, of what is there or was.

    `steps` are written otherwise, or name in their condition a step that came or went; `touched` are those whose
    findings may be others. `operators` have other ports, another answer, fallback or model server; `timed` other times.
    """

    base: View
    steps: tuple[str, ...]
    touched: tuple[str, ...]
    operators: tuple[str, ...]
    timed: tuple[str, ...]
    is_wired_alike: bool
    is_promised_alike: bool

    @property
    def is_nothing(self) -> bool:
        """Whether no analysis could find anything else than in the base."""
        return self.is_wired_alike and self.is_promised_alike and not self.timed

    @property
    def retimed(self) -> tuple[str, ...]:
        """The steps that may take longer or less long than in the base."""
        return tuple(dict.fromkeys((*self.touched, *_all(self.base.callers, self.timed))))

    def keeps_order(self, graph: OperatorGraph) -> bool:
        """Whether the base's order is one of the variant's graph: no step came, went or waits for a later one."""
        position = self.base.position
        if any(name not in graph.steps or name not in position for name in self.steps):
            return False
        return all(position[source] < position[name] for name in self.steps for source in graph.sources(name))

    def keeps_sources(self, graph: OperatorGraph) -> bool:
        """Whether each step waits for the same ones as in the base."""
        steps, theirs = graph.steps, self.base.graph
        if any(name not in steps or name not in theirs.steps for name in self.steps):
            return False
        return all(graph.sources(name) == theirs.sources(name) for name in self.steps)


def find_changes(base: View, variant: Bound[Comb]) -> Changes | None:
    """What `variant` changes; None where all has to be looked at anew."""
    if variant.overlaid is None or variant.unsound != base.bound.unsound or base.graph.has_errors:
        return None
    if not _shares(base.bound.root, variant.root, ("interface",)):
        return None
    assert variant.value is not None
    entries = _differing(base.bound.root, variant.root, "graph")
    written = [name for name in entries if name != "return"]
    moved = [name for name in written if (name in base.graph.steps) != (name in variant.value.graph)]
    steps = _ordered(base, {*written, *_all(base.readers, moved)}, written)
    before, after = base.comb.operators, variant.value.operators
    differing = _differing(base.bound.root, variant.root, "operators")
    operators = tuple(name for name in differing if _wiring(before.get(name)) != _wiring(after.get(name)))
    timed = tuple(name for name in differing if _times(before.get(name)) != _times(after.get(name)))
    direct = (*steps, *_all(base.callers, operators))
    return Changes(
        base,
        steps,
        _ordered(base, {*direct, *_all(base.readers, direct)}, steps),
        operators,
        timed,
        is_wired_alike=not entries and not operators,
        is_promised_alike=_shares(base.bound.root, variant.root, _PROMISED),
    )


def _differing(before: Node, after: Node, section: str) -> list[str]:
    """The names of a section whose entries are not the same."""
    old, new = (root.get(section) if isinstance(root, Mapping) else None for root in (before, after))
    if old is new:
        return []
    theirs, ours = (node.entries if isinstance(node, Mapping) else {} for node in (old, new))
    gone = [name for name in theirs if name not in ours]
    return gone + [name for name, entry in ours.items() if name not in theirs or theirs[name].value is not entry.value]


def _shares(before: Node, after: Node, sections: Iterable[str]) -> bool:
    if not isinstance(before, Mapping) or not isinstance(after, Mapping):
        return False
    return all(before.get(section) is after.get(section) for section in sections)


def _ordered(base: View, names: set[str], steps: Iterable[str]) -> tuple[str, ...]:
    """`names` in the order of the base; behind them those of `steps` that it has not."""
    place = base.place
    return tuple(sorted((name for name in names if name in place), key=place.__getitem__)) + tuple(
        name for name in steps if name not in place
    )


def _all(found: AbstractMapping[str, Sequence[str]], names: Iterable[str]) -> list[str]:
    return [one for name in names for one in found.get(name, ())]


def _wiring(operator: Operator | None) -> object:
    tensors = operator and operator.oip and (operator.oip, operator.batch)
    return operator and (operator.inputs, operator.out, operator.fallback, tensors)


def _times(operator: Operator | None) -> object:
    return operator and (operator.timeout, operator.batch)
