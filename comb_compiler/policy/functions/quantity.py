"""Quantities such as `1500m` and `2Gi`, read and compared as Kubernetes does: exactly.

After `ParseQuantity` of k8s.io/apimachinery. A quantity is a whole number of nanos (10⁻⁹): what is finer is rounded up,
away from zero.
"""

import re
from functools import lru_cache
from typing import NamedTuple

from comb_compiler.policy.functions.values import Lacking

__all__ = ["Quantity", "parse_quantity"]

_NANOS = 10**9
_LARGEST = (2**63 - 1) * _NANOS
_FORM = re.compile(r"([+-]?)(\d*)(?:\.(\d*))?((?:[eEinumkKMGTP]*)(?:[+-]?\d*))", re.ASCII)
_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}
_MOST = 300
"""Digits, and powers of ten: nothing that is real has more."""
_FAST = 18
"""Digits that Kubernetes keeps as a machine's integer."""


class Quantity(NamedTuple):
    """An amount in nanos. `is_reduced` is False where Kubernetes does not see that it is a whole number."""

    nanos: int
    is_reduced: bool = True

    @property
    def is_whole(self) -> bool:
        """Whether it is a whole number that fits 64 bits."""
        return self.nanos % _NANOS == 0 and -(2**63) <= self.nanos // _NANOS < 2**63

    @property
    def whole(self) -> int:
        """The whole number."""
        return self.nanos // _NANOS


@lru_cache(maxsize=1024)
def parse_quantity(text: str) -> Quantity:
    """The quantity that a text writes. Raises ValueError where it writes none, Lacking beyond all bounds."""
    found = _FORM.fullmatch(text)
    if not text or found is None:
        raise ValueError("quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'")
    sign, whole, fraction, suffix = found[1], found[2].lstrip("0") or "0", found[3] or "", found[4]
    if len(whole) + len(fraction) > _MOST:
        raise Lacking(f"a quantity of more than {_MOST} digits")
    digits = int(whole + fraction)
    if suffix in _BINARY:
        nanos, is_fast = _binary(digits, len(fraction), _BINARY[suffix], len(whole))
    else:
        scale = _exponent(suffix) - len(fraction)
        nanos = _scaled(digits, scale + 9)
        is_fast = scale >= 0 and len(whole) + len(fraction) <= _FAST
    return Quantity(-nanos if sign == "-" else nanos, is_fast or nanos % _NANOS != 0)


def _binary(digits: int, places: int, power: int, length: int) -> tuple[int, bool]:
    nanos = min(-(-digits * 2**power * _NANOS // 10**places), _LARGEST)
    precision = 15 - length - power * 3 // 10 - 1
    return nanos, places == 0 and precision >= 0


def _exponent(suffix: str) -> int:
    if suffix in _DECIMAL:
        return _DECIMAL[suffix]
    if re.fullmatch(r"[eE][+-]?\d+", suffix, re.ASCII) is None:
        raise ValueError("unable to parse quantity's suffix")
    if len(suffix) > _MOST or abs(int(suffix[1:])) > _MOST:
        raise Lacking(f"a quantity with a power of ten beyond {_MOST}")
    return int(suffix[1:])


def _scaled(digits: int, scale: int) -> int:
    power: int = 10 ** abs(scale)
    return digits * power if scale >= 0 else -(-digits // power)
