"""Which versions of packages are installed, told without importing anything."""

import os
import sys
from collections.abc import Sequence

__all__ = ["installed"]


def installed(prefixes: Sequence[str]) -> list[str]:
    """The `name-version.dist-info` directories whose names begin so, wherever Python would find them, sorted."""
    wanted = tuple(prefixes)
    found: list[str] = []
    for directory in sys.path:
        try:
            names = os.listdir(directory or ".")
        except OSError:
            continue
        found += [
            f"{directory} {name}" for name in names if name.endswith(".dist-info") and name.lower().startswith(wanted)
        ]
    return sorted(found)
