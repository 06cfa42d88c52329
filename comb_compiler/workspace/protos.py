"""A comb's .proto files → `Protos`: found with all that they import, compiled by protoc, and kept by content."""

import hashlib
import posixpath
from collections.abc import Iterable, Mapping, Sequence
from functools import cache, lru_cache
from typing import NamedTuple

from comb_compiler.protos import imports
from comb_compiler.protos.compiled import Protos, from_bytes, to_bytes
from comb_compiler.source import Unavailable
from comb_compiler.source.memo import Memo
from comb_compiler.workspace.bundled import is_bundled
from comb_compiler.workspace.checkout import Checkout
from comb_compiler.workspace.installed import installed

__all__ = ["MOST_BYTES", "MOST_FILES", "Gathered", "Missing", "compile_protos", "gather_protos", "imports_of"]

MOST_FILES = 2_000
MOST_BYTES = 8 << 20
"""What is compiled is less than either, so that no import makes a check take minutes."""
_FORM = "4"


class Missing(NamedTuple):
    """An import that is nowhere: the file that imports it by import name, and where its name is written."""

    importer: str
    statement: imports.Import


class Gathered(NamedTuple):
    """The .proto files of a comb by import name, and how they were found.

    `mains` are those that the comb names and that are there; `paths` are paths from the checkout's root; `looked_at` is
    everything that the search asked for, by path, also what was not there.
    """

    mains: tuple[str, ...]
    files: Mapping[str, bytes]
    paths: Mapping[str, str]
    missing: tuple[Missing, ...]
    roots: tuple[str, ...]
    looked_at: Mapping[str, bytes | Unavailable]


def gather_protos(checkout: Checkout, mains: Sequence[str], include: Sequence[str]) -> Gathered:
    """The files that `mains` (paths from the root) need.

    Imports are looked for in one directory and in those of `include`, as with protoc's `-I`. That directory is the
    nearest above the first main from which everything is found; if there is none, the one from which most is.
    """
    search = _Search(checkout, mains, include)
    best: Gathered | None = None
    for directory in _upwards(posixpath.dirname(mains[0])):
        found = search.from_directory(directory)
        if found is not None and (best is None or len(found.missing) < len(best.missing)):
            best = found
        if best is not None and not best.missing:
            break
    assert best is not None
    return best._replace(looked_at=search.looked_at)


def compile_protos(gathered: Gathered, checkout: Checkout, memo: Memo) -> Protos:
    """What protoc says of the files; from `memo`, if these bytes were compiled before. Raises OutsideFailure."""
    if not gathered.mains:
        return Protos(None, b"")
    key = "" if gathered.missing else _key(gathered)
    kept = _kept(memo, key) if key else None
    if kept is not None:
        return kept
    from comb_compiler.workspace.compiling import compile_anew

    protos, is_said_by_protoc = compile_anew(gathered, checkout)
    if is_said_by_protoc:
        memo.keep(key, to_bytes(protos))
    return protos


def _kept(memo: Memo, key: str) -> Protos | None:
    content = memo.find(key)
    try:
        return from_bytes(content) if content is not None else None
    except (ValueError, KeyError, IndexError, TypeError):
        return None


class _Search:
    """Files that were asked for, each read once."""

    def __init__(self, checkout: Checkout, mains: Sequence[str], include: Sequence[str]) -> None:
        self.looked_at: dict[str, bytes | Unavailable] = {}
        self._checkout = checkout
        self._mains = mains
        self._include = tuple(include)

    def from_directory(self, directory: str) -> Gathered | None:
        """Everything that is found from one directory; None where a main is not below any of the roots."""
        roots = tuple(dict.fromkeys((directory, *self._include)))
        names = [_name_of(main, roots) for main in self._mains]
        files: dict[str, bytes] = {}
        paths: dict[str, str] = {}
        missing: list[Missing] = []
        pending: list[str] = []
        for main, name in zip(self._mains, names, strict=True):
            content = self._read(main)
            if name is None:
                return None
            if isinstance(content, bytes) and name not in files:
                files[name], paths[name] = content, main
                pending.append(name)
        size = 0
        while pending and len(files) < MOST_FILES and size <= MOST_BYTES:
            importer = pending.pop()
            size += len(files[importer])
            for statement in imports_of(files[importer]):
                self._follow(importer, statement, roots, files, paths, missing, pending)
        known = tuple(name for name in names if name is not None and name in files)
        return Gathered(known, dict(sorted(files.items())), paths, tuple(missing), roots, {})

    def _follow(
        self,
        importer: str,
        statement: imports.Import,
        roots: Iterable[str],
        files: dict[str, bytes],
        paths: dict[str, str],
        missing: list[Missing],
        pending: list[str],
    ) -> None:
        name = statement.name
        if name in files:
            return
        if posixpath.normpath(name) != name or name.startswith(("/", "../")) or "\\" in name or "\0" in name:
            missing.append(Missing(importer, statement))
            return
        for root in roots:
            path = posixpath.join(root, name)
            content = self._read(path)
            if isinstance(content, bytes):
                files[name], paths[name] = content, path
                pending.append(name)
                return
        if not is_bundled(name):
            missing.append(Missing(importer, statement))

    def _read(self, path: str) -> bytes | Unavailable:
        if path not in self.looked_at:
            self.looked_at[path] = self._checkout.read(path)
        return self.looked_at[path]


def _upwards(directory: str) -> list[str]:
    """A directory and all above it, up to the root of the checkout."""
    found = [directory]
    while found[-1]:
        found.append(posixpath.dirname(found[-1]))
    return found


def _name_of(path: str, roots: Iterable[str]) -> str | None:
    """What a file is imported by."""
    for root in roots:
        if not root or path.startswith(f"{root}/"):
            return path[len(root) + 1 :] if root else path
    return None


def _key(gathered: Gathered) -> str:
    parts = [_FORM, *_versions(), *gathered.mains]
    for name, content in gathered.files.items():
        parts += [name, gathered.paths[name], _digest(content)]
    return "protos-" + hashlib.sha256("\0".join(parts).encode("utf-8", "surrogateescape")).hexdigest()


@lru_cache(maxsize=256)
def _digest(content: bytes) -> str:
    """What names a file: combs share them."""
    return hashlib.sha256(content).hexdigest()


@cache
def _versions() -> tuple[str, ...]:
    return tuple(installed(("grpcio_tools-", "protobuf-")))


@lru_cache(maxsize=256)
def imports_of(content: bytes) -> tuple[imports.Import, ...]:
    """The imports of a file: the combs of a repository share most of their .proto files."""
    return imports.find_imports(content.decode("utf-8", "replace"))
