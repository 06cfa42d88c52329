"""Overlays that change what they may not."""

from typing import NamedTuple

from comb_compiler.diagnostics import Diagnostic, codes
from comb_compiler.diagnostics.bounds import MOST
from comb_compiler.diagnostics.model import diagnose
from comb_compiler.source import Entry, Mapping, Path, Scalar
from comb_compiler.spec.binding import Bound
from comb_compiler.spec.checks.names import unknown_name
from comb_compiler.spec.comb import Comb
from comb_compiler.spec.overlay_scope import ARM_SCOPE, ENVIRONMENT_SCOPE, Scope
from comb_compiler.spec.places import Place, format_path
from comb_compiler.spec.shape import expected_at, field_names
from comb_compiler.spec.suggest import closest, did_you_mean
from comb_compiler.spec.wording import listed

__all__ = ["ARM", "ENVIRONMENT", "Limited", "Owner", "within_limits"]

_SUBJECT = {"models", "operators", "graph", "interface", "experiment"}

_OVERLAYS = {"experiment", "environments"}


_ALL: Scope = {}
"""The scope of what may be changed altogether."""


class Owner(NamedTuple):
    """Whose overlays they are, and what they may change."""

    title: str
    scope: Scope


ARM = Owner("an arm", ARM_SCOPE)
ENVIRONMENT = Owner("an environment", ENVIRONMENT_SCOPE)


class Limited(NamedTuple):
    """An overlay without what it may not change, so that this has no further consequences; and what is said of that.

    What is said of `unknown` fields has their paths in the comb, the rest has paths in the file. `left_out` are
    operators that the overlay means to change, under names that are not there.
    """

    overlay: Mapping
    diagnostics: list[Diagnostic]
    unknown: list[Diagnostic]
    left_out: list[Path]


def within_limits(base: Bound[Comb], overlay: Mapping, owner: Owner, at: Path) -> Limited:
    """What of `overlay`, which stands at `at`, may be laid over `base`.

    Misspelt fields are taken for what they were meant to be. What changes a section that the comb lacks, or that is
    wrong altogether, goes without a word: that is told, and the overlay alone would lack the rest of it.
    """
    visit = _Visit(base, overlay, owner, at)
    kept = visit.mapping(overlay, owner.scope, (), ())
    kept = kept if owner is ENVIRONMENT else visit.known_operators(kept)
    return Limited(kept, visit.diagnostics, visit.unknown, visit.left_out)


class _Visit:
    """One walk over one overlay."""

    def __init__(self, base: Bound[Comb], overlay: Mapping, owner: Owner, at: Path) -> None:
        self.diagnostics: list[Diagnostic] = []
        self.unknown: list[Diagnostic] = []
        self.left_out: list[Path] = []
        self._base = base
        self._overlay = overlay
        self._owner = owner
        self._at = at

    def mapping(self, node: Mapping, scope: Scope, path: Path, written: Path) -> Mapping:
        """`node` without what is outside of `scope`; it was `written` at a path that may have misspelt fields."""
        kept: dict[str, Entry] = {}
        expected = expected_at(Comb, path)
        fields = field_names(expected.type) if expected else ()
        for text, entry in node.entries.items():
            name = text if not fields or text in fields else self._field(text, (*written, text))
            if name is None or (isinstance(entry.value, Mapping) and self._is_lost(path, name)):
                continue
            below = scope.get(name, scope.get("*"))
            finding = self._refusal(entry, scope, (*path, name))
            if finding is not None:
                self.diagnostics.append(finding)
            elif isinstance(entry.value, Mapping):
                inner = self.mapping(entry.value, below or _ALL, (*path, name), (*written, text))
                kept[name] = entry if inner is entry.value else Entry(entry.key, inner)
            else:
                kept[name] = entry
        return node if kept == node.entries else node.with_entries(kept)

    def _is_lost(self, path: Path, name: str) -> bool:
        """Whether the base has what is to be changed in no form that can be read."""
        if not self._base.unsound:
            return False
        return not self._base.is_whole(*path, name) or (
            not self._base.is_readable(*path) and name not in self._declared(path)
        )

    def _field(self, text: str, written: Path) -> str | None:
        """The field that an unknown key was meant to be; None where it is none."""
        if len(self.unknown) > MOST:
            return text
        from comb_compiler.spec.misspelt import unknown_key

        finding, match = unknown_key(self._overlay, Comb, written)
        self.unknown.append(finding)
        return match

    def known_operators(self, overlay: Mapping) -> Mapping:
        """`overlay` without operators that are not there, and too little to be new ones: their names are misspelt."""
        operators, known = overlay.get("operators"), self._declared(("operators",))
        if not isinstance(operators, Mapping):
            return overlay
        kept = dict(operators.entries)
        for name, (key, value) in operators.entries.items():
            is_new = name in known or closest(name, known) is None
            if not is_new and isinstance(value, Mapping) and "out" not in value.entries:
                self.diagnostics.append(self._no_operator(key, ("operators", name), known))
                self.left_out.append(("operators", name))
                del kept[name]
        entry = overlay.entries["operators"]
        return overlay.with_entries({**overlay.entries, "operators": Entry(entry.key, operators.with_entries(kept))})

    def _refusal(self, entry: Entry, scope: Scope, path: Path) -> Diagnostic | None:
        name = path[-1]
        if scope is _ALL or name in scope:
            return None
        if "*" in scope and name not in self._declared(path[:-1]):
            return self._nothing_to_change(entry.key, path)
        return self._not_allowed(entry.key, path, scope) if "*" not in scope or entry.value.data is None else None

    def _declared(self, path: Path) -> tuple[str, ...]:
        return self._base.declared(*(str(step) for step in path))

    def _not_allowed(self, key: Scalar, path: Path, scope: Scope) -> Diagnostic:
        title, field = self._owner.title, f"`{format_path(path)}`"
        names = [name for name in scope if name != "*"]
        may = (f"{title} may change {listed(names)}{' here' if path[1:] else ''}",) if names else ()
        where = format_path((*self._at, *path))
        if self._owner is ENVIRONMENT and path[0] in _SUBJECT:
            message = f"an environment cannot change {field}: the gates prove it for all environments at once"
            hint = "change it for the whole comb, or try it on some users with an arm of `experiment`"
            return diagnose(codes.ENVIRONMENT_CHANGES_SUBJECT, message, key.span, path=where, hints=(hint, *may))
        message = f"{title} cannot change {field}"
        otherwise = "overlays are not nested" if path[0] in _OVERLAYS else f"set {field} for the whole comb"
        return diagnose(codes.OVERLAY_NOT_ALLOWED, message, key.span, path=where, hints=(*may, otherwise))

    def _nothing_to_change(self, key: Scalar, path: Path) -> Diagnostic:
        """An environment changes what is there: it adds neither operators nor arms."""
        known = self._declared(path[:-1])
        if path[0] == "operators":
            return self._no_operator(key, path, known)
        return diagnose(
            codes.OVERLAY_NOT_ALLOWED,
            f"{self._owner.title} cannot add the arm `{path[-1]}`",
            key.span,
            path=format_path((*self._at, *path)),
            hints=did_you_mean(str(path[-1]), known, "arm"),
        )

    def _no_operator(self, key: Scalar, path: Path, known: tuple[str, ...]) -> Diagnostic:
        place = Place(key, None, (*self._at, *path))
        where = f" for {self._owner.title} to change"
        name = str(path[-1])
        return unknown_name(place, codes.UNKNOWN_OPERATOR, name, known, "operator", where=where, at=key.span)
