"""Names of objects: no two combs of a namespace come to the same, and none has more than 63 characters."""

from functools import lru_cache
from hashlib import sha256

__all__ = ["LONGEST", "object_name"]

LONGEST = 63
"""What a label's value, a Service's name and a part of a DNS name may have."""
_HASH = 8


@lru_cache(maxsize=4096)
def object_name(*parts: str) -> str:
    """Parts joined by `--`. What would be too long is cut, and a hash of the whole keeps it apart from its like.

    A comb's name, the first part, has no `--` and at most 40 characters. So what stands before the first `--` is the
    comb, also where the rest was cut, and no other comb has such an object, whatever its operators are called.
    """
    name = "--".join(filter(None, parts))
    if len(name) <= LONGEST:
        return name
    return f"{name[: LONGEST - _HASH - 1].rstrip('-.')}-{sha256(name.encode('utf-8')).hexdigest()[:_HASH]}"
