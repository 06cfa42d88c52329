"""The operators' code of a comb, as one digest: a part of what the gates prove."""

import posixpath
from collections.abc import Iterator, Sequence
from fnmatch import fnmatch
from hashlib import sha256

from comb_compiler.source.sourceset import Unavailable
from comb_compiler.workspace.checkout import Checkout
from comb_compiler.workspace.discovery import COMB_FILE

__all__ = ["CONTEXT_MARK", "code_digest", "code_files", "compiled_code", "readable_code"]

CONTEXT_MARK = ".comb-context"
"""A file in what `comb image dockerfile` wrote: the code there is a copy, and may be made anew."""

_CODE = ("*.py", "requirements*.txt", "pyproject.toml")
_COMPILED = ("*.so", "*.pyd", "*.dylib", "*.pyc")
_OTHERS_CODE = frozenset({"node_modules", "__pycache__"})
_ENVIRONMENT_MARK = "pyvenv.cfg"


def code_digest(checkout: Checkout, main: str) -> str:
    """The SHA-256 of all Python code beside the comb `main` and below, and of what it says that it requires.

    More than the operators import, so that nothing that they may import is missing. What is hidden, virtual
    environments, contexts of Dockerfiles and directories of other combs are left out. Names are those from the comb's
    directory: where the directory is in the repository means nothing.
    """
    digest = sha256()
    for name, content in code_files(checkout, main):
        found = content.code.id if isinstance(content, Unavailable) else sha256(content).hexdigest()
        digest.update(f"{name}\0{found}\n".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def code_files(checkout: Checkout, main: str) -> Iterator[tuple[str, bytes | Unavailable]]:
    """The files that `code_digest` is of, by their paths from the comb's directory."""
    directory = posixpath.dirname(main) or "."
    for path in _files(checkout, directory, _CODE):
        yield posixpath.relpath(f"/{path}", f"/{directory}"), checkout.read(path)


def compiled_code(checkout: Checkout, main: str) -> Iterator[str]:
    """What is beside the code and can be imported too, though `code_digest` is not of it: paths as `code_files` has."""
    directory = posixpath.dirname(main) or "."
    for path in _files(checkout, directory, _COMPILED):
        yield posixpath.relpath(f"/{path}", f"/{directory}")


def readable_code(checkout: Checkout, main: str) -> dict[str, bytes]:
    """The same without those that cannot be read."""
    return {name: one for name, one in code_files(checkout, main) if not isinstance(one, Unavailable)}


def _files(checkout: Checkout, directory: str, patterns: Sequence[str], *, below: bool = False) -> Iterator[str]:
    names = checkout.names(directory)
    if _ENVIRONMENT_MARK in names or CONTEXT_MARK in names or (below and COMB_FILE in names):
        return
    for name in names:
        path = name if directory == "." else f"{directory}/{name}"
        if name.startswith(".") or name in _OTHERS_CODE:
            continue
        if any(fnmatch(name, pattern) for pattern in patterns):
            yield path
        elif "." not in name:  # a package of Python has no dot in its name
            yield from _below(checkout, path, patterns)


def _below(checkout: Checkout, path: str, patterns: Sequence[str]) -> Iterator[str]:
    found = checkout.find(path)
    if not isinstance(found, Unavailable) and found.is_directory and found.path == path:
        yield from _files(checkout, path, patterns, below=True)
