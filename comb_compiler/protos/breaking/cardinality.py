"""Rules about how often a field's value is there."""

from collections.abc import Iterator

from comb_compiler.protos.breaking.change import Finding
from comb_compiler.protos.breaking.pairs import FieldPair
from comb_compiler.protos.model import Cardinality, Field, Schema

__all__ = ["same_cardinality", "wire_compatible_cardinality", "wire_json_compatible_cardinality"]

_EXPLICIT = "optional"
_IMPLICIT = "optional without presence"
_MAP = "a map"
_KEEP = "keep it as it was, or add a field under a number of its own"


def same_cardinality(pair: FieldPair) -> Iterator[Finding]:
    """Any other cardinality is another accessor in generated code."""
    old, new = _of_pair(pair)
    if old != new:
        yield _changed(pair, old, new, "code that uses it no longer fits")


def wire_compatible_cardinality(pair: FieldPair) -> Iterator[Finding]:
    """One value, a value that must be there, and many values are different things on the wire."""
    old, new = _of_pair(pair)
    group = {_IMPLICIT: _EXPLICIT, _MAP: "repeated"}
    if group.get(old, old) != group.get(new, new):
        yield _changed(pair, old, new, "peers that know the old one lose values or refuse the message")


def wire_json_compatible_cardinality(pair: FieldPair) -> Iterator[Finding]:
    """The same, and in JSON a map is an object and a repeated field an array."""
    old, new = _of_pair(pair)
    group = {_IMPLICIT: _EXPLICIT}
    if group.get(old, old) != group.get(new, new):
        yield _changed(pair, old, new, "peers that know the old one lose values, refuse the message or its JSON")


def _of_pair(pair: FieldPair) -> tuple[str, str]:
    if pair.is_map_entry:  # generated, whatever presence it seems to inherit
        return "", ""
    return _of(pair.schemas.old, pair.old), _of(pair.schemas.new, pair.new)


def _of(schema: Schema, field: Field) -> str:
    if field.cardinality is not Cardinality.SINGULAR:
        target = schema.messages.get(field.type)
        return _MAP if target is not None and target.is_map_entry else field.cardinality.value
    return _EXPLICIT if field.presence else _IMPLICIT


def _changed(pair: FieldPair, old: str, new: str, consequence: str) -> Finding:
    return Finding(pair.element, f"{pair.what} was {old} and is now {new}: {consequence}", _KEEP, pair.span)
