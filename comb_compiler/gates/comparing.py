"""Two messages of one type, and rules → where they differ.

What is compared is what the type knows: fields that it does not know are the business of who has a newer one.
"""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from google.protobuf.any_pb2 import Any as Packed
from google.protobuf.json_format import ParseDict, ParseError
from google.protobuf.message import DecodeError, Message
from google.protobuf.message_factory import GetMessageClass

from comb_compiler.gates.boxes import overlap, paired
from comb_compiler.gates.pairing import unpaired
from comb_compiler.gates.rules import ByCode, Ignore, Overlap, Rules, Unordered
from comb_compiler.gates.values import MESSAGES, is_map, is_same, json_of, shown

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
    where Protobuf tells them apart. NaN is the same as NaN. Raises Incomparable where a comparator has no answer.
    """
    return tuple(_Comparison(rules).messages(before, after, "", "", None))


def missed(expected: Mapping[str, Any], answer: Any, rules: Rules) -> tuple[Difference, ...]:
    """Where an answer is not what is expected of it, which is in Protobuf's JSON form.

    Of a message only the fields that are expected count; a list has to have exactly the expected items, and a map the
    expected keys. Raises ValueError where no message of the answer's type can be so, Incomparable as `differences`.
    """
    try:
        wanted = ParseDict(dict(expected), type(answer)(), descriptor_pool=answer.DESCRIPTOR.file.pool)
    except SystemError as error:
        raise ValueError("a name has half of a surrogate pair") from error
    except (ParseError, TypeError, AttributeError, RecursionError) as error:  # of hostile values: ParseDict gives them
        raise ValueError(str(error)) from error
    return tuple(_Comparison(rules).messages(wanted, answer, "", "", expected))


class _Comparison:
    def __init__(self, rules: Rules) -> None:
        self._rules = rules

    def messages(self, before: Any, after: Any, path: str, place: str, asked: Any) -> Iterator[Difference]:
        """`asked` is what of `before` counts, in JSON's form; None for all of it."""
        if before == after:  # not where one has fields that its type does not know, which do not count
            return
        if before.DESCRIPTOR.full_name.startswith(_WRAPPED):
            asked = None
        packed = _unpacked(before, after)
        if packed is not None:
            yield from self.messages(*packed, path, place, None)
            return
        for field in _fields_of(before, after):
            name = _name_of(field)
            inner, at = (f"{outer}.{name}" if outer else name for outer in (path, place))
            if isinstance(self._rules.get(inner), Ignore):
                continue
            if not isinstance(asked, Mapping):
                yield from self._field(field, before, after, inner, at, None)
            elif field.name in asked or field.json_name in asked or f"[{field.full_name}]" in asked:
                wanted = asked.get(field.name, asked.get(field.json_name))
                yield from self._field(field, before, after, inner, at, wanted)

    def _field(self, field: Any, before: Any, after: Any, path: str, place: str, asked: Any) -> Iterator[Difference]:
        one, other = _value(before, field), _value(after, field)
        rule = self._rules.get(path)
        if _presence(before, field) != _presence(after, field):
            if asked is None or field.type in MESSAGES or not is_same(None, field, one, other):
                there = ((side, value) for side, value in ((before, one), (after, other)))
                yield Difference(path, place, *(shown(field, v) if _presence(s, field) else None for s, v in there))
        elif isinstance(rule, ByCode):
            if not _is_equal(field, one, other) and not rule.is_same(field, before, after):
                yield Difference(path, place, *(_shown_whole(field, value) for value in (one, other)))
        elif is_map(field):
            yield from self._maps(field, one, other, path, place, asked)
        elif field.is_repeated:
            yield from self._lists(field, list(one), list(other), path, place, asked)
        else:
            yield from self._values(field, one, other, path, place, asked)

    def _maps(self, field: Any, before: Any, after: Any, path: str, place: str, asked: Any) -> Iterator[Difference]:
        value = field.message_type.fields_by_name["value"]
        for key in sorted(set(before) | set(after)):
            inner, at = f"{path}[]", f"{place}[{key}]"
            if key in before and key in after:
                wanted = asked.get(str(key).lower() if isinstance(key, bool) else str(key)) if asked else None
                yield from self._values(value, before[key], after[key], inner, at, wanted)
            elif not isinstance(self._rules.get(inner), Ignore):
                yield Difference(
                    inner, at, *(shown(value, side[key]) if key in side else None for side in (before, after))
                )

    def _lists(
        self, field: Any, before: Sequence[Any], after: Sequence[Any], path: str, place: str, asked: Any
    ) -> Iterator[Difference]:
        rule = self._rules.get(path)
        if isinstance(rule, Unordered):
            yield from self._alone(field, *self._unordered(field, before, after, path, asked), path, place)
        elif isinstance(rule, Overlap):
            yield from self._alone(field, *paired(before, after, rule.share), path, place)
        elif len(before) != len(after):
            yield Difference(path, place, *([shown(field, one) for one in side] for side in (before, after)))
        else:
            for index, (one, other) in enumerate(zip(before, after, strict=True)):
                yield from self._values(field, one, other, f"{path}[]", f"{place}[{index}]", _item(asked, index))

    def _unordered(
        self, field: Any, before: Sequence[Any], after: Sequence[Any], path: str, asked: Any
    ) -> tuple[list[Any], list[Any]]:
        def fits(one: int, other: int) -> bool:
            found = self._values(field, before[one], after[other], f"{path}[]", "", _item(asked, one))
            return next(found, None) is None

        return unpaired(before, after, _identity, fits)

    def _alone(
        self, field: Any, before: Sequence[Any], after: Sequence[Any], path: str, place: str
    ) -> Iterator[Difference]:
        """What of two lists has nothing on the other side."""
        if before or after:
            yield Difference(path, place, *([shown(field, one) for one in side] for side in (before, after)))

    def _values(self, field: Any, before: Any, after: Any, path: str, place: str, asked: Any) -> Iterator[Difference]:
        rule = self._rules.get(path)
        if isinstance(rule, Ignore):
            return
        if isinstance(rule, Overlap):
            same = overlap(before, after) >= rule.share
        elif field.type in MESSAGES:
            yield from self.messages(before, after, path, place, asked)
            return
        else:
            same = is_same(rule, field, before, after)
        if not same:
            yield Difference(path, place, shown(field, before), shown(field, after))


