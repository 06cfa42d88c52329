"""The finding that a name is not declared, the same wherever names are used."""

from collections.abc import Iterable

from comb_compiler.diagnostics import Applicability, Code, Diagnostic, Edit, Fix, Label
from comb_compiler.diagnostics.model import diagnose
from comb_compiler.source import Scalar
from comb_compiler.spec.places import Place, format_path
from comb_compiler.spec.suggest import closest, did_you_mean

__all__ = ["unknown_name"]


def unknown_name(
    place: Place,
    code: Code,
    name: str,
    known: Iterable[str],
    noun: str,
    *,
    message: str = "",
    related: tuple[Label, ...] = (),
) -> Diagnostic:
    """`name`, written at `place`, is no `noun`; the nearest known name is offered as a fix."""
    candidates = tuple(known)
    return diagnose(
        code,
        message or f"there is no {noun} `{name}`",
        place.span,
        related=(*place.related, *related),
        path=format_path(place.path),
        hints=did_you_mean(name, candidates, noun),
        fix=_rename(place, name, closest(name, candidates)),
    )


def _rename(place: Place, name: str, match: str | None) -> Fix | None:
    value = place.value
    if match is None or not isinstance(value, Scalar) or value.text.count(name) != 1:
        return None
    text = value.text.replace(name, match)
    return Fix(f"write `{match}`", (Edit(value.span, text if value.plain else f'"{text}"'),), Applicability.UNSAFE)
