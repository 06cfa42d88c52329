"""Files that were made → a directory of the user's, where nothing is lost unasked."""

import os
from collections.abc import Mapping
from pathlib import Path

from comb_compiler.cli.init.making import File
from comb_compiler.workspace.checkout import Checkout
from comb_compiler.workspace.errors import OutsideFailure
from comb_compiler.workspace.writing import replace_file

__all__ = ["in_the_way", "present", "write"]


def present(root: Path, names: Mapping[str, object]) -> dict[str, File]:
    """Those of the named files that are there."""
    found = {}
    for name in names:
        path = root / name
        if path.is_file() and not path.is_symlink():
            found[name] = File(path.read_bytes(), bool(path.stat().st_mode & 0o100))
    return found


def in_the_way(root: Path, files: Mapping[str, File]) -> list[str]:
    """The names at which there is something that would be lost, or that no file can be written at."""
    return [name for name, file in sorted(files.items()) if not _is_free(root, name, file)]


def _is_free(root: Path, name: str, file: File) -> bool:
    path = root / name
    for above in list(path.relative_to(root).parents)[-2::-1]:
        directory = root / above
        if directory.is_symlink() or (directory.exists() and not directory.is_dir()):
            return False
    if not os.path.lexists(path):
        return True
    return path.is_file() and not path.is_symlink() and path.read_bytes() == file.content


def write(root: Path, files: Mapping[str, File | None]) -> None:
    """Write the files, each as a whole or not at all, and remove those that are None. Raises OutsideFailure."""
    checkout = Checkout(str(root))
    for name, file in sorted(files.items()):
        path = root / name
        try:
            if file is None:
                path.unlink(missing_ok=True)
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as problem:
            raise OutsideFailure(f"`{path}` cannot be written: {(problem.strerror or '').lower()}") from problem
        refused = replace_file(checkout, name, file.content)
        if refused is not None:
            raise OutsideFailure(f"`{path}` cannot be written: {refused.message}")
        if file.runs:
            path.chmod(path.stat().st_mode | 0o111)
