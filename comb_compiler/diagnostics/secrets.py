"""A file's text as it may be shown to anyone: a log of CI is read by more people than the file."""

import re

__all__ = ["masked"]

_USER = r"""(?<=://)(?!git@)[^\s/?\#"'@]+(?=@)"""
_LOGIN = r"""(?<![^\s"'`])[^\s/?\#"'`@:]+:[^\s/?\#"'`@]+(?=@(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z]{2,63}(?::[0-9]{1,5})?/)"""
"""A name and a password before a host and a path, where the scheme was left out."""
_SIGNATURE = (
    r"""(?<=[?&])(?P<name>[^\s=&?"']{,64}(?:sig|token|secret|key|passw|credential)[^\s=&?"']{,64}=)[^\s&"'\#]+"""
)


def masked(text: str) -> str:
    """`text` with a `*` for each character of what gives access to something, so that all else stands where it did."""
    if "@" in text:
        text = re.sub(_LOGIN, _stars, text)
    if "://" not in text:
        return text
    signed = re.sub(
        _SIGNATURE, lambda found: found["name"] + _stars(found, len(found["name"])), text, flags=re.IGNORECASE
    )
    return re.sub(_USER, _stars, signed)


def _stars(found: re.Match[str], besides: int = 0) -> str:
    return "*" * (len(found[0]) - besides)
