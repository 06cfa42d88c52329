"""The requirements beside a comb.yaml: which file says them, and what it says."""

import posixpath
from collections.abc import Callable

from comb_compiler.diagnostics import Diagnostic, Span, codes
from comb_compiler.diagnostics.model import diagnose
from comb_compiler.source import SourceFile, Unavailable
from comb_compiler.spec.requirements import (
    Required,
    parse_pylock,
    parse_pyproject,
    parse_requirements,
    parse_uv_lock,
)
from comb_compiler.workspace.checkout import Checkout

__all__ = ["read_required"]

Parsed = tuple[Required, tuple[Diagnostic, ...]]


def read_required(checkout: Checkout, main: str) -> tuple[Required | None, tuple[Diagnostic, ...]]:
    """What the code beside the comb `main` requires, and what is wrong with it; None where no file says anything.

    The most definite file counts: pylock.toml, then uv.lock with pyproject.toml, requirements.txt, pyproject.toml.
    """
    directory = posixpath.dirname(main)
    for name, parse in _FILES:
        path = posixpath.join(directory, name)
        content = checkout.read(path)
        if isinstance(content, Unavailable) and content.code is codes.FILE_NOT_FOUND:
            continue
        if isinstance(content, Unavailable):
            return Required((path,)), (_unavailable(path, content),)
        source = _decoded(path, content)
        return (Required((path,)), (_no_text(path),)) if source is None else parse(checkout, source)
    return None, ()


def _pylock(_: Checkout, source: SourceFile) -> Parsed:
    return parse_pylock(source)


def _pyproject(_: Checkout, source: SourceFile) -> Parsed:
    return parse_pyproject(source)


def _requirements(checkout: Checkout, source: SourceFile) -> Parsed:
    def read(path: str) -> bytes | None:
        content = checkout.read(path)
        return None if isinstance(content, Unavailable) else content

    return parse_requirements(source, read)


def _uv_lock(checkout: Checkout, source: SourceFile) -> Parsed:
    limits, wrong = parse_uv_lock(source)
    path = posixpath.join(posixpath.dirname(source.path), "pyproject.toml")
    content = checkout.read(path)
    if isinstance(content, Unavailable):
        return limits, (*wrong, _unavailable(path, content))
    project = _decoded(path, content)
    if project is None:
        return limits, (*wrong, _no_text(path))
    wanted, also_wrong = parse_pyproject(project)
    return Required((*limits.files, *wanted.files), wanted.wanted, limits.limits), (*wrong, *also_wrong)


def _decoded(path: str, content: bytes) -> SourceFile | None:
    try:
        return SourceFile(path, content.decode("utf-8-sig"))
    except UnicodeDecodeError:
        return None


def _no_text(path: str) -> Diagnostic:
    return diagnose(codes.NOT_UTF8, f"`{path}` is not UTF-8", Span.whole_file(path), hints=("save the file as UTF-8",))


def _unavailable(path: str, reason: Unavailable) -> Diagnostic:
    hints = (reason.hint,) if reason.hint else ()
    return diagnose(reason.code, reason.message, Span.whole_file(path), hints=hints)


_FILES: tuple[tuple[str, Callable[[Checkout, SourceFile], Parsed]], ...] = (
    ("pylock.toml", _pylock),
    ("uv.lock", _uv_lock),
    ("requirements.txt", _requirements),
    ("pyproject.toml", _pyproject),
)
