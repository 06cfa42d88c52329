"""A comb with all its variants: as written, per arm and per environment."""

from collections.abc import Iterator, Mapping as AbstractMapping
from typing import NamedTuple

from comb_compiler.diagnostics import Diagnostic, codes
from comb_compiler.diagnostics.bounds import MOST, bounded, too_many
from comb_compiler.source import Document, Entry, Mapping, Node
from comb_compiler.spec.binding import Bound, bind_node
from comb_compiler.spec.checks import COMB_CHECKS
from comb_compiler.spec.comb import Comb
from comb_compiler.spec.overlay_limits import ARM, ENVIRONMENT, Owner, within_limits
from comb_compiler.spec.overlays import merge, useless_removals
from comb_compiler.spec.partial import bind_changes, removes
from comb_compiler.spec.reading import Reading
from comb_compiler.spec.variants import Findings, Overlaid

__all__ = ["CombFile", "bind_comb"]


class CombFile(NamedTuple):
    """The comb as written, and as each arm and each environment makes it."""

    base: Bound[Comb]
    arms: AbstractMapping[str, Bound[Comb]]
    environments: AbstractMapping[str, Bound[Comb]]
    diagnostics: tuple[Diagnostic, ...]

    @property
    def variants(self) -> tuple[Bound[Comb], ...]:
        """The comb as written, then each arm, then each environment."""
        return (self.base, *self.arms.values(), *self.environments.values())

    def arms_in(self, environment: str) -> AbstractMapping[str, Bound[Comb]]:
        """The arms of a comb without errors, as an environment makes them."""
        within = self.environments.get(environment)
        if within is None:
            return self.arms
        return {name: _within(within, arm) for name, arm in self.arms.items()}


def _within(environment: Bound[Comb], arm: Bound[Comb]) -> Bound[Comb]:
    assert arm.overlaid is not None
    overlay = arm.overlaid.overlay
    assert isinstance(overlay, Mapping)
    merged = merge(environment.root, overlay)
    bound = bind_changes(environment, overlay, merged) or bind_node(merged, Comb)
    return bound._replace(overlaid=arm.overlaid)


def bind_comb(reading: Reading) -> CombFile:
    """Bind and check a file that declares a Comb; `reading.root` must be there."""
    assert reading.root is not None
    base = bind_node(reading.root, Comb)
    if reading.twice:
        base = base._replace(unsound=(*base.unsound, *reading.twice))
    if reading.has_nulls:
        from comb_compiler.spec.nulls import FREE_IN_COMB, told_empty

        base = told_empty(base, FREE_IN_COMB)
    base = _checked(base)
    said = Findings()
    said.add((*reading.diagnostics, *base.diagnostics))
    arms: dict[str, Bound[Comb]] = {}
    environments: dict[str, Bound[Comb]] = {}
    if not base.is_whole():
        return CombFile(base, arms, environments, tuple(said.all))
    for name, (key, arm) in _entries(base.root, "experiment", "arms").items():
        overlay = arm.get("set") if isinstance(arm, Mapping) else None
        if isinstance(overlay, Mapping):
            path = ("experiment", "arms", name, "set")
            overlaid = Overlaid(overlay, path, key.span, f"the arm `{name}`")
            arms[name] = _variant(base, overlay, overlaid, ARM, said)
        if len(said.all) > MOST:
            said.add((too_many(key.span),))
            break
    for name, (key, overlay) in _entries(base.root, "environments").items():
        if isinstance(overlay, Mapping):
            overlaid = Overlaid(overlay, ("environments", name), key.span, f"the environment `{name}`")
            environments[name] = _variant(base, overlay, overlaid, ENVIRONMENT, said)
        if len(said.all) > MOST:
            said.add((too_many(key.span),))
            break
    return CombFile(base, arms, environments, tuple(said.all))


def _checked(bound: Bound[Comb]) -> Bound[Comb]:
    comb = bound.to_check
    if comb is None:
        return bound
    found = [diagnostic for check in COMB_CHECKS for diagnostic in bounded(check(bound, comb))]
    return bound._replace(diagnostics=(*bound.diagnostics, *found))


def _entries(root: Node, *path: str) -> AbstractMapping[str, Entry]:
    node = Document("", root).find(path)
    return node.entries if isinstance(node, Mapping) else {}


def _variant(base: Bound[Comb], overlay: Mapping, overlaid: Overlaid, owner: Owner, said: Findings) -> Bound[Comb]:
    """The comb under `overlay`, and into `said` what is wrong with it."""
    limited = within_limits(base, overlay, owner, overlaid.path)
    said.add(limited.diagnostics)
    said.add(limited.unknown, overlaid)
    if removes(limited.overlay.data):
        said.add(useless_removals(base.root, limited.overlay), overlaid)
    merged = merge(base.root, limited.overlay)
    bound = bind_changes(base, limited.overlay, merged) or bind_node(merged, Comb)
    bound = _checked(bound._replace(unsound=(*bound.unsound, *base.unsound, *limited.left_out), overlaid=overlaid))
    said.add(_without_incomplete(bound.diagnostics), overlaid)
    return bound


def _without_incomplete(found: tuple[Diagnostic, ...]) -> Iterator[Diagnostic]:
    """`found` without what an entry lacks whose key is wrong: it was to change an entry that has the rest."""
    places = [(one, one.primary.span if one.primary else None) for one in found]
    wrong = {place for one, place in places if one.code is not codes.MISSING_KEY}
    return (one for one, place in places if one.code is not codes.MISSING_KEY or place not in wrong)
