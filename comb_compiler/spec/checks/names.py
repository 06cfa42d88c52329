"""The finding that a name is not declared, the same wherever names are used."""

from collections.abc import Iterable

from comb_compiler.diagnostics import Applicability, Code, Diagnostic, Edit, Fix, Label, Span
from comb_compiler.diagnostics.model import diagnose
from comb_compiler.source import Scalar
from comb_compiler.source.scalars import is_text
from comb_compiler.spec.places import Place, format_path
from comb_compiler.spec.suggest import closest, did_you_mean

__all__ = ["part_of", "rename", "unknown_name"]


def unknown_name(
    place: Place,
    code: Code,
    name: str,
    known: Iterable[str],
    noun: str,
    *,
    where: str = "",
    message: str = "",
    hints: tuple[str, ...] = (),
    related: tuple[Label, ...] = (),
    at: Span | None = None,
) -> Diagnostic:
    """`name`, written at `place` or in its text at `at`, is no `noun`; the nearest known name is offered as a fix.

    `where` says who could declare it (" on this platform"); `message` and `hints` are for who knows better.
    """
    candidates = tuple(known)
    span = at or _place_of(place, name)
    return diagnose(
        code,
        message or f"there is no {noun} `{name}`{where}",
        span,
        label=f"not a declared {noun}" if not message else "",
        related=(*place.related, *related),
        path=format_path(place.path),
        hints=hints or did_you_mean(name, candidates, noun),
        fix=_rename(place, span, name, closest(name, candidates)),
    )


def part_of(place: Place, start: int, end: int) -> Span:
    """Where a part of the text at `place` stands; all of it, where the text is written in another way."""
    return place.value.part(start, end) if isinstance(place.value, Scalar) else place.span


def rename(place: Place, name: str, match: str) -> Fix | None:
    """`match` instead of `name`, which is written at `place`."""
    return _rename(place, _place_of(place, name), name, match)


def _place_of(place: Place, name: str) -> Span:
    """Where `name` stands in the text at `place`."""
    text = place.value.text if isinstance(place.value, Scalar) else ""
    return part_of(place, text.index(name), text.index(name) + len(name)) if text.count(name) == 1 else place.span


def _rename(place: Place, span: Span, name: str, match: str | None) -> Fix | None:
    """Nothing where the place is not that of the name alone: a fix would take what stands beside it away."""
    value = place.value
    whole = isinstance(value, Scalar) and span == value.span
    if match is None or not isinstance(value, Scalar) or (whole and value.text.strip() != name):
        return None
    text = f'"{match}"' if whole and not (value.plain and is_text(match)) else match
    return Fix(f"write `{match}`", (Edit(span, text),), Applicability.UNSAFE)
