"""Amounts as people read them."""

from decimal import Decimal

__all__ = ["gibibytes", "percent", "plain", "size"]

_MEBIBYTE = 2**20


def plain(number: Decimal) -> str:
    """`2`, `0.5`, `31`: a number without zeros that say nothing."""
    return f"{number.normalize():f}"


def percent(share: Decimal) -> str:
    """`1%`, `12.5%`."""
    return f"{plain(share * 100)}%"


def gibibytes(amount: int) -> str:
    """Bytes as a number of GiB: `4`, `0.25`, `110.5`."""
    return f"{Decimal(amount) / 2**30:.2f}".rstrip("0").rstrip(".")


def size(amount: int) -> str:
    """Bytes as `4 GiB`, `256 MiB`, `1.5 GiB`."""
    if amount < 2**30:
        return f"{-(-amount // _MEBIBYTE)} MiB"
    return f"{gibibytes(amount)} GiB"
