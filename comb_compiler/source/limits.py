"""How much a file may ask of us before it is refused."""

from typing import NamedTuple

__all__ = ["DEFAULT_LIMITS", "Limits"]


class Limits(NamedTuple):
    """Bounds that hold before a document is built; every one of them is far above what a person writes.

    `nodes` bounds the scalars, sequences and mappings of a file; `expanded` bounds them with every alias counted as
    often as it is used, which is what everyone who walks the data would pay.
    """

    bytes: int = 2 * 1024 * 1024
    depth: int = 64
    nodes: int = 200_000
    expanded: int = 400_000


DEFAULT_LIMITS = Limits()
