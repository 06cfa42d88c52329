"""How two values of a field are compared. What has no rule has to be the same."""

from collections.abc import Mapping
from typing import NamedTuple

__all__ = ["Edits", "Ignore", "Overlap", "Rule", "Rules", "Tolerance", "Unordered"]


class Ignore(NamedTuple):
    """It does not count."""


class Tolerance(NamedTuple):
    """Numbers may differ by `absolute`, or by the share `relative` of the larger one, whichever is more."""

    absolute: float = 0.0
    relative: float = 0.0


class Unordered(NamedTuple):
    """A list is compared as a multiset: its items may stand in any order."""


class Overlap(NamedTuple):
    """Boxes have to overlap by at least this share of what they cover together (intersection over union).

    Of a list each box is compared with the one that it overlaps most, whatever their order.
    """

    share: float


class Edits(NamedTuple):
    """A text may differ by this share of the longer one's characters: inserted, removed or replaced."""

    share: float


Rule = Ignore | Tolerance | Unordered | Overlap | Edits

Rules = Mapping[str, Rule]
"""Rules by path, as `reasons[].code`: `[]` for any item of a list, or any value of a map."""
