"""Reading a file once, however many stages ask for it."""

from functools import lru_cache

from comb_compiler.source import SourceFile
from comb_compiler.spec.reading import Reading, read

__all__ = ["read_once"]


@lru_cache(maxsize=4)
def read_once(source: SourceFile) -> Reading:
    """`read`, whose answer depends on the text alone: the same reading for the same text, while it is still kept.

    The workspace asks what a comb.yaml names, then the compiler what it says: both must not pay for a parser. Few are
    kept (a comb, the platform, what a comb is compared with), so load a comb's files and check it before going on to
    the next: the memory of the one before is then still in the processor's cache, which is worth 4% of a check.
    """
    return read(source)
