"""Rules about enums and their values."""

from collections import defaultdict
from collections.abc import Iterator, Mapping

from comb_compiler.diagnostics import Span
from comb_compiler.protos.breaking.change import Finding
from comb_compiler.protos.breaking.features import json_format
from comb_compiler.protos.breaking.pairs import EnumPair
from comb_compiler.protos.breaking.reserved import ENUM_MAX, collapse, covers, freed, reserve
from comb_compiler.protos.model import Enum

__all__ = [
    "reserved_no_delete",
    "same_json_format",
    "same_type",
    "value_no_delete",
    "value_no_delete_unless_name_reserved",
    "value_no_delete_unless_number_reserved",
    "value_same_name",
]


def same_type(pair: EnumPair) -> Iterator[Finding]:
    """A closed enum takes no number that it does not declare, which generated code shows."""
    if pair.old.is_closed != pair.new.is_closed:
        old, new = ("closed", "open") if pair.old.is_closed else ("open", "closed")
        message = f"the enum `{pair.new.name}` was {old} and is now {new}: code treats unknown numbers in another way"
        yield Finding(pair.new.name, message, f"keep it {old}", pair.span)


def value_no_delete(pair: EnumPair) -> Iterator[Finding]:
    """A number without a name."""
    for number, names in _deleted(pair):
        hint = "keep the value until no code uses it"
        yield _gone(pair, number, names, "is gone: code that uses it no longer fits", hint)


def value_no_delete_unless_number_reserved(pair: EnumPair) -> Iterator[Finding]:
    """A number that is free again can be given another meaning."""
    reserved = collapse(pair.new.reserved_numbers)
    for number, names in _deleted(pair):
        if not covers(reserved, number):
            consequence = f"is gone and its number is free: a later value {number} would be misread by old peers"
            yield _gone(pair, number, names, consequence, _reserve(pair, number, names))


def value_no_delete_unless_name_reserved(pair: EnumPair) -> Iterator[Finding]:
    """The same for the names, by which JSON knows a value."""
    reserved = set(pair.new.reserved_names)
    for number, names in _deleted(pair):
        if not reserved.issuperset(names):
            consequence = "is gone and its name is free: used again, it would be misread in old peers' JSON"
            yield _gone(pair, number, names, consequence, _reserve(pair, number, names))


def value_same_name(pair: EnumPair) -> Iterator[Finding]:
    """A number's names in JSON and code; further ones may come."""
    new = _names(pair.new)
    for number, names in _names(pair.old).items():
        lost = [name for name in names if name not in new.get(number, names)]
        if lost:
            listed = " and ".join(f"`{name}`" for name in lost)
            message = (
                f"the value {number} of the enum `{pair.new.name}` is no longer named {listed}: "
                "JSON and code that use the old name no longer find it"
            )
            span = next(iter(new[number].values())) or pair.span
            hint = f"keep the name; `option allow_alias = true;` lets {number} have another beside it"
            yield Finding(f"{pair.new.name}.{next(iter(new[number]))}", message, hint, span)


def reserved_no_delete(pair: EnumPair) -> Iterator[Finding]:
    """What is reserved once was in use; free again, it can be misread."""
    free = freed(pair.old, pair.new, pair.file, ENUM_MAX)
    if free:
        message = f"the enum `{pair.new.name}` no longer reserves {free}: old peers misread a value that takes them"
        hint = f"keep them reserved, and give new values other numbers: {free}"
        yield Finding(pair.new.name, message, hint, pair.span)


def same_json_format(pair: EnumPair) -> Iterator[Finding]:
    """An enum that is no longer held to a sound JSON form."""
    old, new = json_format(pair.schemas.old, pair.old), json_format(pair.schemas.new, pair.new)
    if old == "ALLOW" and new != old:
        message = f"the JSON of the enum `{pair.new.name}` is no longer checked (`json_format` is `{new}`)"
        yield Finding(pair.new.name, message, "keep `json_format = ALLOW`", pair.span)


def _names(enum: Enum) -> Mapping[int, Mapping[str, Span | None]]:
    names: dict[int, dict[str, Span | None]] = defaultdict(dict)
    for value in enum.values:
        names[value.number][value.name] = value.span
    return names


def _deleted(pair: EnumPair) -> Iterator[tuple[int, list[str]]]:
    numbers = {value.number for value in pair.new.values}
    return ((number, list(names)) for number, names in _names(pair.old).items() if number not in numbers)


def _reserve(pair: EnumPair, number: int, names: list[str]) -> str:
    return f"keep the value, or reserve its number and its name: {reserve(number, names, pair.file)}"


def _gone(pair: EnumPair, number: int, names: list[str], consequence: str, hint: str) -> Finding:
    message = f"the value `{names[0]}` ({number}) of the enum `{pair.new.name}` {consequence}"
    return Finding(f"{pair.new.name}.{names[0]}", message, hint, pair.span)
