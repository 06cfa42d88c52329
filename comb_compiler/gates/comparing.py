"""Two messages of one type, and rules → where they differ."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from math import isclose, isnan
from typing import Any, NamedTuple

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.json_format import Error, MessageToDict, ParseDict, ParseError

from comb_compiler.gates.boxes import overlap, paired
from comb_compiler.gates.rules import Edits, Ignore, Overlap, Rules, Tolerance, Unordered
from comb_compiler.gates.texts import edits

__all__ = ["Difference", "differences", "json_of", "missed"]


class Difference(NamedTuple):
    """Where two messages differ: the `field`, as `reasons[].code`, and the `place`, as `reasons[2].code`.

    The values are in Protobuf's JSON form; None for one that is not there.
    """

    field: str
    place: str
    before: Any
    after: Any


def differences(before: Any, after: Any, rules: Rules) -> tuple[Difference, ...]:
    """Where two messages of one type differ, in the order of their fields.

    Lists of different lengths differ as a whole. A field that is not there differs from one that has its default only
    where Protobuf tells them apart. NaN is the same as NaN.
    """
    return tuple(_Comparison(rules).messages(before, after, "", "", None))


def missed(expected: Mapping[str, Any], answer: Any, rules: Rules) -> tuple[Difference, ...]:
    """Where an answer is not what is expected of it, which is in Protobuf's JSON form.

    Of a message only the fields that are expected count; a list has to have exactly the expected items. Raises
    ValueError where no message of the answer's type can be so.
    """
    try:
        wanted = ParseDict(dict(expected), type(answer)())
    except ParseError as error:
        raise ValueError(str(error)) from error
    return tuple(_Comparison(rules).messages(wanted, answer, "", "", expected))


def json_of(message: Any) -> Any:
    """A message in Protobuf's JSON form; None where it has none: a time beyond all years, a Value that is NaN."""
    try:
        return MessageToDict(message, preserving_proto_field_name=True)
    except (Error, TypeError, ValueError):
        return None


class _Comparison:
    def __init__(self, rules: Rules) -> None:
        self._rules = rules

    def messages(self, before: Any, after: Any, path: str, place: str, asked: Any) -> Iterator[Difference]:
        """`asked` is what of `before` counts, in JSON's form; None for all of it."""
        if before == after:  # not where there is NaN, which is looked at
            return
        for field in before.DESCRIPTOR.fields:
            inner, at = (f"{outer}.{field.name}" if outer else field.name for outer in (path, place))
            if isinstance(self._rules.get(inner), Ignore):
                continue
            if not isinstance(asked, Mapping) or _WRAPPED in field.containing_type.full_name:
                yield from self._field(field, before, after, inner, at, None)
            elif field.name in asked or field.json_name in asked:
                wanted = asked.get(field.name, asked.get(field.json_name))
                yield from self._field(field, before, after, inner, at, wanted)

    def _field(self, field: Any, before: Any, after: Any, path: str, place: str, asked: Any) -> Iterator[Difference]:
        one, other = getattr(before, field.name), getattr(after, field.name)
        if _is_map(field):
            yield from self._maps(field, one, other, path, place)
        elif field.is_repeated:
            yield from self._lists(field, list(one), list(other), path, place, asked)
        elif field.has_presence and before.HasField(field.name) != after.HasField(field.name):
            if asked is None or field.type in _MESSAGES or not _is_same(None, one, other):
                yield Difference(path, place, _of(field, before), _of(field, after))
        elif not field.has_presence or before.HasField(field.name):
            yield from self._values(field, one, other, path, place, asked)

    def _maps(self, field: Any, before: Any, after: Any, path: str, place: str) -> Iterator[Difference]:
        value = field.message_type.fields_by_name["value"]
        for key in sorted(set(before) | set(after)):
            inner, at = f"{path}[]", f"{place}[{key}]"
            if key in before and key in after:
                yield from self._values(value, before[key], after[key], inner, at, None)
            elif not isinstance(self._rules.get(inner), Ignore):
                shown = (_shown(value, side[key]) if key in side else None for side in (before, after))
                yield Difference(inner, at, *shown)

    def _lists(
        self, field: Any, before: Sequence[Any], after: Sequence[Any], path: str, place: str, asked: Any
    ) -> Iterator[Difference]:
        rule = self._rules.get(path)
        if isinstance(rule, Unordered):
            yield from self._unordered(field, before, after, path, place, asked)
        elif isinstance(rule, Overlap):
            yield from self._alone(field, *paired(before, after, rule.share), path, place)
        elif len(before) != len(after):
            yield Difference(path, place, *([_shown(field, one) for one in side] for side in (before, after)))
        else:
            for index, (one, other) in enumerate(zip(before, after, strict=True)):
                yield from self._values(field, one, other, f"{path}[]", f"{place}[{index}]", _item(asked, index))

    def _unordered(
        self, field: Any, before: Sequence[Any], after: Sequence[Any], path: str, place: str, asked: Any
    ) -> Iterator[Difference]:
        left = list(after)
        alone = []
        for number, one in enumerate(before):
            same = (
                index
                for index, other in enumerate(left)
                if next(self._values(field, one, other, f"{path}[]", "", _item(asked, number)), None) is None
            )
            found = next(same, None)
            if found is None:
                alone.append(one)
            else:
                del left[found]
        yield from self._alone(field, alone, left, path, place)

    def _alone(
        self, field: Any, before: Sequence[Any], after: Sequence[Any], path: str, place: str
    ) -> Iterator[Difference]:
        """What of two lists has nothing on the other side."""
        if before or after:
            yield Difference(path, place, *([_shown(field, one) for one in side] for side in (before, after)))

    def _values(self, field: Any, before: Any, after: Any, path: str, place: str, asked: Any) -> Iterator[Difference]:
        rule = self._rules.get(path)
        if isinstance(rule, Ignore):
            return
        if isinstance(rule, Overlap):
            is_same = overlap(before, after) >= rule.share
        elif field.type in _MESSAGES:
            yield from self.messages(before, after, path, place, asked)
            return
        else:
            is_same = _is_same(rule, before, after)
        if not is_same:
            yield Difference(path, place, _shown(field, before), _shown(field, after))


