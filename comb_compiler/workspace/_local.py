"""Files of any size below a root, as streams."""

import os

from comb_compiler.diagnostics import codes
from comb_compiler.source.sourceset import Unavailable
from comb_compiler.workspace._streams import FileStream
from comb_compiler.workspace.checkout import Checkout

_POINTER = b"version https://git-lfs.github.com/spec/"
_MOST_OF_A_POINTER = 1024


def open_file(root: Checkout, path: str) -> FileStream | Unavailable:
    """A regular file inside `root`. What Git LFS left in the place of one is not taken for it."""
    file = root.open(path)
    if isinstance(file, Unavailable):
        return file
    size = os.fstat(file.fileno()).st_size
    if size <= _MOST_OF_A_POINTER and os.pread(file.fileno(), len(_POINTER), 0) == _POINTER:
        file.close()
        message = f"`{path}` is a Git LFS pointer: the file itself has not been fetched"
        return Unavailable(codes.UNREACHABLE_ARTIFACT, message, "run `git lfs pull`")
    return FileStream(path, file, size)
