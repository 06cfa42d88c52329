"""The forms in which diagnostics are shown, by the names of `--format`.

A form's module is imported when it is first used: `comb check` on a terminal pays for no SARIF.
"""

from collections.abc import Callable, Iterable, Mapping

from comb_compiler.diagnostics.model import Diagnostic

__all__ = ["FORMATS", "Renderer"]

Renderer = Callable[[Iterable[Diagnostic], Mapping[str, str]], str]
"""Diagnostics and the texts of their files → what is printed, its last line break included."""


def _text(diagnostics: Iterable[Diagnostic], texts: Mapping[str, str]) -> str:
    from comb_compiler.diagnostics.render import text

    return text.render(diagnostics, texts)


def _json(diagnostics: Iterable[Diagnostic], texts: Mapping[str, str]) -> str:
    from comb_compiler.diagnostics.render import json

    return json.render(diagnostics, texts)


def _sarif(diagnostics: Iterable[Diagnostic], texts: Mapping[str, str]) -> str:
    from comb_compiler.diagnostics.render import sarif

    return sarif.render(diagnostics, texts)


def _github(diagnostics: Iterable[Diagnostic], texts: Mapping[str, str]) -> str:
    from comb_compiler.diagnostics.render import github

    return github.render(diagnostics, texts)


def _gitlab(diagnostics: Iterable[Diagnostic], texts: Mapping[str, str]) -> str:
    from comb_compiler.diagnostics.render import gitlab

    return gitlab.render(diagnostics, texts)


FORMATS: Mapping[str, Renderer] = {
    "text": _text,
    "json": _json,
    "sarif": _sarif,
    "github": _github,
    "gitlab": _gitlab,
}
