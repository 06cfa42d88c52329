"""How answers are compared: each path leads to a field of the answer, and each has one rule that fits it."""

from collections.abc import Callable, Iterator, Mapping

from comb_compiler.diagnostics import Diagnostic, codes
from comb_compiler.diagnostics.model import diagnose
from comb_compiler.graph.analyses.paths import followed
from comb_compiler.graph.analyses.sources import kind_of
from comb_compiler.graph.view import View
from comb_compiler.protos import Field
from comb_compiler.spec.comb.gates import Comparison
from comb_compiler.spec.places import Place, format_path

__all__ = ["check_comparisons"]

_TEXTS = ("string", "bytes")
_NO_NUMBERS = ("bool", "enum", "message", "group", *_TEXTS)


def check_comparisons(view: View) -> Iterator[Diagnostic]:
    """Of a variant that asks what the comb as written asks, nothing."""
    if not view.bound.is_sound("gates"):
        return
    changes = view.changes
    if changes is not None and view.bound.place("gates").value is changes.base.bound.place("gates").value:
        return
    for path, rule in view.comb.gates.compare.items():
        yield from _compared(view, path, rule)


def _compared(view: View, path: str, rule: Comparison) -> Iterator[Diagnostic]:
    place = view.bound.place("gates", "compare", path)
    given = [name for name in _FITS if getattr(rule, name) not in (None, False)]
    if len(given) != 1 and given != ["tolerance", "relative"]:
        told = "several rules" if given else "no rule"
        yield _bad(place, f"`{path}` has {told}", f"give it one of {', '.join(_FITS)}")
        return
    if max(rule.edits or 0, rule.relative or 0) >= 1:
        yield _bad(place, f"`{given[-1]}: 100%` takes as good as anything as the same", "`ignore: true` says so")
        return
    if view.method is None or view.schema is None:
        return
    key = place if place.key is None else place._replace(value=place.key, key=None)
    answer = view.schema.messages.get(view.method.output)
    field = yield from followed(view, key, 0, answer, path.split("."), codes.BAD_COMPARISON)
    if field is not None and not _FITS[given[0]](field):
        what = kind_of(view.schema, field)
        fitting = (name for name, fits in _FITS.items() if name not in ("ignore", "run") and fits(field))
        others = " or ".join(f"`{name}`" for name in fitting)
        hint = f"{others} can" if others else "what has no rule must be the same; `ignore` leaves it out"
        yield _bad(place, f"`{given[0]}` cannot compare {what}, which `{path}` is", hint)


def _bad(place: Place, message: str, hint: str) -> Diagnostic:
    path = format_path(place.path)
    return diagnose(codes.BAD_COMPARISON, message, place.key_span, path=path, hints=(hint,))


_FITS: Mapping[str, Callable[[Field], bool]] = {
    "ignore": lambda _: True,
    "tolerance": lambda field: field.kind not in _NO_NUMBERS,
    "relative": lambda field: field.kind not in _NO_NUMBERS,
    "unordered": lambda field: field.is_repeated,
    "overlap": lambda field: field.is_message,
    "edits": lambda field: field.kind in _TEXTS,
    "run": lambda _: True,
}
"""What each rule can compare; of a list, its items."""
