"""A comb.yaml → its SourceSet: the file, what it names, and its lock."""

import posixpath

from comb_compiler.diagnostics import codes
from comb_compiler.source import SourceSet, Unavailable, decode
from comb_compiler.spec.files import NamedFile, named_files
from comb_compiler.spec.loading import read_once
from comb_compiler.spec.lock import lock_path
from comb_compiler.spec.suggest import closest
from comb_compiler.workspace.checkout import Checkout

__all__ = ["load_sources"]


def load_sources(checkout: Checkout, main: str) -> SourceSet:
    """Everything that a compilation of `main` looks at.

    That is the file itself; for a comb the .proto that it names, comb.lock beside it (`Unavailable`, FILE_NOT_FOUND,
    where there is none), and the models that are files of the checkout: those that are there are in `present`, since
    nobody reads a model to check a comb, the others in `files` with the reason.
    """
    content = checkout.read(main)
    files: dict[str, bytes | Unavailable] = {main: content}
    if isinstance(content, Unavailable):
        return SourceSet(main, files)
    source, _ = decode(main, content)
    reading = read_once(source) if source is not None else None
    if reading is None or reading.root is None or reading.kind != "Comb":
        return SourceSet(main, files)
    present: set[str] = set()
    for named in named_files(main, reading.root):
        if named.path not in files and named.path not in present:
            _take(checkout, named, files, present)
    files[lock_path(main)] = checkout.read(lock_path(main))
    return SourceSet(main, files, frozenset(present))


def _take(checkout: Checkout, named: NamedFile, files: dict[str, bytes | Unavailable], present: set[str]) -> None:
    if named.is_read:
        content = checkout.read(named.path)
        files[named.path] = _advised(checkout, named, content) if isinstance(content, Unavailable) else content
        return
    found = checkout.find(named.path)
    if isinstance(found, Unavailable):
        files[named.path] = _advised(checkout, named, found)
    elif found.is_directory:
        hint = "pack it into one file: an artifact has one digest"
        message = f"`{named.path}` is a directory, not a file"
        files[named.path] = Unavailable(codes.NOT_A_REGULAR_FILE, message, hint)
    else:
        present.add(named.path)


def _advised(checkout: Checkout, named: NamedFile, reason: Unavailable) -> Unavailable:
    """The reason, with the name that was probably meant."""
    if reason.code is not codes.FILE_NOT_FOUND:
        return reason
    directory, name = posixpath.split(named.path)
    match = closest(name, checkout.names(directory or "."))
    return reason._replace(hint=f"did you mean `{posixpath.join(directory, match)}`?") if match else reason
