"""How two values of a field are compared. What has no rule has to be the same."""

from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

from google.protobuf.descriptor import FieldDescriptor

from comb_compiler.gates.asking import Unreadable
from comb_compiler.gates.boxes import is_box

__all__ = [
    "ByCode", "Comparator", "Edits", "Ignore", "Incomparable", "Overlap", "Rule", "Rules", "Tolerance", "Unordered",
    "resolved",
]  # fmt: skip


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


class Incomparable(Unreadable):
    """A comparator has no answer; the message says why."""


class Comparator(Protocol):
    """A function of a user's, which runs elsewhere."""

    def is_same(self, field: Any, before: Any, after: Any) -> bool:
        """Whether a field (its descriptor) is the same in two messages that have it. Raises Incomparable."""
        ...


class ByCode(NamedTuple):
    """A comparator says. Of a list or a map it is given the whole; of what is the same it is not asked."""

    comparator: Comparator

    def is_same(self, field: Any, before: Any, after: Any) -> bool:
        """What it says."""
        return self.comparator.is_same(field, before, after)


Rule = Ignore | Tolerance | Unordered | Overlap | Edits | ByCode

Rules = Mapping[str, Rule]
"""Rules by path, as `reasons[].code`: `[]` for any item of a list, or any value of a map."""


def resolved(named: Mapping[str, Rule], answer: Any) -> Rules:
    """Rules by paths as comb.yaml has them, `lines.score`, for the message type `answer` (a descriptor).

    A rule for the items of a list is one for the list's path with `[]`. Raises ValueError where a path leads to no
    field of the type, or `overlap` is asked of what are no boxes.
    """
    return dict(_resolved(path, rule, answer) for path, rule in named.items())


def _resolved(path: str, rule: Rule, answer: Any) -> tuple[str, Rule]:
    owner, found, field = answer, "", None
    for name in path.split("."):
        field = None if owner is None else owner.fields_by_name.get(name)
        if field is None:
            raise ValueError(f"`{path}` is no field of {answer.full_name}")
        found += f".{name}[]" if field.is_repeated else f".{name}"
        owner = _value_type(field)
    if isinstance(rule, Overlap) and (owner is None or not is_box(owner)):
        raise ValueError(f"`{path}` has no boxes: see `comb explain bad-comparison`")
    is_of_list = field is not None and field.is_repeated and isinstance(rule, Unordered | Overlap | Ignore | ByCode)
    return (found[1:-2] if is_of_list else found[1:]), rule


def _value_type(field: Any) -> Any:
    """The type of a field's values, of a list's items or a map's values; None for what has no fields."""
    found = field.message_type if field.type in (FieldDescriptor.TYPE_MESSAGE, FieldDescriptor.TYPE_GROUP) else None
    if found is not None and found.GetOptions().map_entry:
        return _value_type(found.fields_by_name["value"])
    return found
