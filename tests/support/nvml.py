"""A library that answers as NVML does (`nvml.c`), to be found by a process that is started with its directory first."""

import subprocess
from pathlib import Path

__all__ = ["driver"]

_SOURCE = Path(__file__).with_name("nvml.c")


def driver(directory: Path, compiler: Path, *, is_old: bool = False) -> Path:
    """Make `libnvidia-ml.so.1` in a directory, which is to be in LD_LIBRARY_PATH; an old one lacks what came later."""
    directory.mkdir(parents=True, exist_ok=True)
    library = directory / "libnvidia-ml.so.1"
    flags = ["-shared", "-fPIC", f"-Wl,-soname,{library.name}", *(["-DOLD"] if is_old else [])]
    subprocess.run([str(compiler), *flags, str(_SOURCE), "-o", str(library)], check=True)
    return directory
