"""`comb render --explain`: a rendered file, each line with the line of comb.yaml or platform.yaml that caused it."""

import os
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from comb_compiler.cli.console import Console
from comb_compiler.cli.exits import UsageError
from comb_compiler.compiler.render import Rendered
from comb_compiler.diagnostics import Span
from comb_compiler.diagnostics.lines import Lines
from comb_compiler.diagnostics.render.printable import printable
from comb_compiler.render.explain import explain
from comb_compiler.render.manifest import Cause, Manifest, Written
from comb_compiler.source.sourceset import Unavailable
from comb_compiler.spec.suggest import did_you_mean
from comb_compiler.workspace.checkout import Checkout

__all__ = ["explained"]

_WIDEST = 72
"""Columns of the file's text before what caused it; longer lines push it to the right."""
_CAUSE = 36
"""Columns that what caused a line has at least on a terminal, which cuts it where it ends."""
_EXCERPT = 60
_PLACE = 20


class _File(NamedTuple):
    path: str
    made: Manifest
    of: Rendered


def explained(rendered: Sequence[Rendered], name: str, checkout: Checkout, console: Console) -> str:
    """The files that `name` may mean: a name, or a path of which the end tells which is meant."""
    files = [file for one in rendered for file in _files(one)]
    wanted = os.path.normpath(name).replace(os.sep, "/")
    meant = [one for one in files if one.path == wanted or one.path.endswith(f"/{wanted}")]
    meant = meant or [one for one in files if wanted.endswith(f"/{one.path}")]
    if not meant:
        advice = did_you_mean(wanted.rpartition("/")[2], (one.made.file for one in files), "file")[0]
        raise UsageError(f"--explain {name}: no object is rendered to this file; {advice}")
    return "\n\n".join(_shown(one, checkout, console, named=len(meant) > 1) for one in meant)


def _files(rendered: Rendered) -> Iterator[_File]:
    for cluster in rendered.clusters:
        for made in cluster.manifests:
            yield _File(f"{cluster.directory}/{made.file}", made, rendered)
        yield _File(cluster.flux_file, cluster.flux, rendered)


def _shown(file: _File, checkout: Checkout, console: Console, *, named: bool) -> str:
    lines = explain(file.made)
    sources = _Sources(checkout)
    end = console.width if console.is_terminal else None
    width = min(max(len(line.text) for line in lines), _WIDEST if end is None else min(_WIDEST, end - _CAUSE))
    shown = [f"# {file.path}"] if named else []
    before = None
    for line in lines:
        span = _place(line.cause, file.of)
        said = f"{sources.name(span.file)}:{span.start.line}"
        if span.start.line != before:  # what is caused by the same line need not show it again
            said = f"{said:<{_PLACE}}  {sources.line(span)}".rstrip()
        before = span.start.line
        room = end - max(width, len(printable(line.text))) - 2 if end is not None else len(said)
        said = said if len(said) <= max(room, _PLACE) else f"{said[: max(room, _PLACE) - 1].rstrip()}…"
        faint = f"\x1b[2m{said}\x1b[0m" if console.colour else said
        shown.append(f"{printable(line.text):<{width}}  {faint}")
    return "\n".join(shown)


def _place(cause: Cause, rendered: Rendered) -> Span:
    bound = rendered.comb if cause.written is Written.COMB else rendered.platform
    assert bound is not None
    return bound.place(*cause.path).key_span


class _Sources:
    """The files that causes are in, as a person names them from here."""

    def __init__(self, checkout: Checkout) -> None:
        self._checkout = checkout
        self._lines: dict[str, Lines] = {}

    def name(self, file: str) -> str:
        here = os.path.relpath(os.path.join(self._checkout.root, file))
        return file if here.startswith(f"..{os.sep}") else here

    def line(self, span: Span) -> str:
        """The line, without its margin and cut where it is long."""
        if span.file not in self._lines:
            content = self._checkout.read(span.file)
            text = "" if isinstance(content, Unavailable) else content.decode("utf-8", "replace")
            self._lines[span.file] = Lines(text)
        lines = self._lines[span.file]
        text = printable(lines[span.start.line].strip()) if span.start.line <= len(lines) else ""
        return text if len(text) <= _EXCERPT else f"{text[: _EXCERPT - 1]}…"
