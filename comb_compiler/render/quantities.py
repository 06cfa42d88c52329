"""Amounts as Kubernetes writes them, in the shortest exact form."""

from decimal import ROUND_CEILING, Decimal

__all__ = ["byte_quantity", "number_quantity"]


def number_quantity(number: Decimal) -> str:
    """Cores, or any number: `2`, `500m`. Kubernetes knows thousandths: what is finer is rounded up."""
    milli = int((number * 1000).to_integral_value(ROUND_CEILING))
    return str(milli // 1000) if milli % 1000 == 0 else f"{milli}m"


def byte_quantity(size: int) -> str:
    """Bytes: `4Gi`, `512Mi`."""
    for unit, factor in (("Ti", 2**40), ("Gi", 2**30), ("Mi", 2**20), ("Ki", 2**10)):
        if size % factor == 0:
            return f"{size // factor}{unit}"
    return str(size)
