"""What an arm and an environment may change: one table for the checks and for the editors' schema."""

from collections.abc import Iterator
from typing import NamedTuple

from comb_compiler.diagnostics import Diagnostic, codes
from comb_compiler.diagnostics.model import diagnose
from comb_compiler.source import Document, Entry, Mapping, Node, Path, Scalar
from comb_compiler.spec.checks.names import unknown_name
from comb_compiler.spec.comb import Comb
from comb_compiler.spec.places import Place, format_path
from comb_compiler.spec.shape import expected_at
from comb_compiler.spec.suggest import closest, did_you_mean
from comb_compiler.spec.wording import listed

__all__ = ["ARM", "ARM_SCOPE", "ENVIRONMENT", "ENVIRONMENT_SCOPE", "Allowed", "Owner", "Scope", "allowed"]

Scope = dict[str, "Scope | None"]
"""Keys that an overlay may hold; None allows all below, `*` stands for any name."""

ARM_SCOPE: Scope = {"models": None, "operators": None, "graph": None}

ENVIRONMENT_SCOPE: Scope = {
    "metadata": {"labels": None},
    "operators": {
        "*": dict.fromkeys(("resources", "devices", "affinity", "priority", "timeout", "batch", "scale")),
    },
    "storage": None,
    "recording": None,
    "experiment": {"key": None, "salt": None, "arms": {"*": {"weight": None}}},
    "rollout": None,
    "sla": None,
    "gates": None,
}

_SUBJECT = {"models", "operators", "graph", "interface", "experiment"}


class Owner(NamedTuple):
    """Whose overlays they are, and what they may change."""

    title: str
    scope: Scope


ARM = Owner("an arm", ARM_SCOPE)
ENVIRONMENT = Owner("an environment", ENVIRONMENT_SCOPE)


class Allowed(NamedTuple):
    """An overlay without what it may not change, so that this has no further consequences; and what is said of that."""

    overlay: Mapping
    diagnostics: list[Diagnostic]


def allowed(base: Node, overlay: Mapping, owner: Owner, at: Path) -> Allowed:
    """What of `overlay`, which stands at `at`, may be laid over `base`. Unknown fields stay: binding tells of them."""
    visit = _Visit(base, owner, at)
    kept = visit.mapping(overlay, owner.scope, ())
    return Allowed(kept, visit.diagnostics)


class _Visit:
    """One walk over one overlay."""

    def __init__(self, base: Node, owner: Owner, at: Path) -> None:
        self.diagnostics: list[Diagnostic] = []
        self._base = base
        self._owner = owner
        self._at = at

    def mapping(self, node: Mapping, scope: Scope, path: Path) -> Mapping:
        kept: dict[str, Entry] = {}
        for text, entry in node.entries.items():
            finding = self._refusal(entry, scope, (*path, text))
            if finding is not None:
                self.diagnostics.append(finding)
                continue
            below = scope.get(text, scope.get("*"))
            if below is not None and isinstance(entry.value, Mapping):
                kept[text] = Entry(entry.key, self.mapping(entry.value, below, (*path, text)))
            else:
                kept[text] = entry
        return node.with_entries(kept)

    def _refusal(self, entry: Entry, scope: Scope, path: Path) -> Diagnostic | None:
        if expected_at(Comb, path) is None:
            return None
        is_named = path[-1] not in scope
        if is_named and "*" not in scope:
            return self._not_allowed(entry.key, path, scope)
        if is_named and path[-1] not in self._declared(path[:-1]):
            return self._nothing_to_change(entry.key, path)
        if is_named and entry.value.data is None:
            return self._not_allowed(entry.key, path, scope)
        return self._misspelt_operator(entry, path) if scope is ARM_SCOPE and path == ("operators",) else None

    def _declared(self, path: Path) -> tuple[str, ...]:
        node = Document("", self._base).find(path)
        return tuple(node.entries) if isinstance(node, Mapping) else ()

    def _not_allowed(self, key: Scalar, path: Path, scope: Scope) -> Diagnostic:
        title = self._owner.title
        field = f"`{format_path(path)}`"
        names = [name for name in scope if name != "*"]
        may = (f"{title} may change {listed(names)}{' here' if path[1:] else ''}",) if names else ()
        where = format_path((*self._at, *path))
        if self._owner is ENVIRONMENT and path[0] in _SUBJECT:
            message = f"an environment cannot change {field}: the gates prove it for all environments at once"
            hint = "change it for the whole comb, or try it on some users with an arm of `experiment`"
            return diagnose(codes.ENVIRONMENT_CHANGES_SUBJECT, message, key.span, path=where, hints=(hint, *may))
        message = f"{title} cannot change {field}"
        return diagnose(codes.OVERLAY_NOT_ALLOWED, message, key.span, path=where, hints=(*may, "set it for the comb"))

    def _nothing_to_change(self, key: Scalar, path: Path) -> Diagnostic:
        """An environment changes what is there: it adds neither operators nor arms."""
        known, name = self._declared(path[:-1]), str(path[-1])
        if path[0] == "operators":
            return self._no_operator(key, path, known)
        return diagnose(
            codes.OVERLAY_NOT_ALLOWED,
            f"{self._owner.title} cannot add the arm `{name}`",
            key.span,
            path=format_path((*self._at, *path)),
            hints=did_you_mean(name, known, "arm"),
        )

    def _no_operator(self, key: Scalar, path: Path, known: tuple[str, ...]) -> Diagnostic:
        place = Place(key, None, (*self._at, *path))
        where = f" for {self._owner.title} to change"
        return unknown_name(place, codes.UNKNOWN_OPERATOR, str(path[-1]), known, "operator", where=where)

    def _misspelt_operator(self, entry: Entry, path: Path) -> Diagnostic | None:
        return None


def _unused() -> Iterator[None]:
    yield None


_ = closest
