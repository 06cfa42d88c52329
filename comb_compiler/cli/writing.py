"""Files, replaced as a whole or not at all."""

import os
import shutil
import tempfile

from comb_compiler.cli.exits import OutsideError

__all__ = ["replace_file"]


def replace_file(path: str, content: bytes) -> None:
    """Give the file at `path` new content, keeping its mode; through a symlink, the file that it names."""
    target = os.path.realpath(path)
    try:
        handle, aside = tempfile.mkstemp(prefix=".comb-", dir=os.path.dirname(target))
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            shutil.copymode(target, aside)
            os.replace(aside, target)
        except BaseException:
            os.unlink(aside)
            raise
    except OSError as problem:
        raise OutsideError(f"{path}: cannot be written: {problem.strerror}") from problem
