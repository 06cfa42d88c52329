"""A file of the checkout is replaced as a whole, or not at all."""

import os
import posixpath
import secrets
import stat
from contextlib import suppress

from comb_compiler.source.sourceset import Unavailable
from comb_compiler.workspace._walk import Refused, Target, must_be_regular, shown
from comb_compiler.workspace.checkout import Checkout
from comb_compiler.workspace.errors import OutsideFailure

__all__ = ["replace_file"]

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def replace_file(checkout: Checkout, relative: str, content: bytes) -> Unavailable | None:
    """Give a file new bytes, or make it; its directory is there. Killed at any instant, it has the old or the new.

    Unavailable where the path leads out of the checkout, or to something that is not a regular file: a symbolic link
    is not written through. Raises OutsideFailure where the disk does not take it; then nothing has changed.
    """
    directory, name = posixpath.split(relative)
    try:
        with checkout.target(directory or ".") as target:
            try:
                _replace(target, name, content, relative)
            except OSError as problem:
                why = os.strerror(problem.errno or 0).lower()
                raise OutsideFailure(f"`{shown(relative)}` cannot be written: {why}") from problem
    except Refused as refused:
        return refused.reason
    return None


def _replace(target: Target, name: str, content: bytes, relative: str) -> None:
    # Opened as what it is called there: for a file in the place of the directory this fails.
    directory = os.open(target.name, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=target.directory)
    try:
        mode = _mode(directory, name, relative)
        aside = f".{name}.{secrets.token_hex(8)}"
        try:
            _write(os.open(aside, _NEW, 0o666, dir_fd=directory), content, mode)
            os.rename(aside, name, src_dir_fd=directory, dst_dir_fd=directory)
        except BaseException:
            _remove(aside, directory)
            raise
        with suppress(OSError):  # not every file system can; the file is there either way
            os.fsync(directory)
    finally:
        os.close(directory)


def _mode(directory: int, name: str, relative: str) -> int | None:
    """The permissions that the file has, and keeps; None for a new one, which gets those of any new file."""
    try:
        status = os.stat(name, dir_fd=directory, follow_symlinks=False)
    except FileNotFoundError:
        return None
    must_be_regular(status, relative)
    return stat.S_IMODE(status.st_mode)


def _write(descriptor: int, content: bytes, mode: int | None) -> None:
    with os.fdopen(descriptor, "wb") as file:
        if mode is not None:
            os.fchmod(descriptor, mode)
        file.write(content)
        file.flush()
        os.fsync(descriptor)


def _remove(name: str, directory: int) -> None:
    try:
        os.unlink(name, dir_fd=directory)
    except FileNotFoundError:
        return