_WRAPPED = "google.protobuf."
"""Types whose JSON form has no fields by their names: Struct, Any, Timestamp and the like."""


def _fields_of(before: Any, after: Any) -> list[Any]:
    """The fields of a type, and the extensions that either message has."""
    set_there = (field for side in (before, after) for field, _ in side.ListFields())
    extensions = {field.number: field for field in set_there if field.is_extension}
    return [*before.DESCRIPTOR.fields, *(extensions[number] for number in sorted(extensions))]


def _name_of(field: Any) -> str:
    return f"({field.full_name})" if field.is_extension else field.name


def _value(message: Any, field: Any) -> Any:
    return message.Extensions[field] if field.is_extension else getattr(message, field.name)


def _presence(message: Any, field: Any) -> bool:
    """Whether a field is there; of one of which Protobuf does not tell, that it is."""
    if field.is_repeated or not field.has_presence:
        return True
    return bool(message.HasExtension(field) if field.is_extension else message.HasField(field.name))


def _unpacked(before: Any, after: Any) -> tuple[Message, Message] | None:
    """The messages in two of type Any, where both are of one type that is known: their bytes may differ for nothing."""
    if before.DESCRIPTOR.full_name != Packed.DESCRIPTOR.full_name or before.type_url != after.type_url:
        return None
    try:
        kind = GetMessageClass(before.DESCRIPTOR.file.pool.FindMessageTypeByName(before.type_url.rpartition("/")[2]))
        return kind.FromString(before.value), kind.FromString(after.value)
    except (KeyError, DecodeError):
        return None


def _item(asked: Any, index: int) -> Any:
    return asked[index] if isinstance(asked, list) and index < len(asked) else None


def _identity(item: Any) -> Hashable:
    if isinstance(item, Message):
        return item.SerializeToString(deterministic=True)
    return "NaN" if item != item else item


def _is_equal(field: Any, before: Any, after: Any) -> bool:
    return bool(before == after) if field.is_repeated or field.type in MESSAGES else is_same(None, field, before, after)


def _shown_whole(field: Any, value: Any) -> Any:
    if is_map(field):
        inner = field.message_type.fields_by_name["value"]
        return {str(key): shown(inner, one) for key, one in sorted(value.items())}
    return [shown(field, one) for one in value] if field.is_repeated else shown(field, value)
