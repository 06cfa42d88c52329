"""Checkouts for tests: files, links, and a comb that is right."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from comb_compiler.diagnostics import Code, Diagnostic
from comb_compiler.source import SourceFile, Unavailable
from comb_compiler.spec import CombFile, bind_comb, read
from comb_compiler.workspace.checkout import Checkout

__all__ = ["Link", "bound", "checkout_of", "code_of", "comb_text", "places", "plant"]


class Link(NamedTuple):
    """A symbolic link to `target`."""

    target: str


def plant(root: Path, files: Mapping[str, str | bytes | Link]) -> Path:
    """Make files and links below `root`, and the directories that they need; a name with `/` at its end is one."""
    for name, content in files.items():
        path = root / name
        if name.endswith("/"):
            path.mkdir(parents=True, exist_ok=True)
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, Link):
            path.symlink_to(content.target)
        else:
            path.write_bytes(content.encode() if isinstance(content, str) else content)
    return root


def checkout_of(root: Path, files: Mapping[str, str | bytes | Link]) -> Checkout:
    """The checkout of `root` with these files."""
    root.mkdir(parents=True, exist_ok=True)
    return Checkout(plant(root, files))


def code_of(result: object) -> Code:
    """The code of what could not be had."""
    assert isinstance(result, Unavailable), result
    return result.code


def comb_text(models: str = "", *, proto: str = "ocr.proto", name: str = "ocr", more: str = "") -> str:
    """A comb.yaml without mistakes; `models` are the lines below `models:`, one model per line."""
    section = f"models:\n{models}\n" if models else ""
    return (
        "apiVersion: comb.dev/v1\n"
        "kind: Comb\n"
        f"metadata: {{name: {name}}}\n"
        f"interface: {{proto: {proto}, method: ocr.v1.Ocr/Read}}\n"
        f"{section}"
        'operators: {read: {run: "ops:Read", in: {x: ocr.v1.X}, out: ocr.v1.Y}}\n'
        "graph: {lines: read(x=$request.x), return: lines}\n"
        f"{more}"
    )


def bound(text: str, path: str = "comb.yaml") -> CombFile:
    """The comb that `text` declares; the text has no mistakes."""
    comb = bind_comb(read(SourceFile(path, text)))
    assert not comb.diagnostics, comb.diagnostics
    return comb


def places(diagnostics: tuple[Diagnostic, ...] | list[Diagnostic], texts: Mapping[str, str]) -> list[tuple[str, str]]:
    """Of each diagnostic its code's name and the text that it points at."""
    return [(found.code.name, _pointed_at(found, texts)) for found in diagnostics]


def _pointed_at(found: Diagnostic, texts: Mapping[str, str]) -> str:
    assert found.primary is not None
    file, start, end = found.primary.span
    lines = texts[file].split("\n")[start.line - 1 : end.line]
    lines[-1] = lines[-1][: end.column - 1]
    lines[0] = lines[0][start.column - 1 :]
    return "\n".join(lines)
