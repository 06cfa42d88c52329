"""Names of objects: at most 63 characters, whatever they are made of."""

from hashlib import sha256

__all__ = ["LONGEST", "object_name"]

LONGEST = 63
"""What a label's value, a Service's name and a part of a DNS name may have."""
_HASH = 8


def object_name(*parts: str, longest: int = LONGEST) -> str:
    """Parts joined by `-`. What would be too long is cut, and a hash of the whole keeps it apart from its like."""
    name = "-".join(part for part in parts if part)
    if len(name) <= longest:
        return name
    return f"{name[: longest - _HASH - 1].rstrip('-.')}-{sha256(name.encode('utf-8')).hexdigest()[:_HASH]}"
