"""Rules about a message as a whole."""

from collections.abc import Iterator, Sequence

from comb_compiler.protos.breaking.change import Finding
from comb_compiler.protos.breaking.features import json_format
from comb_compiler.protos.breaking.pairs import MessagePair
from comb_compiler.protos.breaking.reserved import MESSAGE_MAX, collapse, covers, freed, missing, reserve, show
from comb_compiler.protos.model import Cardinality, Field

__all__ = [
    "extension_range_no_delete",
    "field_no_delete",
    "field_no_delete_unless_name_reserved",
    "field_no_delete_unless_number_reserved",
    "no_remove_standard_descriptor_accessor",
    "oneof_no_delete",
    "reserved_no_delete",
    "same_json_format",
    "same_required_fields",
]


def field_no_delete(pair: MessagePair) -> Iterator[Finding]:
    """A field that is gone."""
    for field in _deleted(pair):
        yield _gone(pair, field, "is gone: code that uses it no longer fits", "keep the field until no code uses it")


def field_no_delete_unless_number_reserved(pair: MessagePair) -> Iterator[Finding]:
    """A number that is free again can be given to another field, whose bytes old peers take for the old one's."""
    reserved = collapse(pair.new.reserved_numbers)
    for field in _deleted(pair):
        if not covers(reserved, field.number):
            consequence = f"is gone and its number is free: a later field {field.number} would be misread by old peers"
            yield _gone(pair, field, consequence, _reserve(pair, field))


def field_no_delete_unless_name_reserved(pair: MessagePair) -> Iterator[Finding]:
    """The same for the name, by which JSON knows a field."""
    reserved = set(pair.new.reserved_names)
    for field in _deleted(pair):
        if field.name not in reserved:
            consequence = f"is gone and its name is free: a later `{field.name}` would be misread in old peers' JSON"
            yield _gone(pair, field, consequence, _reserve(pair, field))


def oneof_no_delete(pair: MessagePair) -> Iterator[Finding]:
    """A oneof that is gone."""
    for name in pair.old.oneofs:
        if name not in pair.new.oneofs:
            message = f"the oneof `{name}` of `{pair.new.name}` is gone: code that asks for it no longer fits"
            yield Finding(f"{pair.new.name}.{name}", message, "keep the oneof", pair.span)


def same_required_fields(pair: MessagePair) -> Iterator[Finding]:
    """A peer refuses a message without a field that it requires, and others do not know to send it."""
    old, new = _required(pair.old.fields), _required(pair.new.fields)
    for number in sorted(old.keys() - new.keys()):
        message = (
            f"`{pair.new.name}` no longer has the required field `{old[number].name}` ({number}): "
            "peers of the old schema refuse messages without it"
        )
        yield Finding(f"{pair.new.name}.{old[number].name}", message, "keep the field, and keep it required", pair.span)
    for number in sorted(new.keys() - old.keys()):
        message = (
            f"`{pair.new.name}` now requires the field `{new[number].name}` ({number}): "
            "messages from peers of the old schema are refused"
        )
        span = new[number].span or pair.span
        yield Finding(f"{pair.new.name}.{new[number].name}", message, "make it optional", span)


def reserved_no_delete(pair: MessagePair) -> Iterator[Finding]:
    """What is reserved once was in use; free again, it can be misread."""
    free = freed(pair.old, pair.new, pair.file, MESSAGE_MAX)
    if free:
        message = f"`{pair.new.name}` no longer reserves {free}: old peers misread a field that takes them"
        yield Finding(
            pair.new.name, message, f"keep them reserved, and give new fields other numbers: {free}", pair.span
        )


def extension_range_no_delete(pair: MessagePair) -> Iterator[Finding]:
    """Numbers that others may have taken for extensions."""
    gone = missing(pair.old.extension_ranges, pair.new.extension_ranges)
    if gone:
        listed = ", ".join(f"`{show(one, MESSAGE_MAX)}`" for one in gone)
        message = f"`{pair.new.name}` no longer leaves {listed} to extensions: those that others declared no longer fit"
        yield Finding(pair.new.name, message, f"keep `extensions` for {listed}", pair.span)


def same_json_format(pair: MessagePair) -> Iterator[Finding]:
    """A message that is no longer held to a sound JSON form."""
    old, new = json_format(pair.schemas.old, pair.old), json_format(pair.schemas.new, pair.new)
    if old == "ALLOW" and new != old:
        message = (
            f"the JSON of `{pair.new.name}` is no longer checked (`json_format` is `{new}`): peers may not read it"
        )
        yield Finding(pair.new.name, message, "keep `json_format = ALLOW`", pair.span)


def no_remove_standard_descriptor_accessor(pair: MessagePair) -> Iterator[Finding]:
    """A method that generated code no longer has."""
    name = "no_standard_descriptor_accessor"
    if pair.new.options.get(name) == "True" and pair.old.options.get(name) != "True":
        message = f"`{pair.new.name}` gave up `descriptor()`: code that calls it no longer fits"
        yield Finding(pair.new.name, message, f"leave `{name}` out", pair.span)


def _deleted(pair: MessagePair) -> Iterator[Field]:
    numbers = {field.number for field in pair.new.fields}
    return (field for field in pair.old.fields if field.number not in numbers)


def _reserve(pair: MessagePair, field: Field) -> str:
    return f"keep the field, or reserve its number and its name: {reserve(field.number, [field.name], pair.file)}"


def _gone(pair: MessagePair, field: Field, consequence: str, hint: str) -> Finding:
    message = f"the field `{field.name}` ({field.number}) of `{pair.new.name}` {consequence}"
    return Finding(f"{pair.new.name}.{field.name}", message, hint, pair.span)


def _required(fields: Sequence[Field]) -> dict[int, Field]:
    return {field.number: field for field in fields if field.cardinality is Cardinality.REQUIRED}
