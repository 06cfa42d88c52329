"""A comb.yaml → its SourceSet: the file, what it names, and its lock. A platform.yaml: with the policies it names."""

import posixpath

from comb_compiler.diagnostics import codes
from comb_compiler.diagnostics.bounds import MOST
from comb_compiler.protos.compiled import Protos
from comb_compiler.source import Node, SourceSet, Unavailable, decode
from comb_compiler.source.memo import NOTHING_KEPT, Memo
from comb_compiler.spec.files import NamedFile, is_directory, named_files, named_samples, proto_sources
from comb_compiler.spec.loading import read_once
from comb_compiler.spec.lock import lock_path
from comb_compiler.spec.suggest import closest
from comb_compiler.workspace.checkout import Checkout
from comb_compiler.workspace.policies import named_folders, policy_files
from comb_compiler.workspace.protos import compile_protos, gather_protos

__all__ = ["load_sources", "with_samples"]


def load_sources(checkout: Checkout, main: str, memo: Memo = NOTHING_KEPT) -> SourceSet:
    """Everything that a compilation of `main` looks at.

    That is the file itself; for a comb the .proto files that it names with all that they import, compiled by protoc
    unless `memo` has that already; comb.lock beside it (`Unavailable`, FILE_NOT_FOUND, where there is none); and the
    models that are files of the checkout: those that are there are in `present`, since nobody reads a model to check a
    comb, the others in `files` with the reason. Raises OutsideFailure where protoc cannot be run.
    """
    content = checkout.read(main)
    files: dict[str, bytes | Unavailable] = {main: content}
    if isinstance(content, Unavailable):
        return SourceSet(main, files)
    source, _ = decode(main, content)
    reading = read_once(source) if source is not None else None
    if reading is not None and reading.root is not None and reading.kind == "Platform":
        for folder in named_folders(main, reading.root):
            files |= policy_files(checkout, folder)
    if reading is None or reading.root is None or reading.kind != "Comb":
        return SourceSet(main, files)
    present: set[str] = set()
    for named in named_files(main, reading.root):
        if named.path not in files and named.path not in present:
            _take(checkout, named, files, present)
    refused = [(path, content) for path, content in files.items() if isinstance(content, Unavailable)]
    for path, reason in refused[: MOST + 1]:  # of more is not told
        files[path] = _advised(checkout, main, path, reason)
    files[lock_path(main)] = checkout.read(lock_path(main))
    protos = _protos(checkout, main, reading.root, files, memo)
    return SourceSet(main, files, frozenset(present), protos)


def with_samples(checkout: Checkout, sources: SourceSet) -> SourceSet:
    """The same, with how many samples there are in each directory that the gates of a comb name: for who judges these.

    A sample is a directory; nothing in it is read.
    """
    content = sources.files[sources.main]
    source = decode(sources.main, content)[0] if isinstance(content, bytes) else None
    reading = read_once(source) if source is not None else None
    if reading is None or reading.root is None or reading.kind != "Comb":
        return sources
    directories = {named.path for named in named_samples(sources.main, reading.root).values()}
    return sources._replace(samples={path: checkout.folders(path) for path in sorted(directories)})


def _protos(
    checkout: Checkout, main: str, root: Node, files: dict[str, bytes | Unavailable], memo: Memo
) -> Protos | None:
    named = proto_sources(main, root)
    if not named.mains:
        return None
    for directory in named.include:
        looked = checkout.read(directory or ".")
        files[directory] = _advised(checkout, main, directory, looked) if isinstance(looked, Unavailable) else looked
    if any(not is_directory(files[directory]) for directory in named.include):
        return None
    gathered = gather_protos(checkout, named.mains, named.include)
    for path, content in gathered.looked_at.items():
        files.setdefault(path, content)
    protos = compile_protos(gathered, checkout, memo)
    if len(gathered.mains) < len(named.mains):
        return protos._replace(schema=None, descriptors=b"")  # nobody knows what the others declare
    return protos


def _take(checkout: Checkout, named: NamedFile, files: dict[str, bytes | Unavailable], present: set[str]) -> None:
    if named.is_read:
        files[named.path] = checkout.read(named.path)
        return
    found = checkout.find(named.path)
    if isinstance(found, Unavailable):
        files[named.path] = found
    elif found.is_directory:
        hint = "pack it into one file: an artifact has one digest"
        message = f"`{named.path}` is a directory, not a file"
        files[named.path] = Unavailable(codes.NOT_A_REGULAR_FILE, message, hint)
    else:
        present.add(named.path)


def _advised(checkout: Checkout, main: str, path: str, reason: Unavailable) -> Unavailable:
    """The reason, with the name that was probably meant, as `main` would write it."""
    if reason.code is not codes.FILE_NOT_FOUND:
        return reason
    directory, name = posixpath.split(path)
    match = closest(name, checkout.names(directory or "."))
    if match is None:
        return reason
    meant = posixpath.relpath(f"/{directory}/{match}", f"/{posixpath.dirname(main)}")
    return reason._replace(hint=f"did you mean `{meant}`?")