def _item(asked: Any, index: int) -> Any:
    return asked[index] if isinstance(asked, list) and index < len(asked) else None


def _is_same(rule: object, before: Any, after: Any) -> bool:
    if isinstance(rule, Tolerance):
        return _is_close(float(before), float(after), rule)
    if isinstance(rule, Edits):
        most = int(rule.share * max(len(before), len(after)))
        return edits(before, after, most) <= most
    return bool(before == after) or (before != before and after != after)  # NaN


def _is_close(before: float, after: float, rule: Tolerance) -> bool:
    if isnan(before) or isnan(after):
        return isnan(before) and isnan(after)
    return isclose(before, after, rel_tol=rule.relative, abs_tol=rule.absolute)


def _is_map(field: Any) -> bool:
    return bool(field.type == FieldDescriptor.TYPE_MESSAGE and field.message_type.GetOptions().map_entry)


_MESSAGES = (FieldDescriptor.TYPE_MESSAGE, FieldDescriptor.TYPE_GROUP)


def _of(field: Any, message: Any) -> Any:
    return _shown(field, getattr(message, field.name)) if message.HasField(field.name) else None


def _enum(field: Any, value: Any) -> Any:
    known = field.enum_type.values_by_number.get(value)
    return value if known is None else known.name


def _bytes(_: Any, value: Any) -> str:
    return f"{len(value):,} bytes" if len(value) > _SHORT else value.hex(" ")


def _plain(_: Any, value: Any) -> Any:
    return value


def _message(_: Any, value: Any) -> Any:
    found = json_of(value)
    return str(value) if found is None else found


_SHORT = 16
_WRAPPED = "google.protobuf."
"""Types whose JSON form has no fields by their names: Struct, Any, Timestamp and the like."""
_SHOWN: dict[int, Callable[[Any, Any], Any]] = {
    FieldDescriptor.TYPE_MESSAGE: _message,
    FieldDescriptor.TYPE_GROUP: _message,
    FieldDescriptor.TYPE_ENUM: _enum,
    FieldDescriptor.TYPE_BYTES: _bytes,
}


def _shown(field: Any, value: Any) -> Any:
    """A value of a field, as people read it; bytes as how many there are."""
    return _SHOWN.get(field.type, _plain)(field, value)
