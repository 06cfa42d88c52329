"""Findings → text in one of the formats."""

import os
from collections.abc import Iterable, Mapping, Sequence

from comb_compiler.cli.console import Console
from comb_compiler.diagnostics import Diagnostic, Fix, Label, Span
from comb_compiler.diagnostics.render import FORMATS
from comb_compiler.source.sourceset import Unavailable
from comb_compiler.workspace.checkout import Checkout

__all__ = ["report", "texts_of"]


def report(diagnostics: Sequence[Diagnostic], form: str, checkout: Checkout, console: Console) -> str:
    """The findings as text: for people with paths from where they stand, for programs from the checkout's root."""
    if form == "text" and not diagnostics:
        return ""
    if form == "text":
        from comb_compiler.diagnostics.render.text import render

        shown, names = _from_here(diagnostics, checkout)
        texts = {names[file]: text for file, text in texts_of(diagnostics, checkout).items()}
        return render(shown, texts, color=console.colour, width=console.width)
    return FORMATS[form](diagnostics, texts_of(diagnostics, checkout))


def texts_of(diagnostics: Iterable[Diagnostic], checkout: Checkout) -> Mapping[str, str]:
    """The text of every file that the findings point into, as far as it is text."""
    files = {label.span.file for found in diagnostics for label in _labels(found)}
    texts: dict[str, str] = {}
    for file in sorted(files):
        content = checkout.read(file)
        if not isinstance(content, Unavailable):
            texts[file] = content.decode("utf-8", "replace").removeprefix("\ufeff")
    return texts


def _labels(found: Diagnostic) -> tuple[Label, ...]:
    return found.related if found.primary is None else (found.primary, *found.related)


def _from_here(diagnostics: Sequence[Diagnostic], checkout: Checkout) -> tuple[list[Diagnostic], dict[str, str]]:
    names = {label.span.file: "" for found in diagnostics for label in _labels(found)}
    for file in names:
        here = os.path.relpath(os.path.join(checkout.root, file))
        names[file] = file if here.startswith(".." + os.sep) else here
    if all(file == here for file, here in names.items()):
        return list(diagnostics), names
    return [_renamed(found, names) for found in diagnostics], names


def _renamed(found: Diagnostic, names: Mapping[str, str]) -> Diagnostic:
    fix = found.fix
    if fix is not None:
        fix = Fix(
            fix.title, tuple(edit._replace(span=_named(edit.span, names)) for edit in fix.edits), fix.applicability
        )
    return found._replace(
        primary=found.primary and found.primary._replace(span=_named(found.primary.span, names)),
        related=tuple(label._replace(span=_named(label.span, names)) for label in found.related),
        fix=fix,
    )


def _named(span: Span, names: Mapping[str, str]) -> Span:
    return span._replace(file=names.get(span.file, span.file))
