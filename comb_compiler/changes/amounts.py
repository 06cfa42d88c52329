"""Amounts as Kubernetes writes them ↔ exact numbers."""

import re
from decimal import Decimal
from typing import Any

__all__ = ["parse_quantity", "quantity_text"]

_QUANTITY = re.compile(
    r"(?P<number>[+-]?(?:[0-9]{1,30}(?:\.[0-9]{0,30})?|\.[0-9]{1,30}))(?P<unit>[A-Za-z]{0,2}|[eE][+-]?[0-9]{1,2})"
)
_UNITS = {
    **{unit: Decimal(1024) ** power for power, unit in enumerate(("Ki", "Mi", "Gi", "Ti", "Pi", "Ei"), 1)},
    **{
        unit: Decimal(1000) ** power for power, unit in enumerate(("n", "u", "m", "", "k", "M", "G", "T", "P", "E"), -3)
    },
}
_WHOLE = (("Ti", 2**40), ("Gi", 2**30), ("Mi", 2**20), ("Ki", 2**10))


def parse_quantity(value: Any) -> Decimal | None:
    """The number that a quantity is (`500m`, `4Gi`, `1e3`, 2); None for what is none."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    match = _QUANTITY.fullmatch(str(value))
    if match is None:
        return None
    unit = match["unit"]
    if unit in _UNITS:
        return Decimal(match["number"]) * _UNITS[unit]
    return Decimal(match["number"]).scaleb(int(unit[1:])) if unit[1:].lstrip("+-").isdigit() else None


def quantity_text(resource: str, amount: Decimal) -> str:
    """An amount of a resource in few characters: memory with a unit, all else as a number."""
    if "memory" in resource or "storage" in resource:
        for unit, factor in _WHOLE:
            if amount and amount % factor == 0:
                return f"{amount / factor:f}{unit}"
    return f"{amount.normalize():f}"
