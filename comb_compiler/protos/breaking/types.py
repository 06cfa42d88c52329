"""Rules about the type of a field. Those of a map's keys and values are found at the fields of its entry."""

from collections.abc import Iterator

from comb_compiler.protos.breaking.change import Finding
from comb_compiler.protos.breaking.pairs import FieldPair
from comb_compiler.protos.model import Enum, Field, Schema

__all__ = ["same_type", "wire_compatible_type", "wire_json_compatible_type"]

_WIRE_GROUPS = (
    frozenset({"int32", "int64", "uint32", "uint64", "bool"}),
    frozenset({"sint32", "sint64"}),
    frozenset({"fixed32", "sfixed32"}),
    frozenset({"fixed64", "sfixed64"}),
)
_WIRE_JSON_GROUPS = (
    frozenset({"int32", "uint32"}),
    frozenset({"int64", "uint64"}),
    frozenset({"fixed32", "sfixed32"}),
    frozenset({"fixed64", "sfixed64"}),
)
_KEEP = "keep the type, or add a field under a number of its own"
_NOT_UTF8 = "text is read as bytes, but bytes need not be text: keep `bytes`, or add a field under a number of its own"


def same_type(pair: FieldPair) -> Iterator[Finding]:
    """Another kind or, of messages and enums, another name is another type of the generated code."""
    if pair.old.kind != pair.new.kind or (pair.old.type != pair.new.type and not pair.are_maps):
        yield _changed(pair, "code that uses it no longer fits")


def wire_compatible_type(pair: FieldPair) -> Iterator[Finding]:
    """A type whose bytes the old type's reader takes for another value.

    A message of another name is another type, however alike; an enum of the same short name that has all the old values
    is the same.
    """
    old, new = pair.old.kind, pair.new.kind
    if (old, new) == ("string", "bytes"):
        return
    if not _alike(old, new, _WIRE_GROUPS) or not _same_name(pair):
        yield _changed(pair, "peers that know the old type misread it", (old, new) == ("bytes", "string"))


def wire_json_compatible_type(pair: FieldPair) -> Iterator[Finding]:
    """The same for a type that is also written otherwise in JSON."""
    if not _alike(pair.old.kind, pair.new.kind, _WIRE_JSON_GROUPS) or not _same_name(pair):
        yield _changed(pair, "peers that know the old type misread it or its JSON")


def _alike(old: str, new: str, groups: tuple[frozenset[str], ...]) -> bool:
    return old == new or any(old in group and new in group for group in groups)


def _same_name(pair: FieldPair) -> bool:
    if pair.old.type == pair.new.type or pair.are_maps:
        return True
    if pair.new.kind == "enum":
        return _takes_over(pair.schemas.old.enums[pair.old.type], pair.schemas.new.enums[pair.new.type])
    return False


def _takes_over(old: Enum, new: Enum) -> bool:
    values = {value.name: value.number for value in new.values}
    same_name = old.name.rpartition(".")[2] == new.name.rpartition(".")[2]
    return same_name and all(values.get(value.name) == value.number for value in old.values)


def _changed(pair: FieldPair, consequence: str, is_text: bool = False) -> Finding:
    old, new = _show(pair.schemas.old, pair.old), _show(pair.schemas.new, pair.new)
    message = f"{pair.what} changed its type from {old} to {new}: {consequence}"
    return Finding(pair.element, message, _NOT_UTF8 if is_text else _KEEP, pair.type_span)


def _show(schema: Schema, field: Field) -> str:
    target = schema.messages.get(field.type)
    if target is not None and target.is_map_entry:
        key, value = target.fields
        return f"`map<{key.kind}, {value.type or value.kind}>`"
    return f"`{field.type or field.kind}`" + (" (delimited)" if field.kind == "group" else "")
