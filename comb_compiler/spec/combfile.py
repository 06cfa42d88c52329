"""A comb with all its variants: as written, per arm and per environment."""

from collections.abc import Mapping as AbstractMapping
from typing import NamedTuple

from comb_compiler.diagnostics import Diagnostic
from comb_compiler.source import Document, Mapping, Node
from comb_compiler.spec.binding import Bound, bind_node
from comb_compiler.spec.checks import COMB_CHECKS
from comb_compiler.spec.comb import Comb
from comb_compiler.spec.overlay_scope import ARM_SCOPE, ENVIRONMENT_SCOPE, outside_scope
from comb_compiler.spec.overlays import merge, useless_removals
from comb_compiler.spec.places import format_path
from comb_compiler.spec.reading import Reading
from comb_compiler.spec.shape import field_names

__all__ = ["CombFile", "bind_comb"]


class CombFile(NamedTuple):
    """The comb as written, and as each arm and each environment makes it."""

    base: Bound[Comb]
    arms: AbstractMapping[str, Bound[Comb]]
    environments: AbstractMapping[str, Bound[Comb]]
    diagnostics: tuple[Diagnostic, ...]


def bind_comb(reading: Reading) -> CombFile:
    """Bind and check a file that declares a Comb; `reading.root` must be there."""
    assert reading.root is not None
    base = _checked(reading.root)
    said = dict.fromkeys((*reading.diagnostics, *base.diagnostics))
    arms: dict[str, Bound[Comb]] = {}
    environments: dict[str, Bound[Comb]] = {}
    for name, overlay in _overlays(reading.root, "experiment", "arms").items():
        changes = overlay.get("set") if isinstance(overlay, Mapping) else None
        if isinstance(changes, Mapping):
            said |= dict.fromkeys(outside_scope(_known(changes), ARM_SCOPE, "an arm"))
            said |= dict.fromkeys(useless_removals(reading.root, changes))
            arms[name] = _variant(reading.root, changes, format_path(("experiment", "arms", name, "set")), said)
    for name, overlay in _overlays(reading.root, "environments").items():
        if isinstance(overlay, Mapping):
            said |= dict.fromkeys(outside_scope(_known(overlay), ENVIRONMENT_SCOPE, "an environment"))
            said |= dict.fromkeys(useless_removals(reading.root, overlay))
            environments[name] = _variant(reading.root, overlay, format_path(("environments", name)), said)
    return CombFile(base, arms, environments, tuple(said))


def _checked(root: Node) -> Bound[Comb]:
    bound = bind_node(root, Comb)
    if bound.value is None:
        return bound
    found = [diagnostic for check in COMB_CHECKS for diagnostic in check(bound, bound.value)]
    return bound._replace(diagnostics=(*bound.diagnostics, *found))


def _overlays(root: Node, *path: str) -> AbstractMapping[str, Node]:
    node = Document("", root).find(path)
    return {name: entry.value for name, entry in node.entries.items()} if isinstance(node, Mapping) else {}


def _known(overlay: Mapping) -> Mapping:
    """The overlay without unknown top-level keys, which binding reports better."""
    known = field_names(Comb)
    return overlay.with_entries({name: entry for name, entry in overlay.entries.items() if name in known})


def _variant(root: Node, overlay: Mapping, prefix: str, said: dict[Diagnostic, None]) -> Bound[Comb]:
    """The comb under `overlay`. What the base says already is not said again; the rest is said of the overlay."""
    bound = _checked(merge(root, overlay))
    known = {(d.code, d.primary, d.message) for d in said}
    for diagnostic in bound.diagnostics:
        if (diagnostic.code, diagnostic.primary, diagnostic.message) not in known:
            path = f"{prefix}.{diagnostic.path}" if diagnostic.path else prefix
            said[diagnostic._replace(path=path)] = None
    return bound
