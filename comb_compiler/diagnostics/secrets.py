"""A file's text as it may be shown to anyone: a log of CI is read by more people than the file."""

import re

__all__ = ["masked"]

_USER = r"""(?<=://)(?!git@)[^\s/?\#"'@]+(?=@)"""
_SIGNATURE = (
    r"""(?<=[?&])(?P<name>[^\s=&?"']{,64}(?:sig|token|secret|key|passw|credential)[^\s=&?"']{,64}=)[^\s&"'\#]+"""
)


def masked(text: str) -> str:
    """`text` with a `*` for each character of what gives access to something, so that all else stands where it did."""
    if "://" not in text:
        return text
    signed = re.sub(
        _SIGNATURE, lambda found: found["name"] + _stars(found, len(found["name"])), text, flags=re.IGNORECASE
    )
    return re.sub(_USER, _stars, signed)


def _stars(found: re.Match[str], besides: int = 0) -> str:
    return "*" * (len(found[0]) - besides)
